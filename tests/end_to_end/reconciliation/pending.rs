//! A device whose first connection nobody was told of.

use super::{at_once, found, reconcile, report_only, status};
use crate::jitr::device::Device;
use crate::support::{Authority, OURS, Stack};
use muster_documents::reconciliation_tasks::Finding;

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_registration_was_lost_is_let_in_without_knocking_again() {
    let stack = Stack::start(&[]).await;
    let authority = Authority::register(&stack, &[OURS]).await;
    let elsewhere = Authority::register(&stack, &[]).await;
    stack.disable_rule("RegistrationRule").await;
    let device = Device::signed_by(&authority, "sensor-00001");
    device.knocks(&stack).await;
    let theirs = Device::signed_by(&elsewhere, "sensor-00002");
    theirs.knocks(&stack).await;

    let pending = |repaired| {
        let finding = Finding::RegistrationPending;
        [(finding, device.certificate_id.clone(), repaired)]
    };
    let run = reconcile(&stack, &report_only()).await;
    assert_eq!(found(&run), pending(false));
    let run = reconcile(&stack, &at_once()).await;
    assert_eq!(found(&run), pending(true));
    device.becomes(&stack, "ACTIVE").await;
    assert!(device.works(&stack).await);
    stack.settled_of("JitrActivationStateMachineArn").await;
    assert_eq!(found(&reconcile(&stack, &at_once()).await), []);
    let status = status(&stack, &theirs.certificate_id).await;
    assert_eq!(status.as_deref(), Some("PENDING_ACTIVATION"));
}
