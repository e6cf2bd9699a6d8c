//! One token, one certificate.

use super::desk::Desk;
use crate::support::wait_until;
use futures_util::future::join_all;
use muster_onboarding::tokens::Opens;
use muster_pki::DeviceKey;

/// How many ask at once.
const AT_ONCE: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_requests_at_once_with_one_token_one_gets_a_certificate() {
    let desk = Desk::open().await;

    // Each with a key of its own.
    let token = desk.token("sensor-1", Opens::Certificate).await;
    let keys: Vec<_> = (0..AT_ONCE)
        .map(|_| DeviceKey::generate().unwrap())
        .collect();
    let answers = join_all(keys.iter().map(|key| desk.vend("sensor-1", &token, key))).await;
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
    let given: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(given.len(), 1, "{answers:?}");
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert!(refused.refuses(409, "ProvisioningInProgress"));
    }
    assert_eq!(desk.stack.certificates().await.len(), 2);
    assert!(desk.lives("sensor-2", &given[0].given(None)).await);

    // All with the same key: whoever is answered is answered the same certificate, also where it took too long for most.
    let token = desk.token("sensor-3", Opens::Certificate).await;
    let key = DeviceKey::generate().unwrap();
    let answers = join_all((0..AT_ONCE).map(|_| desk.vend("sensor-3", &token, &key))).await;
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        let asks_again = match refused.status {
            503 => refused.refuses(503, "VendingUnfinished"),
            _ => refused.refuses(409, "ProvisioningInProgress"),
        };
        assert!(asks_again);
    }
    let given = wait_until("the certificate, asked for again", || async {
        let answer = desk.vend("sensor-3", &token, &key).await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        assert_eq!(answer.certificate_id(), given.certificate_id());
    }
    assert_eq!(desk.stack.certificates().await.len(), 3);
}
