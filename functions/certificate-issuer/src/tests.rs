//! What no stack does on command: the ledger's answer is lost, and another request goes on meanwhile.

use crate::{IssueError, issue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use muster_documents::tasks::{IssueCertificate, IssuedCertificate};
use muster_documents::{Mode, Purpose, Serial};
use muster_onboarding::ports::{
    Certificate, CertificateAuthority, DeviceLedger, DeviceRecords, HeldDevice, Seal,
};
use muster_onboarding::{CloudFailure, FailureKind};
use muster_pki::DeviceKey;
use secrecy::SecretString;
use std::sync::Mutex;

const EXECUTION: &str = "execution";

/// What becomes of a certificate that was noted, before the ledger is asked again.
type Meanwhile = fn(&mut HeldDevice);

/// An account whose ledger takes a note, and loses the answer.
struct World {
    held: Mutex<HeldDevice>,
    discarded: Mutex<Vec<String>>,
    meanwhile: Meanwhile,
}

impl DeviceRecords for World {
    async fn held(&self, _serial: &Serial) -> Result<Option<HeldDevice>, CloudFailure> {
        Ok(Some(self.held.lock().unwrap().clone()))
    }
}

impl DeviceLedger for World {
    async fn note_pending(
        &self,
        _serial: &Serial,
        _execution: &str,
        certificate: &Certificate,
    ) -> Result<(), CloudFailure> {
        let mut held = self.held.lock().unwrap();
        held.pending = Some(certificate.clone());
        (self.meanwhile)(&mut held);
        Err(CloudFailure {
            kind: FailureKind::Unavailable,
            action: "dynamodb:UpdateItem",
            message: "no answer from the service".to_owned(),
            source: None,
        })
    }

    async fn begin_undo(&self, _: &Serial, _: &str) -> Result<HeldDevice, CloudFailure> {
        unreachable!("nothing is undone")
    }

    async fn forget_pending(&self, _: &Serial, _: &str, _: &str) -> Result<(), CloudFailure> {
        unreachable!("nothing is forgotten")
    }

    async fn end_undo(&self, _: &Serial, _: &str, _: Option<&str>) -> Result<(), CloudFailure> {
        unreachable!("nothing is undone")
    }

    async fn release(&self, _: &Serial, _: &str) -> Result<(), CloudFailure> {
        unreachable!("nothing is undone")
    }

    async fn remove_enrolled(&self, _: &Serial, _: &str) -> Result<(), CloudFailure> {
        unreachable!("nothing is undone")
    }
}

impl CertificateAuthority for World {
    async fn issue(&self, _csr_pem: &str) -> Result<Certificate, CloudFailure> {
        Ok(Certificate {
            id: "issued".to_owned(),
            arn: "arn:issued".to_owned(),
            der: Vec::new(),
        })
    }

    async fn discard(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        self.discarded
            .lock()
            .unwrap()
            .push(certificate_id.to_owned());
        Ok(())
    }
}

impl Seal for World {
    async fn seal(&self, _: &SecretString, _: &str) -> Result<String, CloudFailure> {
        unreachable!("the device has a key of its own")
    }
}

/// What a request gets, and what was discarded.
fn issued(meanwhile: Meanwhile) -> (Result<Option<IssuedCertificate>, IssueError>, Vec<String>) {
    let csr = DeviceKey::generate().unwrap().csr("sensor-1").unwrap();
    let task = IssueCertificate {
        serial: Serial::new("sensor-1").unwrap(),
        execution: EXECUTION.to_owned(),
        mode: Mode::Chunked,
        purpose: Purpose::Provisioning,
        csr: Some(STANDARD.encode(csr.der())),
        check_only: false,
    };
    let held = HeldDevice {
        execution: Some(EXECUTION.to_owned()),
        ..HeldDevice::default()
    };
    let world = World {
        held: Mutex::new(held),
        discarded: Mutex::default(),
        meanwhile,
    };
    let answer = issue(&world, &world, &world, task).now_or_never().unwrap();
    (answer, world.discarded.into_inner().unwrap())
}

fn taken_into_force(held: &mut HeldDevice) {
    held.current = held.pending.take();
}

fn put_beside(held: &mut HeldDevice) {
    held.rotation.next = held.pending.take();
}

fn undone(held: &mut HeldDevice) {
    held.pending = None;
}

#[test]
fn a_note_whose_answer_is_lost_stands_wherever_another_request_has_taken_the_certificate() {
    for meanwhile in [(|_| {}) as Meanwhile, taken_into_force, put_beside] {
        let (answer, discarded) = issued(meanwhile);
        assert_eq!(answer.unwrap().unwrap().certificate_id, "issued");
        assert_eq!(discarded, Vec::<String>::new());
    }
}

#[test]
fn a_certificate_that_the_ledger_does_not_have_is_discarded() {
    let (answer, discarded) = issued(undone);
    assert!(matches!(answer, Err(IssueError::Cloud(_))), "{answer:?}");
    assert_eq!(discarded, ["issued"]);
}
