//! A stolen claim certificate alone provisions nothing.

use super::claimant::Claimant;
use super::field::Field;
use super::set_up;
use crate::support::{Attacker, Identity, Stack, Version, invoke};
use edge_client::{FleetConfig, RunError, fleet};
use muster_cloud::operator::Ways;
use muster_documents::fleet_provisioning::Format;
use muster_documents::fleet_provisioning::topics::{accepted, create_from_csr, provision};
use muster_documents::{FleetName, Serial};
use muster_onboarding::ledger::WayIn;
use muster_pki::DeviceKey;
use secrecy::SecretString;
use serde_json::json;

/// When vouchers of these tests end, in seconds since 1970: after 2096.
const LATER: i64 = 4_000_000_000;

const VERSIONS: [Version; 2] = [Version::V311, Version::V5];

impl Field {
    fn voucher_device(&self, serial: &str, voucher: Option<&SecretString>) -> FleetConfig {
        let mut device = self.device(serial);
        device.voucher = voucher.cloned();
        device
    }

    /// The device is told no and nothing of it is there; the operator is told why.
    async fn refuses(&self, mut device: FleetConfig, code: &str) {
        let (serial, before) = (device.serial.clone(), self.codes(&device.serial).await);
        let of_the_thief = tempfile::tempdir().unwrap();
        device.store = of_the_thief.path().to_owned();
        let things = self.stack.things().await;
        let active = self.in_force().await;
        let told = fleet(device, |_| {}).await.unwrap_err();
        let RunError::Refused { refused, .. } = told else {
            panic!("{serial} was not refused for good: {told}");
        };
        assert_eq!(refused.code, "AccessDenied", "{serial}: {refused:?}");
        let mut codes = self.codes(&serial).await;
        codes.sort();
        let mut expected = [before, vec![code.to_owned()]].concat();
        expected.sort();
        assert_eq!(codes, expected, "{serial}");
        assert_eq!(self.stack.things().await, things, "{serial}");
        assert_eq!(self.in_force().await, active, "{serial}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_claim_certificate_lets_in_no_made_up_device() {
    let field = Field::with(
        json!({ "templateName": "plant-7", "models": ["probe"], "serialPrefix": "sensor-" }),
    )
    .await;
    field.stack.import("sensor-00001").await;
    field.stack.import("gauge-00001").await;
    let by_certificate = Ways::Only(WayIn::Certificate);
    field.stack.import_for("sensor-00002", by_certificate).await;

    field
        .refuses(field.device("sensor-99999"), "SerialUnknown")
        .await;
    field
        .refuses(field.device("sensor-00002"), "SerialUnknown")
        .await;
    let mut of_another_model = field.device("sensor-00001");
    of_another_model.model = Some("lorry".into());
    field.refuses(of_another_model, "ModelUnknown").await;
    let mut nameless = field.device("sensor-00001");
    nameless.model = None;
    field.refuses(nameless, "ModelUnknown").await;
    let mut under_another_name = field.device("sensor-00001");
    under_another_name.client_id = "sensor-00003".into();
    field.refuses(under_another_name, "ClientIdMismatch").await;
    // With a client id that is none of the fleet's it does not even connect.
    let claim = field.unpacked.claim();
    for version in VERSIONS {
        let stranger = Attacker::connect(&field.stack, version, "gauge-00001", &claim, None).await;
        assert!(stranger.is_none(), "{version:?}");
    }

    let let_in = fleet(field.device("sensor-00001"), |_| {}).await.unwrap();
    assert_eq!(field.in_force().await, [let_in.certificate_id]);
    field
        .refuses(field.device("sensor-00001"), "AlreadyProvisioned")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_voucher_of_its_own_nobody_gets_into_a_fleet_with_vouchers() {
    let field = Field::with(json!({ "templateName": "plant-7", "admission": "voucher" })).await;
    let other = json!({ "templateName": "plant-8", "admission": "voucher" });
    set_up(&field.stack, &other).await.unwrap();
    let vouchers = field.stack.target.vouchers().unwrap();
    let issue = async |fleet: &str, serial: Option<&str>| {
        let fleet = FleetName::new(fleet).unwrap();
        let serial = serial.map(|serial| Serial::new(serial).unwrap());
        let issued = vouchers.issue(&fleet, serial.as_ref(), 0, LATER).await;
        issued.unwrap().text
    };
    let its = issue("plant-7", Some("sensor-00001")).await;
    let any = issue("plant-7", None).await;
    let of_another_fleet = issue("plant-8", None).await;
    let made_up = SecretString::from("00000-00000-00000-00000-000000");

    let refused = async |serial: &str, voucher: Option<&SecretString>, code: &str| {
        field
            .refuses(field.voucher_device(serial, voucher), code)
            .await;
    };
    refused("sensor-00001", None, "VoucherMissing").await;
    refused("sensor-00001", Some(&made_up), "VoucherInvalid").await;
    refused("sensor-00001", Some(&of_another_fleet), "VoucherInvalid").await;
    refused("sensor-00002", Some(&its), "VoucherInvalid").await;

    let mut let_in = Vec::new();
    for (serial, voucher) in [("sensor-00001", &its), ("sensor-00002", &any)] {
        let device = field.voucher_device(serial, Some(voucher));
        let_in.push(fleet(device, |_| {}).await.unwrap().certificate_id);
        // Replayed, it is good for nobody.
        refused("sensor-00003", Some(voucher), "VoucherInvalid").await;
        refused(serial, Some(voucher), "AlreadyProvisioned").await;
    }
    let_in.sort();
    assert_eq!(field.in_force().await, let_in);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_certificate_is_good_for_its_own_fleets_template_alone() {
    let field = Field::with(json!({ "templateName": "plant-7" })).await;
    let other = json!({ "templateName": "plant-8" });
    set_up(&field.stack, &other).await.unwrap();
    field.stack.import("sensor-00001").await;
    let claim = field.unpacked.claim();
    let key = DeviceKey::generate().unwrap();
    let mut thief = Claimant::connect(&field.stack, &claim, "sensor-00001").await;
    let made = thief.certificate(&key).await;
    let told = json!({ "SerialNumber": "sensor-00001" });
    let request =
        json!({ "certificateOwnershipToken": made.token, "parameters": told }).to_string();
    for template in ["plant-8", "plant-7-rotation", "plant-8-rotation", "theirs"] {
        let topic = provision(template, Format::Json);
        for version in VERSIONS {
            let connect = || async {
                Attacker::connect(&field.stack, version, "thief", &claim, None)
                    .await
                    .unwrap()
            };
            let taken = connect()
                .await
                .publish(&topic, request.as_bytes(), false)
                .await;
            assert!(!taken, "{topic} was taken from {version:?}");
            let heard = connect().await.subscribe(&accepted(&topic)).await;
            assert!(!heard, "{topic} may be listened to with {version:?}");
        }
    }
    assert_eq!(field.in_force().await, [""; 0]);
    assert!(field.stack.things().await.is_empty());

    // Where the policy let it through, the hook would say the same.
    let claim_id =
        muster_pki::certificate_id(&muster_pki::pem_to_der(&claim.certificate_pem).unwrap());
    for (template, code) in [
        ("plant-8", "ClaimNotOfFleet"),
        ("plant-7-rotation", "CertificateNotOfDevice"),
        ("plant-8-rotation", "CertificateNotOfDevice"),
        ("theirs", "FleetUnknown"),
    ] {
        let arn = format!("arn:aws:iot:us-east-1:000000000000:provisioningtemplate/{template}");
        let asked = json!({
            "claimCertificateId": claim_id, "certificateId": made.certificate_id(),
            "certificatePem": made.certificate_pem, "templateArn": arn, "clientId": "sensor-00001",
            "parameters": told,
        });
        let answer = invoke(&field.stack, "PreProvisioningHookFunction", &asked).await;
        assert_eq!(
            answer.unwrap(),
            json!({ "allowProvisioning": false }),
            "{template}"
        );
        assert!(
            field.codes("sensor-00001").await.contains(&code.to_owned()),
            "{template}"
        );
    }
    assert!(thief.provision("plant-7", &made, told).await, "its own");
}

/// What others ask and are answered holds tokens and vouchers; what they hear is what they trust.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_holder_hears_nothing_of_other_devices_and_says_nothing_to_them() {
    let field = Field::with(json!({ "templateName": "plant-7" })).await;
    let claim = field.unpacked.claim();
    let own = provision("plant-7", Format::Json);
    let asked = create_from_csr(Format::Json);
    let mut listening = Vec::new();
    for (number, filter) in [
        "#",
        "+/+/+",
        "devices/#",
        "devices/+/hello",
        "devices/sensor-00001/hello",
        "cmd/sensor-00001/#",
        "provision/+/accepted",
        "$aws/events/#",
        "$aws/things/sensor-00001/shadow/#",
        "$aws/certificates/#",
        "$aws/certificates/+/json",
        "$aws/certificates/+/json/accepted",
        "$aws/certificates/create/#",
        "$aws/certificates/create-from-csr/#",
        "$aws/certificates/create-from-csr/+/accepted",
        &asked,
        &accepted(&asked),
        "$aws/provisioning-templates/+/provision/json",
        "$aws/provisioning-templates/plant-7/#",
        "$aws/provisioning-templates/plant-7/provision/#",
        "$aws/provisioning-templates/plant-7/provision/+",
        "$share/thieves/$aws/provisioning-templates/plant-7/provision/json",
        &own,
        &accepted(&own),
    ]
    .iter()
    .enumerate()
    {
        for version in VERSIONS {
            let client_id = format!("thief-{number}");
            let thief = Attacker::connect(&field.stack, version, &client_id, &claim, None).await;
            let mut thief = thief.expect("any client id may connect");
            if thief.subscribe(filter).await {
                listening.push((format!("{filter} {version:?}"), thief));
            }
        }
    }
    field.stack.import("sensor-00001").await;
    let let_in = fleet(field.device("sensor-00001"), |_| {}).await.unwrap();
    for (filter, thief) in &mut listening {
        let topics: Vec<_> = thief.heard().iter().map(|heard| &heard.topic).collect();
        assert!(topics.is_empty(), "{filter} heard {topics:?}");
    }

    for topic in [
        "devices/sensor-00001/hello",
        "devices/thief/hello",
        "cmd/sensor-00001/reboot",
        "provision/sensor-00001/json",
        "$aws/things/sensor-00001/shadow/update",
        "$aws/events/presence/connected/sensor-00001",
        "$aws/rules/anything",
        &accepted(&asked),
        &accepted(&own),
    ] {
        for version in VERSIONS {
            let connect = |will| Attacker::connect(&field.stack, version, "thief", &claim, will);
            let mut thief = connect(None).await.unwrap();
            assert!(
                !thief.publish(topic, b"{}", false).await,
                "{topic} {version:?}"
            );
            assert!(
                connect(Some((topic, "{}"))).await.is_none(),
                "a will on {topic} {version:?}"
            );
        }
    }
    assert_eq!(field.in_force().await, [let_in.certificate_id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleets_device_keeps_to_its_own() {
    let field = Field::with(json!({ "templateName": "plant-7" })).await;
    field.stack.import("sensor-00001").await;
    let key = DeviceKey::generate().unwrap();
    let claim = field.unpacked.claim();
    let mut device = Claimant::connect(&field.stack, &claim, "sensor-00001").await;
    let made = device.certificate(&key).await;
    let told = json!({ "SerialNumber": "sensor-00001" });
    assert!(device.provision("plant-7", &made, told).await);
    drop(device);
    let own = made.identity(&key);
    let provision = provision("plant-7", Format::Json);
    let asked = create_from_csr(Format::Json);
    for version in VERSIONS {
        let connect =
            |client_id, will| Attacker::connect(&field.stack, version, client_id, &own, will);
        assert!(connect("sensor-00002", None).await.is_none(), "{version:?}");
        let mut device = connect("sensor-00001", None).await.unwrap();
        assert!(device.subscribe("cmd/sensor-00001/#").await);
        assert!(
            device
                .publish("devices/sensor-00001/hello", b"{}", false)
                .await
        );
        for filter in [
            "#",
            "devices/#",
            "cmd/+/reboot",
            "devices/sensor-00002/hello",
            &accepted(&provision),
        ] {
            let mut device = connect("sensor-00001", None).await.unwrap();
            assert!(!device.subscribe(filter).await, "{filter} {version:?}");
        }
        for topic in [
            "devices/sensor-00002/hello",
            "cmd/sensor-00002/reboot",
            &provision,
            &accepted(&asked),
        ] {
            let mut device = connect("sensor-00001", None).await.unwrap();
            assert!(
                !device.publish(topic, b"{}", false).await,
                "{topic} {version:?}"
            );
            let will = connect("sensor-00001", Some((topic, "{}"))).await;
            assert!(will.is_none(), "a will on {topic} {version:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_claim_one_serial_at_once_one_gets_in_and_the_other_is_told() {
    // With the serial as the client id each also ends the other's connection, over and over.
    for rule in ["any", "serial"] {
        let field = Field::with(json!({ "templateName": "plant-7", "clientId": rule })).await;
        let mut winners = Vec::new();
        for number in 1..=5 {
            let serial = format!("sensor-0000{number}");
            field.stack.import(&serial).await;
            let claims = |who: &str| {
                let mut device = field.unpacked.device(&serial, &format!("{serial}-{who}"));
                if rule == "any" {
                    device.client_id = format!("{serial}-{who}");
                }
                fleet(device, |_| {})
            };
            let (mut won, mut lost) = tokio::join!(claims("one"), claims("another"));
            if won.is_err() {
                std::mem::swap(&mut won, &mut lost);
            }
            winners.push(won.unwrap().certificate_id);
            let RunError::Refused { refused, .. } = lost.unwrap_err() else {
                panic!("the second {serial} was not told for good");
            };
            assert_eq!(refused.code, "AccessDenied", "{serial}");
            let codes = field.codes(&serial).await;
            assert!(
                !codes.is_empty() && codes.iter().all(|code| code == "AlreadyProvisioned"),
                "{codes:?}"
            );
            winners.sort();
            assert_eq!(field.in_force().await, winners, "{serial}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_answer_was_lost_gets_in_with_its_key_and_has_one_certificate_in_force() {
    let field = Field::with(json!({ "templateName": "plant-7" })).await;
    let serial = "sensor-00001";
    field.stack.import(serial).await;
    let told = json!({ "SerialNumber": serial });
    let claim = field.unpacked.claim();
    let key = DeviceKey::generate().unwrap();
    let mut device = Claimant::connect(&field.stack, &claim, serial).await;
    let lost = device.certificate(&key).await;
    assert!(device.provision("plant-7", &lost, told.clone()).await);
    // The same again: the certificate had come, and only the last answer was lost.
    assert!(device.provision("plant-7", &lost, told.clone()).await);
    assert_eq!(field.in_force().await, [lost.certificate_id()]);

    let made = device.certificate(&key).await;
    assert_ne!(made.certificate_id(), lost.certificate_id());
    assert!(device.provision("plant-7", &made, told.clone()).await);
    assert_eq!(field.in_force().await, [made.certificate_id()]);
    drop(device);
    assert!(works(&field.stack, serial, &made.identity(&key)).await);
    assert!(!works(&field.stack, serial, &lost.identity(&key)).await);

    // Whoever saw it happen has not the key.
    let mut thief = Claimant::connect(&field.stack, &claim, serial).await;
    let stolen = thief.certificate(&DeviceKey::generate().unwrap()).await;
    assert!(!thief.provision("plant-7", &stolen, told).await);
    assert_eq!(field.in_force().await, [made.certificate_id()]);
}

async fn works(stack: &Stack, serial: &str, own: &Identity) -> bool {
    let connected = Attacker::connect(stack, Version::V311, serial, own, None).await;
    let Some(mut device) = connected else {
        return false;
    };
    device
        .publish(&format!("devices/{serial}/hello"), b"{}", false)
        .await
}
