//! Devices' rotations: the certificates beside the one in force, notices and deadlines. Decision 0020 has the reasons.

mod dates;
mod deadlines;
mod index;
mod next;
mod notices;
mod proof;
mod retirement;

use super::timeline::Line;
use super::transaction::changing;
use super::{Item, Ledger, certificate, day, number, s, text};
use aws_sdk_dynamodb::types::{AttributeValue, Update};
use muster_documents::Serial;
use muster_onboarding::ledger::{PK, SK, certificate_sk, device_key};
use muster_onboarding::ports::{Overdue, OverdueAction, RotationState};

/// What a device's item says of its rotation.
pub(super) fn read_rotation(item: &Item) -> RotationState {
    RotationState {
        next: certificate(item, "nextCertificate"),
        next_fingerprint: text(item, "nextFingerprint"),
        next_shut_at: number(item, "nextShutAt"),
        asked_since: day(item, "askedSince"),
        ordered: item.contains_key("orderedAt"),
        retiring: text(item, "retiringCertificateId"),
        overdue: read_overdue(item),
    }
}

fn read_overdue(item: &Item) -> Option<Overdue> {
    let policies = item
        .get("overduePolicies")
        .and_then(|list| list.as_l().ok());
    let names = policies.into_iter().flatten();
    Some(Overdue {
        action: OverdueAction::named(&text(item, "overdueAction")?)?,
        certificate_id: text(item, "overdueCertificateId")?,
        policies: names.filter_map(|name| name.as_s().ok().cloned()).collect(),
        done: item.contains_key("overdueDone"),
    })
}

fn names(list: &[String]) -> AttributeValue {
    AttributeValue::L(list.iter().map(s).collect())
}

/// The key of a certificate's own item.
fn certificate_key(serial: &Serial, certificate_id: &str) -> Item {
    super::key(&device_key(serial), &certificate_sk(certificate_id))
}

impl Ledger {
    /// A change of the device's own item, as a part of a transaction.
    pub(super) fn changing_device(
        &self,
        serial: &Serial,
    ) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder()
            .table_name(&self.table)
            .key(PK, s(device_key(serial)))
            .key(SK, s(super::STATE_SK))
    }

    /// A change of a certificate's own item, as a part of a transaction.
    fn changing_certificate(
        &self,
        serial: &Serial,
        certificate_id: &str,
    ) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(certificate_key(serial, certificate_id)))
    }
}

/// What happened to a device's certificates, in its timeline.
pub(super) fn line<'a>(
    serial: &Serial,
    which: &'a str,
    event: &'a str,
    outcome: serde_json::Value,
    (at, expires_at): (i64, i64),
) -> Line<'a> {
    Line {
        ledger_key: device_key(serial),
        at,
        which,
        event,
        client_id: "-",
        outcome,
        steps: serde_json::json!([]),
        expires_at,
    }
}
