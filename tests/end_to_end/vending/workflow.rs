//! The workflow harness: whatever task fails, is done twice, or is the last before the execution is gone, the device that
//! asks again with the same token and key gets its certificate, the same one where there was one, and nothing is left over.

mod lab;
mod late;
mod overtaken;
mod scenario;

use crate::workflow::in_parallel;
use lab::Lab;
use scenario::{Alteration, Scenario, Variant};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The two that leave the most behind; the test below has all.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_task_fails_is_repeated_or_is_the_last_the_device_gets_its_one_certificate() {
    altered(&[Alteration::FailingAfter, Alteration::CrashingAfter]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "some 300 runs, six minutes: cargo test -p end-to-end --test end_to_end -- --ignored vending::workflow"]
async fn each_task_fails_before_and_after_is_repeated_and_is_the_last() {
    altered(&Alteration::ALL).await;
}

async fn altered(alterations: &[Alteration]) {
    let lab = Arc::new(Lab::open().await);
    let plain = Scenario::ALL.map(|scenario| Variant {
        scenario,
        altered: None,
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

    let variants = ways.iter().flat_map(|(plain, way)| {
        let own: BTreeSet<_> = way.iter().cloned().collect();
        own.into_iter().flat_map(|state| {
            let variant = |alteration| Variant {
                altered: Some((alteration, state.clone())),
                ..plain.clone()
            };
            alterations
                .iter()
                .map(|alteration| variant(*alteration))
                .collect::<Vec<_>>()
        })
    });
    let outcomes = in_parallel(variants.collect::<Vec<_>>(), {
        let lab = Arc::clone(&lab);
        move |variant| {
            let lab = Arc::clone(&lab);
            async move { Box::pin(lab.try_out(&variant)).await }
        }
    })
    .await;
    let ran = outcomes.len();
    let mut wrong: Vec<_> = outcomes
        .into_iter()
        .flat_map(|(variant, wrong)| {
            wrong
                .into_iter()
                .map(move |what| format!("{}: {what}", variant.name()))
        })
        .collect();
    wrong.extend(lab.orphans().await);
    assert!(
        wrong.is_empty(),
        "{} of {ran} runs and what they left:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
