//! Two executions of one token at once, as a device causes that gives up waiting and asks again: wherever the one is when
//! the other overtakes it, the device has one certificate, its key gets that again, and the token gives no other key any.

use super::lab::{Asking, Ended, Lab};
use super::scenario::{Scenario, Variant};
use crate::workflow::in_parallel;
use muster_documents::RefusalCode;
use muster_onboarding::tokens::Opens;
use std::sync::Arc;
use std::time::Duration;

/// After how long the second one begins, and for how long each of them pauses.
const BEGINS_AFTER: Duration = Duration::from_millis(500);
const FIRST_PAUSES: u64 = 4;
const SECOND_PAUSES: u64 = 1;

/// Where the first one pauses, and how the second one fares.
#[derive(Debug, Clone)]
struct Pace {
    scenario: Scenario,
    first_after: &'static str,
    second: Second,
}

/// What the second one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Second {
    Follows,
    /// It burns the token, and then pauses as well.
    Pauses,
    /// It burns the token, and then fails, so that it returns the token.
    Fails,
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
        let pace = move |first_after, second| Pace {
            scenario,
            first_after,
            second,
        };
        states
            .into_iter()
            .flat_map(move |after| [pace(after, Second::Follows), pace(after, Second::Pauses)])
            .chain([pace("BurnToken", Second::Fails)])
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
    let name = format!("{:?}-{}-{:?}", pace.scenario, pace.first_after, pace.second);
    let asking = lab.prepared_as(&variant(pace.scenario), &name).await;
    let deployed = || lab.deployed.clone();
    let first = deployed().pausing_after(pace.first_after, FIRST_PAUSES);
    let second = match pace.second {
        Second::Follows => deployed(),
        Second::Pauses => deployed().pausing_after("BurnToken", SECOND_PAUSES),
        Second::Fails => deployed().failing_before("ReserveDevice"),
    };
    let (first_name, second_name) = (format!("{name}-1"), format!("{name}-2"));
    let overtaking = async {
        tokio::time::sleep(BEGINS_AFTER).await;
        lab.run(&second_name, &second, &asking).await
    };
    let (one, other) = tokio::join!(lab.run(&first_name, &first, &asking), overtaking);
    let mut wrong = Vec::new();
    for (ended, fails) in [(&one, false), (&other, pace.second == Second::Fails)] {
        let in_progress = Some((RefusalCode::ProvisioningInProgress, true));
        if ended.certificate_id().is_none() && ended.refusal() != in_progress && !fails {
            wrong.push(format!("it ends otherwise: {ended:?}"));
        }
    }
    let strange = asking.with_another_key();
    let given: Vec<_> = [&one, &other]
        .into_iter()
        .filter_map(Ended::certificate_id)
        .collect();
    // Also where the failure of one has given the token free, which the other was using; and for whom none has a key.
    if !given.is_empty() {
        wrong.extend(not_spent(lab, &format!("{name}-3"), &strange).await);
        let keyless = strange.without_a_key();
        wrong.extend(not_spent(lab, &format!("{name}-4"), &keyless).await);
    }
    let again = lab.run(&format!("{name}-5"), &lab.deployed, &asking).await;
    let Some(id) = again.certificate_id() else {
        wrong.push(format!("asked again it gives nothing: {again:?}"));
        return wrong;
    };
    for given in given {
        if given != id {
            wrong.push(format!("it gives {given}, and then {id}"));
        }
    }
    wrong.extend(not_spent(lab, &format!("{name}-6"), &strange).await);
    wrong
}

/// What is wrong if the token gives this device something.
async fn not_spent(lab: &Lab, name: &str, strange: &Asking) -> Option<String> {
    let ended = lab.run(name, &lab.deployed, strange).await;
    (ended.refusal() != Some((RefusalCode::TokenSpent, false)))
        .then(|| format!("another key is not refused: {ended:?}"))
}

fn variant(scenario: Scenario) -> Variant {
    Variant {
        scenario,
        altered: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_another_key_gives_back_at_this_moment_is_not_called_spent() {
    let lab = Lab::open().await;
    let asking = lab
        .prepared_as(&variant(Scenario::First), "given-back")
        .await;
    let strange = asking.with_another_key();
    let first = lab
        .deployed
        .clone()
        .pausing_after("BurnToken", SECOND_PAUSES)
        .failing_before("ReserveDevice");
    let second = lab
        .deployed
        .clone()
        .pausing_before("ReadToken", "BurnToken", FIRST_PAUSES);
    let overtaking = async {
        tokio::time::sleep(BEGINS_AFTER).await;
        lab.run("given-back-2", &second, &asking).await
    };

    let (_, refused) = tokio::join!(lab.run("given-back-1", &first, &strange), overtaking);

    let in_progress = Some((RefusalCode::ProvisioningInProgress, true));
    assert_eq!(refused.refusal(), in_progress, "{refused:?}");
    let again = lab.run("given-back-3", &lab.deployed, &asking).await;
    assert!(again.certificate_id().is_some(), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_free_again_after_a_failure_even_where_an_execution_that_is_gone_has_the_device()
{
    let lab = Lab::open().await;
    let asking = lab
        .prepared_as(&variant(Scenario::Gone), "gone-before")
        .await;
    let failing = lab.deployed.clone().failing_before("ReserveDevice");
    let failed = lab.run("gone-before-1", &failing, &asking).await;
    assert_eq!(failed.certificate_id(), None, "{failed:?}");
    lab.a_minute_passes(&asking.serial).await;

    let other = asking.with_another_key();
    let given = lab.run("gone-before-2", &lab.deployed, &other).await;

    assert!(given.certificate_id().is_some(), "{given:?}");
    let wrong = not_spent(&lab, "gone-before-3", &asking).await;
    assert_eq!(wrong, None);
    assert_eq!(lab.orphans().await, Vec::<String>::new());
}

/// A device with a certificate in force, one beside it that `Asking` has from an older token and never used, and another
/// token.
async fn with_an_unused_certificate(lab: &Lab, serial: &str) -> (Asking, String) {
    let asking = lab.prepared_as(&variant(Scenario::Spent), serial).await;
    lab.desk.token(serial, Opens::Certificate).await;
    let unused = lab
        .run(&format!("{serial}-0"), &lab.deployed, &asking)
        .await;
    lab.desk.token(serial, Opens::Certificate).await;
    (asking, unused.certificate_id().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looked_before_another_was_given_its_older_certificate_gets_none() {
    let lab = Lab::open().await;
    let (asking, unused) = with_an_unused_certificate(&lab, "looked").await;
    let strange = asking.with_another_key();
    let deployed = || lab.deployed.clone();
    let first = deployed().pausing_after("BurnToken", FIRST_PAUSES);
    let giving_back = deployed().failing_after("BurnToken");
    let looking = deployed().pausing_after("ReadDevice", 2 * FIRST_PAUSES);
    let others = async {
        tokio::time::sleep(BEGINS_AFTER).await;
        lab.run("looked-2", &giving_back, &asking).await;
        lab.run("looked-3", &looking, &strange).await
    };

    let (given, refused) = tokio::join!(lab.run("looked-1", &first, &asking), others);

    assert_eq!(given.certificate_id(), Some(unused.clone()), "{given:?}");
    let spent = Some((RefusalCode::TokenSpent, false));
    assert_eq!(refused.refusal(), spent, "{refused:?}");
    let again = lab.run("looked-4", &lab.deployed, &asking).await;
    assert_eq!(again.certificate_id(), Some(unused), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_whose_execution_failed_is_free_also_where_its_key_has_a_certificate_from_another()
{
    let lab = Lab::open().await;
    let (asking, _) = with_an_unused_certificate(&lab, "freed").await;
    let failing = lab.deployed.clone().failing_after("NoteToken");
    let failed = lab.run("freed-1", &failing, &asking).await;
    assert_eq!(failed.certificate_id(), None, "{failed:?}");

    let other = asking.with_another_key();
    let given = lab.run("freed-2", &lab.deployed, &other).await;

    assert!(given.certificate_id().is_some(), "{given:?}");
    assert_eq!(lab.orphans().await, Vec::<String>::new());
}
