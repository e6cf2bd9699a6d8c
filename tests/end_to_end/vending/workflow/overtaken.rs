//! Two executions of one token and one key at once, as a device causes that gives up waiting and asks again: wherever the one
//! is when the other overtakes it, the device has one certificate, and the token gives no other key any.

use super::lab::{Ended, Lab};
use super::scenario::{Scenario, Variant};
use crate::workflow::in_parallel;
use muster_documents::RefusalCode;
use muster_pki::DeviceKey;
use std::sync::Arc;
use std::time::Duration;

/// After how long the second one begins, and for how long each of them pauses.
const BEGINS_AFTER: Duration = Duration::from_millis(500);
const FIRST_PAUSES: u64 = 4;
const SECOND_PAUSES: u64 = 1;

/// Where the first one pauses; and whether the second one burns the token first, and then pauses as well.
#[derive(Debug, Clone)]
struct Pace {
    scenario: Scenario,
    first_after: &'static str,
    second_after: Option<&'static str>,
}

/// The task states of a device's first certificate, and those of another one.
const WAYS: [(Scenario, [&str; 6]); 2] = [
    (
        Scenario::First,
        [
            "BurnToken",
            "ReserveDevice",
            "IssueCertificate",
            "NoteToken",
            "RegisterIdentity",
            "RecordProvisioned",
        ],
    ),
    (
        Scenario::Reissue,
        [
            "BurnToken",
            "ReserveReissue",
            "IssueCertificate",
            "NoteToken",
            "NoteCertificate",
            "RecordNext",
        ],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn whoever_overtakes_whom_there_is_one_certificate_and_another_key_gets_none() {
    let lab = Arc::new(Lab::open().await);
    let paces = WAYS.into_iter().flat_map(|(scenario, states)| {
        states.into_iter().flat_map(move |first_after| {
            [None, Some("BurnToken")].map(|second_after| Pace {
                scenario,
                first_after,
                second_after,
            })
        })
    });
    let outcomes = in_parallel(paces.collect::<Vec<_>>(), {
        let lab = Arc::clone(&lab);
        move |pace| {
            let lab = Arc::clone(&lab);
            async move { Box::pin(overtake(&lab, &pace)).await }
        }
    })
    .await;
    let mut wrong: Vec<_> = outcomes
        .into_iter()
        .flat_map(|(pace, wrong)| {
            wrong
                .into_iter()
                .map(move |what| format!("{pace:?}: {what}"))
        })
        .collect();
    wrong.extend(lab.orphans().await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with how they ended, in sentences.
async fn overtake(lab: &Lab, pace: &Pace) -> Vec<String> {
    let second_after = pace.second_after.unwrap_or("nothing");
    let name = format!("{:?}-{}-{second_after}", pace.scenario, pace.first_after);
    let variant = Variant {
        scenario: pace.scenario,
        altered: None,
    };
    let mut asking = lab.prepared_as(&variant, &name).await;
    let paused = |state, seconds| lab.deployed.clone().pausing_after(state, seconds);
    let first = paused(pace.first_after, FIRST_PAUSES);
    let second = match pace.second_after {
        Some(state) => paused(state, SECOND_PAUSES),
        None => lab.deployed.clone(),
    };
    let (first_name, second_name) = (format!("{name}-1"), format!("{name}-2"));
    let overtaking = async {
        tokio::time::sleep(BEGINS_AFTER).await;
        lab.run(&second_name, &second, &asking).await
    };
    let (one, other) = tokio::join!(lab.run(&first_name, &first, &asking), overtaking);
    let mut wrong = Vec::new();
    for ended in [&one, &other] {
        let in_progress = Some((RefusalCode::ProvisioningInProgress, true));
        if ended.certificate_id().is_none() && ended.refusal() != in_progress {
            wrong.push(format!("it ends otherwise: {ended:?}"));
        }
    }
    let again = lab.run(&format!("{name}-3"), &lab.deployed, &asking).await;
    let Some(id) = again.certificate_id() else {
        wrong.push(format!("asked again it gives nothing: {again:?}"));
        return wrong;
    };
    for given in [&one, &other].into_iter().filter_map(Ended::certificate_id) {
        if given != id {
            wrong.push(format!("it gives {given}, and then {id}"));
        }
    }
    asking.key = DeviceKey::generate().unwrap();
    let strange = lab.run(&format!("{name}-4"), &lab.deployed, &asking).await;
    if strange.refusal() != Some((RefusalCode::TokenSpent, false)) {
        wrong.push(format!("another key is not refused: {strange:?}"));
    }
    wrong
}
