//! The pre-provisioning hook, asked as AWS IoT asks it, and what an operator does about its devices.

use crate::support::{Stack, invoke};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iot::types::{AttributePayload, CertificateStatus};
use muster::release::release;
use muster_documents::{FleetName, Serial};
use muster_pki::DeviceKey;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// A fleet that stands in the ledger alone, with the stack's claim certificate as its own.
struct Fleet {
    stack: Stack,
}

/// A certificate that AWS IoT made for a device.
struct Made {
    id: String,
    arn: String,
    pem: String,
}

impl Fleet {
    async fn admitting(by: &str) -> Self {
        let stack = Stack::start(&[]).await;
        let ledger = aws_sdk_dynamodb::Client::new(&stack.target.cloud.config);
        let s = |text: &str| AttributeValue::S(text.to_owned());
        let settings = json!({ "templateName": "plant-7", "admission": by });
        let put = ledger
            .put_item()
            .table_name(stack.output("LedgerTableName"))
            .item("pk", s("fleets"))
            .item("sk", s("plant-7"))
            .item("state", s("active"))
            .item("settings", s(&settings.to_string()));
        put.send().await.unwrap();
        let claim = ledger
            .update_item()
            .table_name(stack.output("LedgerTableName"))
            .key("pk", s(&format!("claim#{}", stack.claim_id)))
            .key("sk", s("state"))
            .update_expression("SET fleet = :fleet")
            .expression_attribute_values(":fleet", s("plant-7"));
        claim.send().await.unwrap();
        let policy = stack
            .iot()
            .create_policy()
            .policy_name("plant-7")
            .policy_document(json!({ "Version": "2012-10-17", "Statement": [] }).to_string());
        policy.send().await.unwrap();
        Self { stack }
    }

    /// What AWS IoT does when a device asks for a certificate.
    async fn makes_certificate(&self, key: &DeviceKey) -> Made {
        let made = self
            .stack
            .iot()
            .create_certificate_from_csr()
            .certificate_signing_request(key.csr("-").unwrap().pem());
        let made = made.send().await.unwrap();
        Made {
            id: made.certificate_id().unwrap().to_owned(),
            arn: made.certificate_arn().unwrap().to_owned(),
            pem: made.certificate_pem().unwrap().to_owned(),
        }
    }

    /// Asks the hook.
    async fn asks(&self, serial: &str, made: &Made, voucher: Option<&str>) -> Value {
        let template = "arn:aws:iot:us-east-1:000000000000:provisioningtemplate/plant-7";
        let mut payload = json!({
            "claimCertificateId": self.stack.claim_id, "certificateId": made.id, "certificatePem": made.pem,
            "templateArn": template, "clientId": serial, "parameters": { "SerialNumber": serial },
        });
        if let Some(voucher) = voucher {
            payload["parameters"]["Voucher"] = voucher.into();
        }
        let answer = invoke(&self.stack, "PreProvisioningHookFunction", &payload).await;
        answer.unwrap()
    }

    /// What AWS IoT does once the hook says yes, by the fleet's template.
    async fn provisions(&self, serial: &str, made: &Made, allowed: &Value) {
        let iot = self.stack.iot();
        let made_by = allowed["parameterOverrides"]["MadeBy"].as_str().unwrap();
        let attributes = AttributePayload::builder().attributes("version", made_by);
        let thing = iot.create_thing().thing_name(serial);
        let thing = thing.attribute_payload(attributes.build());
        thing.send().await.unwrap();
        let attached = iot.attach_thing_principal().thing_name(serial);
        attached.principal(&made.arn).send().await.unwrap();
        let attached = iot.attach_policy().policy_name("plant-7");
        attached.target(&made.arn).send().await.unwrap();
        let active = iot.update_certificate().certificate_id(&made.id);
        let active = active.new_status(CertificateStatus::Active);
        active.send().await.unwrap();
    }

    async fn status(&self, made: &Made) -> Option<CertificateStatus> {
        let described = self.stack.iot().describe_certificate();
        let described = described.certificate_id(&made.id).send().await.ok()?;
        described.certificate_description()?.status().cloned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleets_device_that_was_released_is_out_with_all_its_certificates() {
    let fleet = Fleet::admitting("known").await;
    let serial = Serial::new("sensor-00001").unwrap();
    let key = DeviceKey::generate().unwrap();
    let first = fleet.makes_certificate(&key).await;
    let denied = fleet.asks(serial.as_str(), &first, None).await;
    assert_eq!(denied, json!({ "allowProvisioning": false }));
    let (_, timeline) = fleet.stack.show(serial.as_str()).await;
    assert_eq!(timeline[0].code.as_deref(), Some("SerialUnknown"));

    fleet.stack.import(serial.as_str()).await;
    let allowed = fleet.asks(serial.as_str(), &first, None).await;
    assert_eq!(allowed["allowProvisioning"], true, "{allowed}");
    fleet.provisions(serial.as_str(), &first, &allowed).await;
    let again = fleet.asks(serial.as_str(), &first, None).await;
    assert_eq!(again, allowed);

    let second = fleet.makes_certificate(&key).await;
    let allowed = fleet.asks(serial.as_str(), &second, None).await;
    assert_eq!(allowed["allowProvisioning"], true, "{allowed}");
    fleet.provisions(serial.as_str(), &second, &allowed).await;
    assert_eq!(
        fleet.status(&first).await,
        Some(CertificateStatus::Inactive)
    );
    let another = fleet
        .makes_certificate(&DeviceKey::generate().unwrap())
        .await;
    let denied = fleet.asks(serial.as_str(), &another, None).await;
    assert_eq!(denied["allowProvisioning"], false);

    let mut taken = release(&fleet.stack.target, &serial).await.unwrap();
    taken.sort();
    let mut both = [first.id.clone(), second.id.clone()];
    both.sort();
    assert_eq!(taken, both);
    for made in [&first, &second] {
        assert_eq!(fleet.status(made).await, None);
    }
    assert!(fleet.stack.things().await.is_empty());
    let (device, _) = fleet.stack.show(serial.as_str()).await;
    let device = device.unwrap();
    assert_eq!((device.state.as_str(), device.fleet), ("known", None));
    let allowed = fleet.asks(serial.as_str(), &another, None).await;
    assert_eq!(allowed["allowProvisioning"], true, "its serial is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_lets_one_device_in_and_one_that_was_replaced_or_revoked_none() {
    let fleet = Fleet::admitting("voucher").await;
    let vouchers = fleet.stack.target.vouchers().unwrap();
    let name = FleetName::new("plant-7").unwrap();
    let now = 4_000_000_000;
    let issue = async |serial: Option<&Serial>| {
        let issued = vouchers.issue(&name, serial, 0, now).await.unwrap();
        issued.text.expose_secret().to_owned()
    };
    let comes = async |serial: &str, voucher: &str| {
        let made = fleet
            .makes_certificate(&DeviceKey::generate().unwrap())
            .await;
        let answer = fleet.asks(serial, &made, Some(voucher)).await;
        answer["allowProvisioning"] == true
    };
    let any = issue(None).await;
    assert!(comes("sensor-00001", &any).await);
    assert!(!comes("sensor-00002", &any).await);

    let serial = Serial::new("sensor-00002").unwrap();
    let replaced = issue(Some(&serial)).await;
    let its = issue(Some(&serial)).await;
    assert!(!comes("sensor-00002", &replaced).await);
    assert!(!comes("sensor-00003", &its).await);
    let listed = vouchers.list(&name).await.unwrap();
    let spent: Vec<_> = listed.iter().map(|one| one.spent_by.as_deref()).collect();
    assert_eq!(spent, [None, Some("sensor-00001")]);
    vouchers.revoke(&listed[0]).await.unwrap();
    assert!(!comes("sensor-00002", &its).await);
    assert_eq!(vouchers.find("sensor-00001").await.unwrap(), listed[1..]);
    let known = fleet.stack.ledger().await;
    let known = format!("{known:?}");
    assert!(!known.contains(&any) && !known.contains(&its));
}
