//! What a ledger says that devices and claims have.

use crate::ledger::{s, text};
use crate::{Cloud, failure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{
    CERTIFICATE_SK_PREFIX, CLAIM_PREFIX, DEVICE_PREFIX, PK, SK, STATE_SK,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

type Item = HashMap<String, AttributeValue>;

/// The attributes of a device that name a certificate of its own.
const CERTIFICATES: [&str; 5] = [
    "certificateId",
    "nextCertificateId",
    "pendingCertificateId",
    "retiringCertificateId",
    "adoptedCertificateId",
];

/// What is read of each item.
const SEEN: &str = "pk, sk, thingName, certificateId, nextCertificateId, pendingCertificateId, retiringCertificateId, \
     adoptedCertificateId, adopted";

/// All that a ledger knows of certificates and things.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    /// The devices, by serial.
    pub devices: BTreeMap<String, Holding>,
    /// The ids of the claim certificates that Muster has made.
    pub claims: BTreeSet<String>,
    /// The ids of those that another system had made before.
    pub adopted_claims: BTreeSet<String>,
}

/// What one device has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holding {
    /// Its thing's name, if it is noted; else it is its serial.
    pub thing: Option<String>,
    /// The ids of its certificates: in force, under way, next, before.
    pub certificates: BTreeSet<String>,
    /// The certificate that it was adopted with, if it was.
    pub adopted: Option<String>,
}

/// Reads the whole table. One that is not there knows nothing.
pub async fn holdings(cloud: &Cloud, table: &str) -> Result<Holdings, CloudFailure> {
    let mut items = Client::new(&cloud.config)
        .scan()
        .table_name(table)
        .consistent_read(true)
        .filter_expression(
            "(begins_with(pk, :device) AND (sk = :own OR begins_with(sk, :certificate))) OR \
             (begins_with(pk, :claim) AND sk = :own)",
        )
        .projection_expression(SEEN)
        .expression_attribute_values(":device", s(DEVICE_PREFIX))
        .expression_attribute_values(":claim", s(CLAIM_PREFIX))
        .expression_attribute_values(":certificate", s(CERTIFICATE_SK_PREFIX))
        .expression_attribute_values(":own", s(STATE_SK))
        .into_paginator()
        .items()
        .send();
    let mut holdings = Holdings::default();
    while let Some(item) = items.next().await {
        note(
            &item.map_err(|error| failure("dynamodb:Scan", error))?,
            &mut holdings,
        );
    }
    Ok(holdings)
}

fn note(item: &Item, holdings: &mut Holdings) {
    let said = |name: &str| text(item, name).unwrap_or_default();
    let (pk, sk) = (said(PK), said(SK));
    if let Some(id) = pk.strip_prefix(CLAIM_PREFIX) {
        let adopted = item.contains_key("adopted");
        let claims = if adopted {
            &mut holdings.adopted_claims
        } else {
            &mut holdings.claims
        };
        claims.insert(id.to_owned());
        return;
    }
    let Some(serial) = pk.strip_prefix(DEVICE_PREFIX) else {
        return;
    };
    let device = holdings.devices.entry(serial.to_owned()).or_default();
    if let Some(thing) = text(item, "thingName") {
        device.thing = Some(thing);
    }
    if let Some(id) = sk.strip_prefix(CERTIFICATE_SK_PREFIX) {
        device.certificates.insert(id.to_owned());
        return;
    }
    let named = CERTIFICATES.iter().filter_map(|name| text(item, name));
    device.certificates.extend(named);
    device.adopted = text(item, "adoptedCertificateId");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(attributes: &[(&str, &str)]) -> Item {
        let pairs = attributes.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), s(*value)))
            .collect()
    }

    #[test]
    fn a_device_has_every_certificate_that_any_of_its_items_names() {
        let mut holdings = Holdings::default();
        for one in [
            item(&[
                (PK, "device#a-1"),
                (SK, "state"),
                ("thingName", "a-1"),
                ("certificateId", "c1"),
                ("nextCertificateId", "c2"),
                ("adoptedCertificateId", "c0"),
            ]),
            item(&[(PK, "device#a-1"), (SK, "certificate#c9")]),
            item(&[(PK, "claim#c7"), (SK, "state")]),
            item(&[(PK, "claim#c8"), (SK, "state"), ("adopted", "2026")]),
            item(&[(PK, "device#a-2"), (SK, "state")]),
        ] {
            note(&one, &mut holdings);
        }
        let device = &holdings.devices["a-1"];
        let ids: Vec<_> = device.certificates.iter().map(String::as_str).collect();
        assert_eq!(ids, ["c0", "c1", "c2", "c9"]);
        assert_eq!(device.adopted.as_deref(), Some("c0"));
        assert_eq!(holdings.claims, BTreeSet::from(["c7".to_owned()]));
        assert_eq!(holdings.adopted_claims, BTreeSet::from(["c8".to_owned()]));
        assert_eq!(holdings.devices["a-2"], Holding::default());
    }
}
