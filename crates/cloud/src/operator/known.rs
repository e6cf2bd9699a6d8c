//! All that a ledger knows of devices and certificates, read once.

use crate::ledger::{day, s, text};
use crate::{Cloud, failure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use muster_onboarding::CloudFailure;
use muster_onboarding::adoption::{Holder, Known, KnownDevice};
use muster_onboarding::ledger::{
    CERTIFICATE_SK_PREFIX, CLAIM_PREFIX, DEVICE_PREFIX, DeviceState, PK, SK, STATE_SK,
};
use std::collections::HashMap;

type Item = HashMap<String, AttributeValue>;

/// The attributes of a device that name a certificate of its own.
const CERTIFICATES: [&str; 4] = [
    "certificateId",
    "nextCertificateId",
    "pendingCertificateId",
    "retiringCertificateId",
];

/// What is read of each item.
const SEEN: &str = "pk, sk, #state, fleet, certificateId, certificateArn, nextCertificateId, pendingCertificateId, \
     retiringCertificateId, issuedOn, execution, overdueAction, undoing";

/// What a stack's ledger knows. Reads the whole table once, rather than asking for each of a fleet's things and certificates.
pub async fn known(cloud: &Cloud, table: &str) -> Result<Known, CloudFailure> {
    let mut items = Client::new(&cloud.config)
        .scan()
        .table_name(table)
        .consistent_read(true)
        .filter_expression(
            "(begins_with(pk, :device) AND (sk = :own OR begins_with(sk, :certificate))) OR \
             (begins_with(pk, :claim) AND sk = :own)",
        )
        .projection_expression(SEEN)
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":device", s(DEVICE_PREFIX))
        .expression_attribute_values(":claim", s(CLAIM_PREFIX))
        .expression_attribute_values(":certificate", s(CERTIFICATE_SK_PREFIX))
        .expression_attribute_values(":own", s(STATE_SK))
        .into_paginator()
        .items()
        .send();
    let mut known = Known::default();
    while let Some(item) = items.next().await {
        note(
            &item.map_err(|error| failure("dynamodb:Scan", error))?,
            &mut known,
        );
    }
    Ok(known)
}

fn note(item: &Item, known: &mut Known) {
    let (pk, sk) = (
        text(item, PK).unwrap_or_default(),
        text(item, SK).unwrap_or_default(),
    );
    if let Some(id) = pk.strip_prefix(CLAIM_PREFIX) {
        known.holders.insert(id.to_owned(), Holder::Claim);
        return;
    }
    let Some(serial) = pk.strip_prefix(DEVICE_PREFIX) else {
        return;
    };
    let mut ids: Vec<_> = sk
        .strip_prefix(CERTIFICATE_SK_PREFIX)
        .map(str::to_owned)
        .into_iter()
        .collect();
    if sk == STATE_SK {
        known.devices.insert(serial.to_owned(), read(item));
        ids.extend(CERTIFICATES.iter().filter_map(|name| text(item, name)));
    }
    let holder = Holder::Device(serial.to_owned());
    known
        .holders
        .extend(ids.into_iter().map(|id| (id, holder.clone())));
}

fn read(item: &Item) -> KnownDevice {
    KnownDevice {
        state: text(item, "state").and_then(|state| DeviceState::named(&state)),
        fleet: text(item, "fleet"),
        certificate: text(item, "certificateId").zip(text(item, "certificateArn")),
        issued_on: day(item, "issuedOn"),
        execution: text(item, "execution"),
        policies_taken: item.contains_key("overdueAction") || item.contains_key("undoing"),
    }
}
