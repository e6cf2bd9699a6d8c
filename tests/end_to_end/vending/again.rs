//! Answers that are lost.

use super::desk::Desk;
use muster_documents::Serial;
use muster_onboarding::tokens::Opens;
use muster_pki::DeviceKey;

#[tokio::test(flavor = "multi_thread")]
async fn the_same_token_and_key_get_the_same_certificate_and_no_other_key_gets_any() {
    let desk = Desk::open().await;
    let token = desk.token("sensor-1", Opens::Certificate).await;
    let key = DeviceKey::generate().unwrap();
    let first = desk.vend("sensor-1", &token, &key).await.certificate_id();
    for _ in 0..3 {
        let again = desk.vend("sensor-1", &token, &key).await;
        assert_eq!(again.certificate_id(), first);
    }
    let other = DeviceKey::generate().unwrap();
    assert!(
        !desk
            .vend("sensor-1", &token, &other)
            .await
            .refuses(409, "TokenSpent")
    );
    assert!(
        !desk
            .getcert("sensor-1", &token)
            .await
            .refuses(409, "TokenSpent")
    );
    assert_eq!(desk.stack.certificates().await, [first]);

    // Released, the device needs another token: whoever has the key and the spent one gets nothing.
    let serial = Serial::new("sensor-1").unwrap();
    muster::release::release(&desk.stack.target, &serial)
        .await
        .unwrap();
    assert!(
        !desk
            .vend("sensor-1", &token, &key)
            .await
            .refuses(401, "TokenRefused")
    );
    assert_eq!(desk.stack.certificates().await, Vec::<String>::new());
    let token = desk.token("sensor-1", Opens::Certificate).await;
    assert_eq!(desk.vend("sensor-1", &token, &key).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_without_a_key_whose_answer_was_lost_is_not_stranded() {
    let desk = Desk::open().await;
    let token = desk.token("sensor-1", Opens::Certificate).await;
    let lost = desk.getcert("sensor-1", &token).await;
    let lost_id = lost.certificate_id();
    // At once the answer may be on its way.
    assert!(
        desk.getcert("sensor-1", &token)
            .await
            .refuses(409, "ProvisioningInProgress")
    );
    desk.seconds_pass("sensor-1", 58, 58).await;
    assert!(
        desk.getcert("sensor-1", &token)
            .await
            .refuses(409, "ProvisioningInProgress")
    );
    desk.seconds_pass("sensor-1", 60, 60).await;
    let second = desk.getcert("sensor-1", &token).await;
    assert_ne!(second.certificate_id(), lost_id);
    // And not once more right away.
    assert!(
        desk.getcert("sensor-1", &token)
            .await
            .refuses(409, "ProvisioningInProgress")
    );
    // Lost again, and asked again: that which nobody has gets out of the way.
    desk.seconds_pass("sensor-1", 200, 61).await;
    let third = desk.getcert("sensor-1", &token).await;
    let third = third.given(None);
    assert!(desk.lives("sensor-1", &third).await);
    crate::support::wait_until("the certificate in force", || async {
        let current = desk.held("sensor-1").await?.current?;
        (current.id
            == muster_pki::certificate_id(&muster_pki::pem_to_der(&third.certificate_pem).unwrap()))
        .then_some(())
    })
    .await;
    // The device has it now, so the token gives no other, whoever has it.
    desk.seconds_pass("sensor-1", 300, 61).await;
    assert!(
        !desk
            .getcert("sensor-1", &token)
            .await
            .refuses(409, "TokenSpent")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_used_without_a_key_gives_nothing_once_its_device_has_connected_or_an_hour_has_passed()
 {
    let desk = Desk::open().await;
    let token = desk.token("sensor-1", Opens::Certificate).await;
    let first = desk.getcert("sensor-1", &token).await.given(None);
    assert!(desk.held("sensor-1").await.unwrap().unproven.is_some());
    assert!(desk.lives("sensor-1", &first).await);
    crate::support::wait_until("the connection to be noted", || async {
        desk.held("sensor-1")
            .await?
            .unproven
            .is_none()
            .then_some(())
    })
    .await;
    desk.seconds_pass("sensor-1", 61, 61).await;
    assert!(
        !desk
            .getcert("sensor-1", &token)
            .await
            .refuses(409, "TokenSpent")
    );

    let token = desk.token("sensor-2", Opens::Certificate).await;
    assert_eq!(desk.getcert("sensor-2", &token).await.status, 200);
    desk.seconds_pass("sensor-2", 3601, 3601).await;
    assert!(
        !desk
            .getcert("sensor-2", &token)
            .await
            .refuses(409, "TokenSpent")
    );
    assert_eq!(desk.stack.certificates().await.len(), 2);
}
