//! `muster teardown`.

mod confirmation;
mod shown;

use super::Failure;
use crate::output::Output;
use crate::target::{Target, TargetArguments};
use crate::teardown::{self, Terms, Widened};
use clap::Args;
use muster_cloud::operator::ThingAnnouncements;
use shown::Shown;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

/// How long a function that makes something for a device may run, and a little more.
const SETTLE: Duration = Duration::from_secs(65);

/// Remove all that a stack has made, devices' things, policies and certificates included, and the stack
///
/// What is not Muster's stays and is listed. Broken off, it goes on when it is run again. The exit status is 1 if something
/// is left.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: TargetArguments,
    /// Change nothing, and list what would go, in the order in which it would
    #[arg(long)]
    dry_run: bool,
    /// The stack's name, so as not to be asked for it
    #[arg(long, value_name = "NAME", conflicts_with = "dry_run")]
    yes: Option<String>,
    /// Remove adopted devices' things and certificates as well, which were there before Muster
    #[arg(long)]
    adopted: bool,
    /// Remove as well what has Muster's mark, one of the stack's policies or, of certificates, neither thing nor policy, and
    /// that the ledger does not know; only in an account that is this stack's alone
    #[arg(long)]
    strays: bool,
    /// After how many days KMS deletes the keys; until then that can be called off
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(i32).range(7..=30))]
    key_window: i32,
}

/// Runs the command.
pub async fn run(arguments: &Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let (cloud, name) = Target::name(&arguments.target).await?;
    let terms = Terms {
        widened: Widened {
            adopted: arguments.adopted,
            strays: arguments.strays,
        },
        key_days: arguments.key_window,
        settle: SETTLE,
    };
    let mut world = teardown::find(&cloud, &name, terms).await?;
    output.progress("looking up what there is");
    let plan = teardown::plan(&world).await?;
    let announced = ThingAnnouncements::new(&cloud).are_on().await?;
    let days = arguments.key_window;
    if arguments.dry_run {
        let shown = Shown::planned(&plan, announced, days);
        output.result(&shown, &shown);
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(said) = &arguments.yes {
        confirmation::check(said, &plan.place)?;
    } else {
        let shown = Shown::planned(&plan, announced, days);
        confirmation::ask(
            &shown,
            &plan.place,
            &mut io::stdin().lock(),
            &mut io::stderr(),
        )?;
    }
    let done = teardown::take_down(&mut world, &plan, &|line| output.progress(line)).await?;
    let shown = Shown::done(&done, announced, days);
    output.result(&shown, &shown);
    Ok(if done.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
