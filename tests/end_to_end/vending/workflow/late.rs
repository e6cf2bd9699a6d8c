//! A function goes on after its task has timed out, and its writes come late: nothing that they find is taken from another,
//! and nothing that they bring is left over.

use super::lab::{Asking, Lab};
use super::scenario::{Scenario, Variant};
use crate::support::{invoke, wait_until};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::tasks::IssueCertificate;
use muster_documents::{Mode, Purpose, RefusalCode};
use muster_onboarding::ports::DeviceLedger;
use serde_json::json;

/// A device whose execution is gone after this state; the execution that holds it.
async fn held_after(lab: &Lab, serial: &str, state: &str) -> (Asking, String) {
    let first = Variant {
        scenario: Scenario::First,
        altered: None,
    };
    let asking = lab.prepared_as(&first, serial).await;
    let gone = lab.deployed.clone().crashing_after(state);
    lab.run(&format!("{serial}-gone"), &gone, &asking).await;
    let held = lab.desk.held(serial).await.unwrap();
    (asking, held.execution.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_comes_late_into_the_undo_leaves_no_certificate() {
    let lab = Lab::open().await;
    let (asking, execution) = held_after(&lab, "late-issuer", "ReserveDevice").await;
    lab.change(&asking.serial, "SET undoing = execution").await;
    let csr = asking.key.csr(asking.serial.common_name()).unwrap();
    let task = IssueCertificate {
        serial: asking.serial.clone(),
        execution,
        mode: Mode::Chunked,
        purpose: Purpose::Provisioning,
        csr: Some(STANDARD.encode(csr.der())),
        check_only: false,
    };

    let issued = invoke(&lab.desk.stack, "CertificateIssuerFunction", &json!(task)).await;

    let name = issued.map_err(|failed| failed.name);
    assert_eq!(name, Err("Superseded".to_owned()));
    assert_eq!(lab.pending(&asking.serial).await, None);
    assert_eq!(lab.orphans().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_late_takes_no_certificate_under_way_out_of_the_ledger() {
    let lab = Lab::open().await;
    let (asking, execution) = held_after(&lab, "late-undo", "IssueCertificate").await;
    let (serial, ledger) = (&asking.serial, lab.desk.stack.target.ledger().unwrap());
    let noted = lab.pending(serial).await;
    let id = noted.clone().unwrap();

    // No undo is on, and this is not what was discarded.
    ledger
        .end_undo(serial, &execution, Some(&id))
        .await
        .unwrap();
    ledger
        .forget_pending(serial, &execution, "another")
        .await
        .unwrap();
    assert_eq!(lab.pending(serial).await, noted);

    // One is on, and has that of another to take away.
    let begun = ledger.begin_undo(serial, &execution).await.unwrap();
    assert_eq!(begun.pending.map(|pending| pending.id), noted);
    ledger
        .end_undo(serial, &execution, Some("another"))
        .await
        .unwrap();
    ledger.end_undo(serial, &execution, None).await.unwrap();
    ledger
        .forget_pending(serial, &execution, &id)
        .await
        .unwrap();
    assert_eq!(lab.pending(serial).await, noted);

    ledger
        .end_undo(serial, &execution, Some(&id))
        .await
        .unwrap();
    let held = lab.desk.held(serial.as_str()).await.unwrap();
    assert_eq!((held.pending, held.undoing), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_certificate_that_was_registered_is_recorded() {
    let lab = Lab::open().await;
    let first = Variant {
        scenario: Scenario::First,
        altered: None,
    };
    let asking = lab.prepared_as(&first, "late-forget").await;
    let slow = lab.deployed.clone().pausing_after("RegisterIdentity", 4);
    let taking = async {
        wait_until("the certificate under way", || lab.pending(&asking.serial)).await;
        lab.change(&asking.serial, "REMOVE pendingCertificateId")
            .await;
    };

    let (ended, ()) = tokio::join!(lab.run("late-forget-1", &slow, &asking), taking);

    let in_progress = Some((RefusalCode::ProvisioningInProgress, true));
    assert_eq!(ended.refusal(), in_progress, "{ended:?}");
    let held = lab.desk.held(asking.serial.as_str()).await;
    assert!(held.is_none_or(|held| held.current.is_none()));
    let again = lab.run("late-forget-2", &lab.deployed, &asking).await;
    assert!(again.certificate_id().is_some(), "{again:?}");
}
