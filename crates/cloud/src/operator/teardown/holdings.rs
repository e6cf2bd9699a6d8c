//! What a ledger says that devices and claims have.

use crate::Cloud;
use crate::ledger::text;
use crate::operator::owned::{Owned, each_owned};
use muster_onboarding::CloudFailure;
use muster_onboarding::adoption::Holder;
use std::collections::{BTreeMap, BTreeSet};

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
    let mut holdings = Holdings::default();
    each_owned(cloud, table, |owned| note(owned, &mut holdings)).await?;
    Ok(holdings)
}

fn note(owned: Owned, holdings: &mut Holdings) {
    let Holder::Device(serial) = owned.holder else {
        let adopted = owned.item.contains_key("adopted");
        let claims = if adopted {
            &mut holdings.adopted_claims
        } else {
            &mut holdings.claims
        };
        claims.extend(owned.certificates);
        return;
    };
    let device = holdings.devices.entry(serial).or_default();
    device.certificates.extend(owned.certificates);
    if owned.is_device {
        device.thing = text(&owned.item, "thingName");
        device.adopted = text(&owned.item, "adoptedCertificateId");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Item;
    use crate::ledger::s;
    use crate::operator::owned::owned;
    use muster_onboarding::ledger::{PK, SK};

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
            note(owned(one).unwrap(), &mut holdings);
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
