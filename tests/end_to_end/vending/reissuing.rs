//! Devices that have a certificate, and a token for another one.

use super::desk::Desk;
use crate::support::{Identity, wait_until};
use edge_client::Mode;
use muster_onboarding::tokens::Opens;
use muster_pki::{DeviceKey, certificate_id, pem_to_der};

fn id(identity: &Identity) -> String {
    certificate_id(&pem_to_der(&identity.certificate_pem).unwrap())
}

/// Waits until this certificate is in force and the one before is shut out.
async fn in_force(desk: &Desk, serial: &str, identity: &Identity) {
    wait_until("the new certificate in force", || async {
        let held = desk.held(serial).await?;
        let current = held
            .current
            .is_some_and(|current| current.id == id(identity));
        (current && held.rotation.retiring.is_none()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_certificate_works_until_the_device_has_connected_with_the_new_one() {
    let desk = Desk::open().await;
    let key = DeviceKey::generate().unwrap();
    let token = desk.token("sensor-1", Opens::Certificate).await;
    let old = desk.vend("sensor-1", &token, &key).await.given(Some(&key));

    // The device has lost its flash, and the operator has given it another token.
    let token = desk.token("sensor-1", Opens::Certificate).await;
    let new_key = DeviceKey::generate().unwrap();
    let answer = desk.vend("sensor-1", &token, &new_key).await;
    let new = answer.given(Some(&new_key));
    assert_ne!(id(&old), id(&new));
    assert!(desk.lives("sensor-1", &old).await);
    // Lost on its way, it is answered again.
    let again = desk.vend("sensor-1", &token, &new_key).await;
    assert_eq!(again.certificate_id(), id(&new));
    assert!(desk.lives("sensor-1", &new).await);
    in_force(&desk, "sensor-1", &new).await;
    assert!(!desk.lives("sensor-1", &old).await);
    assert!(desk.lives("sensor-1", &new).await);
    let again = desk.vend("sensor-1", &token, &new_key).await;
    assert_eq!(again.certificate_id(), id(&new));

    // Also one that came in another way.
    desk.stack.import("sensor-2").await;
    desk.stack
        .provision("sensor-2", Mode::Chunked)
        .await
        .unwrap();
    let token = desk.token("sensor-2", Opens::Certificate).await;
    let new = desk
        .vend("sensor-2", &token, &new_key)
        .await
        .given(Some(&new_key));
    assert!(desk.lives("sensor-2", &new).await);
    in_force(&desk, "sensor-2", &new).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_operators_deadline_the_old_certificate_goes_in_any_case() {
    let desk = Desk::open().await;
    let key = DeviceKey::generate().unwrap();
    let token = desk.token("sensor-1", Opens::Certificate).await;
    let old = desk.vend("sensor-1", &token, &key).await.given(Some(&key));
    let token = desk
        .token_with("sensor-1", Opens::Certificate, Some(0))
        .await;
    let new_key = DeviceKey::generate().unwrap();
    let new = desk
        .vend("sensor-1", &token, &new_key)
        .await
        .given(Some(&new_key));
    in_force(&desk, "sensor-1", &new).await;
    assert!(!desk.lives("sensor-1", &old).await);
    assert!(desk.lives("sensor-1", &new).await);

    // A later one has not come yet.
    let token = desk
        .token_with("sensor-1", Opens::Certificate, Some(5))
        .await;
    let later = desk.vend("sensor-1", &token, &key).await.given(Some(&key));
    assert!(desk.lives("sensor-1", &new).await);
    let running = desk
        .stack
        .sfn()
        .list_executions()
        .state_machine_arn(desk.stack.output("ReplacementDeadlineStateMachineArn"))
        .status_filter(aws_sdk_sfn::types::ExecutionStatus::Running)
        .send()
        .await
        .unwrap();
    let [running] = running.executions() else {
        panic!("{running:?}");
    };
    let described = desk.stack.sfn().describe_execution();
    let described = described.execution_arn(running.execution_arn());
    let described = described.send().await.unwrap();
    assert!(described.input().unwrap().contains(&id(&later)));
}
