//! Which certificates a ledger says are whose, read once.

use crate::ledger::{Item, s, text};
use crate::{Cloud, failure};
use aws_sdk_dynamodb::Client;
use muster_onboarding::CloudFailure;
use muster_onboarding::adoption::Holder;
use muster_onboarding::ledger::{
    CERTIFICATE_SK_PREFIX, CLAIM_PREFIX, DEVICE_PREFIX, PK, SK, STATE_SK,
};

/// The attributes of a device that name a certificate of its own.
const CERTIFICATES: [&str; 5] = [
    "certificateId",
    "nextCertificateId",
    "pendingCertificateId",
    "retiringCertificateId",
    "adoptedCertificateId",
];

/// What is read of each item: of a claim its key and who has made it, of a device what adopting and the end of a stack go by.
const SEEN: &str = "pk, sk, #state, fleet, thingName, certificateId, certificateArn, nextCertificateId, \
     pendingCertificateId, retiringCertificateId, adoptedCertificateId, issuedOn, execution, overdueAction, undoing, adopted";

/// An item about a device or a claim certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct Owned {
    /// Whose it is.
    pub holder: Holder,
    /// The ids of the certificates that it names: in force, under way, next, before, or adopted
    /// with; or the claim's.
    pub certificates: Vec<String>,
    /// The device itself, rather than a certificate that it has or had.
    pub is_device: bool,
    /// What was read of it.
    pub item: Item,
}

/// Reads the whole table, and hands on each item about a device or a claim. Once, rather than asking for each of a fleet's things
/// and certificates.
pub async fn each_owned(
    cloud: &Cloud,
    table: &str,
    mut hand_on: impl FnMut(Owned),
) -> Result<(), CloudFailure> {
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
    while let Some(item) = items.next().await {
        let item = item.map_err(|error| failure("dynamodb:Scan", error))?;
        if let Some(owned) = owned(item) {
            hand_on(owned);
        }
    }
    Ok(())
}

/// Whose an item is; `None` if it is neither a device's nor a claim's.
pub fn owned(item: Item) -> Option<Owned> {
    let (pk, sk) = (text(&item, PK)?, text(&item, SK)?);
    if let Some(id) = pk.strip_prefix(CLAIM_PREFIX) {
        return Some(Owned {
            holder: Holder::Claim,
            certificates: vec![id.to_owned()],
            is_device: false,
            item,
        });
    }
    let serial = pk.strip_prefix(DEVICE_PREFIX)?;
    let is_device = sk == STATE_SK;
    let certificates = if is_device {
        let named = CERTIFICATES.iter().filter_map(|name| text(&item, name));
        named.collect()
    } else {
        let id = sk.strip_prefix(CERTIFICATE_SK_PREFIX)?;
        vec![id.to_owned()]
    };
    Some(Owned {
        holder: Holder::Device(serial.to_owned()),
        certificates,
        is_device,
        item,
    })
}
