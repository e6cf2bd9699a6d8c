//! The workflow harness: whatever task fails or is done twice, no half-made identity is left behind.
//!
//! The task states come from the deployed definition, and each scenario says by its own history which of them are on
//! its way. So a new state is covered by itself, or it is named here as one that nothing leads to.

mod definition;
mod lab;
mod slate;
mod variant;

use lab::Lab;
use muster_documents::Mode;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use variant::{Alteration, End, Scenario, Variant};

pub use definition::{Definition, INJECTED};
pub use slate::verify_clean_slate;

/// How many runs are under way at once.
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_task_fails_or_is_repeated_nothing_half_made_is_left() {
    let lab = Arc::new(Lab::open().await);
    let plain = [Mode::Chunked, Mode::Legacy].into_iter().flat_map(|mode| {
        Scenario::ALL.map(|scenario| Variant {
            mode,
            scenario,
            altered: None,
        })
    });
    let ways = in_parallel(plain, {
        let lab = Arc::clone(&lab);
        move |variant| {
            let lab = Arc::clone(&lab);
            async move { lab.way(&variant).await }
        }
    })
    .await;

    let reached: BTreeSet<_> = ways.iter().flat_map(|(_, way)| way).collect();
    let unreached: Vec<_> = lab
        .deployed
        .tasks()
        .into_iter()
        .filter(|task| !reached.contains(task))
        .collect();
    assert!(unreached.is_empty(), "no scenario leads to {unreached:?}");

    let variants: Vec<_> = ways
        .iter()
        .flat_map(|(plain, way)| altered(&lab, plain, way, &ways))
        .collect();
    let left: Vec<_> = variants
        .iter()
        .filter(|(one, way)| one.end(way) == End::Left)
        .map(|(one, _)| one.name())
        .collect();
    let ran = variants.len();
    let outcomes = in_parallel(variants, {
        let lab = Arc::clone(&lab);
        move |(variant, way)| {
            let lab = Arc::clone(&lab);
            async move { Box::pin(lab.try_out(&variant, &way)).await }
        }
    })
    .await;
    let mut wrong: Vec<_> = outcomes
        .into_iter()
        .flat_map(|((variant, _), wrong)| {
            wrong
                .into_iter()
                .map(move |what| format!("{}: {what}", variant.name()))
        })
        .collect();
    wrong.extend(verify_clean_slate(&lab.stack, &left).await);
    assert!(
        wrong.is_empty(),
        "{} of {ran} runs and what they left:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// The ways in which a scenario's own states can go wrong: all in the first scenario, and in the others those that
/// the first does not come to.
fn altered(
    lab: &Lab,
    plain: &Variant,
    way: &[String],
    ways: &[(Variant, Vec<String>)],
) -> Vec<(Variant, Vec<String>)> {
    let first = ways
        .iter()
        .find(|(one, _)| one.mode == plain.mode && one.scenario == Scenario::First)
        .unwrap();
    let covered = |state: &String| plain.scenario != Scenario::First && first.1.contains(state);
    let tasks = lab.deployed.tasks();
    let own: BTreeSet<_> = way
        .iter()
        .filter(|state| tasks.contains(state) && !covered(state))
        .collect();
    own.into_iter()
        .flat_map(|state| {
            [
                Alteration::FailingBefore,
                Alteration::FailingAfter,
                Alteration::Repeated,
            ]
            .map(|alteration| {
                (
                    Variant {
                        altered: Some((alteration, state.clone())),
                        ..plain.clone()
                    },
                    way.to_vec(),
                )
            })
        })
        .collect()
}

/// Runs `one` for each, some at once; each with what came of it.
pub async fn in_parallel<T, R, F>(
    each: impl IntoIterator<Item = T>,
    one: impl Fn(T) -> F,
) -> Vec<(T, R)>
where
    T: Clone + Send + 'static,
    R: Send + 'static,
    F: Future<Output = R> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for item in each {
        let (room, run) = (Arc::clone(&room), one(item.clone()));
        running.spawn(async move {
            let _place = room.acquire().await;
            (item, run.await)
        });
    }
    running.join_all().await
}
