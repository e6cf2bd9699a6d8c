//! One token, one certificate.

use super::desk::{Answer, Desk};
use crate::support::wait_until;
use futures_util::future::join_all;
use muster_onboarding::tokens::Opens;
use muster_pki::DeviceKey;

/// How many ask at once.
const AT_ONCE: usize = 50;

/// Whether the work goes on: the device is told to ask again. On a machine that has much else to do this is the first answer.
fn goes_on(answer: &Answer) -> bool {
    match answer.json()["code"].as_str() {
        Some("VendingUnfinished") => answer.refuses(503, "VendingUnfinished"),
        Some("ProvisioningInProgress") => answer.refuses(409, "ProvisioningInProgress"),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_requests_at_once_with_one_token_one_gets_a_certificate() {
    let desk = Desk::open().await;

    // Each with a key of its own.
    let token = desk.token("sensor-1", Opens::Certificate).await;
    let keys: Vec<_> = (0..AT_ONCE)
        .map(|_| DeviceKey::generate().unwrap())
        .collect();
    let mut answers = join_all(keys.iter().map(|key| desk.vend("sensor-1", &token, key))).await;
    for (answer, key) in answers.iter_mut().zip(&keys) {
        if answer.status == 503 {
            assert!(goes_on(answer));
            *answer = wait_until("what becomes of a request, asked for again", || async {
                let answer = desk.vend("sensor-1", &token, key).await;
                (!goes_on(&answer)).then_some(answer)
            })
            .await;
        }
    }
    let given: Vec<_> = answers
        .iter()
        .zip(&keys)
        .filter(|(answer, _)| answer.status == 200)
        .collect();
    assert_eq!(given.len(), 1, "{answers:?}");
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert!(!refused.refuses(409, "TokenSpent"));
    }
    let (answer, key) = given[0];
    assert_eq!(desk.stack.certificates().await, [answer.certificate_id()]);
    assert!(desk.lives("sensor-1", &answer.given(Some(key))).await);

    // Each without a key.
    let token = desk.token("sensor-2", Opens::Certificate).await;
    let answers = join_all((0..AT_ONCE).map(|_| desk.getcert("sensor-2", &token))).await;
    let (given, others): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert!(given.len() <= 1, "{given:?}");
    let unfinished = others.iter().filter(|answer| answer.status == 503);
    assert!(given.len() == 1 || unfinished.count() > 0, "{others:?}");
    for refused in &others {
        assert!(goes_on(refused), "{refused:?}");
    }
    wait_until("the one certificate", || async {
        (desk.stack.certificates().await.len() >= 2).then_some(())
    })
    .await;
    assert_eq!(desk.stack.certificates().await.len(), 2);
    let given = match given.into_iter().next() {
        Some(given) => given,
        None => without_its_key(&desk, "sensor-2", &token).await,
    };
    assert!(desk.lives("sensor-2", &given.given(None)).await);

    // All with the same key: whoever is answered is answered the same certificate, also where it took too long for most.
    let before = desk.stack.certificates().await.len();
    let token = desk.token("sensor-3", Opens::Certificate).await;
    let key = DeviceKey::generate().unwrap();
    let answers = join_all((0..AT_ONCE).map(|_| desk.vend("sensor-3", &token, &key))).await;
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert!(goes_on(refused), "{refused:?}");
    }
    let given = wait_until("the certificate, asked for again", || async {
        let answer = desk.vend("sensor-3", &token, &key).await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        assert_eq!(answer.certificate_id(), given.certificate_id());
    }
    assert_eq!(desk.stack.certificates().await.len(), before + 1);
}

/// The one that has it was not answered in time, and its key is lost with the answer: a minute later another is given.
async fn without_its_key(desk: &Desk, serial: &str, token: &str) -> Answer {
    wait_until("another certificate, asked for again", || async {
        desk.seconds_pass(serial, 61, 61).await;
        let answer = desk.getcert(serial, token).await;
        (!goes_on(&answer)).then_some(answer)
    })
    .await
}
