//! `muster teardown`: takes away all that a stack has made, and the stack. First what starts new work is shut, then what
//! devices come in by, then the devices go, then what they share, then the stack, and last what the template leaves behind:
//! the ledger says which devices there were, so that it goes after them, and a teardown that was broken off goes on when it
//! is run again.

mod belongings;
mod check;
mod deletion;
mod kind;
mod removal;
mod report;
mod run;
mod survey;
mod world;

pub use belongings::Widened;
pub use check::Refusal;
pub use kind::{Kind, Stage};
pub use report::{Kept, Left, Piece, Place, Report};
pub use run::Say;
pub use world::{Terms, World};

use muster_cloud::Cloud;
use muster_cloud::operator::Stacks;
use muster_onboarding::CloudFailure;

/// Finds the stack, and whether it may be taken down.
pub async fn find(cloud: &Cloud, name: &str, terms: Terms) -> Result<World, Refusal> {
    let found = Stacks::new(cloud).find(name).await?;
    let stack = found.ok_or_else(|| Refusal::NoStack(name.to_owned()))?;
    check::check(&stack)?;
    let world = World::new(cloud, stack, terms);
    world.check_fleets().await?;
    Ok(world)
}

/// What would go, and what would stay. Changes nothing.
pub async fn plan(world: &World) -> Result<Report, CloudFailure> {
    let survey = survey::survey(world).await?;
    let mut report = Report::new(place(world, survey.devices));
    survey
        .pieces
        .values()
        .flatten()
        .for_each(|piece| report.note(piece));
    survey.kept.iter().for_each(|kept| report.keep(kept));
    Ok(report)
}

/// Takes it away; `planned` is what it was planned to be.
pub async fn take_down(
    world: &mut World,
    planned: &Report,
    say: Say<'_>,
) -> Result<Report, CloudFailure> {
    let report = Report::new(planned.place.clone());
    let mut done = world.run(report, say).await?;
    done.place.status.clone_from(&world.stack.status);
    Ok(done)
}

fn place(world: &World, devices: usize) -> Place {
    let stack = &world.stack;
    Place {
        account: stack.account().to_owned(),
        region: stack.region().to_owned(),
        stack: stack.name.clone(),
        status: stack.status.clone(),
        devices,
    }
}
