//! All that a ledger knows of devices and certificates, for adopting things.

use super::owned::{Owned, each_owned};
use crate::Cloud;
use crate::ledger::{Item, day, text};
use muster_onboarding::CloudFailure;
use muster_onboarding::adoption::{Holder, Known, KnownDevice};
use muster_onboarding::ledger::DeviceState;

/// What a stack's ledger knows. Reads the whole table.
pub async fn known(cloud: &Cloud, table: &str) -> Result<Known, CloudFailure> {
    let mut known = Known::default();
    each_owned(cloud, table, |owned| note(owned, &mut known)).await?;
    Ok(known)
}

fn note(owned: Owned, known: &mut Known) {
    let holder = &owned.holder;
    if let (Holder::Device(serial), true) = (holder, owned.is_device) {
        known.devices.insert(serial.clone(), read(&owned.item));
    }
    let held = owned.certificates.into_iter();
    known.holders.extend(held.map(|id| (id, holder.clone())));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::played::play_json;
    use serde_json::{Value, json};

    fn item(pk: &str, sk: &str, more: &[(&str, &str)]) -> Value {
        let all = [("pk", pk), ("sk", sk)];
        let all = all.iter().chain(more);
        all.map(|(name, value)| ((*name).to_owned(), json!({ "S": value })))
            .collect()
    }

    #[tokio::test]
    async fn a_ledger_is_read_to_the_last_page_and_says_who_holds_which_certificate() {
        let sensor = [
            ("state", "PROVISIONED"),
            ("certificateId", "c1"),
            ("certificateArn", "arn:c1"),
            ("retiringCertificateId", "c0"),
            ("adoptedCertificateId", "c8"),
            ("execution", "adopted-c8"),
        ];
        let first = json!({
            "Items": [item("device#a-1", "state", &sensor), item("device#a-1", "certificate#c9", &[])],
            "LastEvaluatedKey": item("device#a-1", "certificate#c9", &[]),
        });
        let last = json!({ "Items": [item("claim#c7", "state", &[])] });
        let (cloud, asked) = play_json(vec![(200, first), (200, last)]).await;

        let known = known(&cloud, "ledger").await.unwrap();
        let device = Holder::Device("a-1".to_owned());
        let holders = ["c0", "c1", "c7", "c8", "c9"].map(|id| {
            let holder = if id == "c7" {
                Holder::Claim
            } else {
                device.clone()
            };
            (id.to_owned(), holder)
        });
        assert_eq!(known.holders, holders.into());
        let device = &known.devices["a-1"];
        assert_eq!(device.state, DeviceState::named("PROVISIONED"));
        let certificate = ("c1".to_owned(), "arn:c1".to_owned());
        assert_eq!(device.certificate, Some(certificate));
        assert_eq!(known.devices.len(), 1);
        let asked = asked.await.unwrap();
        assert_eq!(asked[1]["ExclusiveStartKey"]["sk"]["S"], "certificate#c9");
    }
}
