//! Devices that somebody else has made become Muster's, and renew their certificates as the others do.

use super::chunked::{member, of, renew};
use super::yard::{FLEET, Yard, today};
use crate::player::Identity;
use aws_sdk_iot::types::{AttributePayload, CertificateStatus};
use muster::adoption::{AdoptionError, Report, TermsError, Wanted, Which, adopt};
use muster::release::release;
use muster::rotation::{order, status};
use muster_cloud::operator::{Listed, Order, Things, Ways};
use muster_documents::{FleetName, ModelName, Serial};
use muster_onboarding::FailureKind;
use muster_onboarding::adoption::AdoptedDevice;
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::rotation::Day;
use muster_pki::DeviceKey;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// A policy as somebody may have written it long ago.
const THEIRS: &str = "theirs";

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

fn serial(text: &str) -> Serial {
    Serial::new(text).unwrap()
}

fn wanted(which: Which) -> Wanted {
    Wanted {
        which,
        fleet: None,
        model: None,
        spread_days: 1,
        attach_policy: false,
        date_things: false,
        dry_run: false,
    }
}

fn all() -> Wanted {
    wanted(Which::Listed(Listed::All))
}

fn named(names: &[&str]) -> Wanted {
    let names = names.iter().map(|name| (*name).to_owned());
    wanted(Which::Named(names.collect()))
}

fn adopted(report: &Report) -> Vec<&str> {
    let serials = report.adopted.iter().map(|one| one.serial.as_str());
    serials.collect()
}

fn left(report: &Report) -> BTreeMap<&str, &str> {
    let each = report.not_adopted.iter();
    each.map(|left| (left.thing.as_str(), left.reason))
        .collect()
}

impl Yard {
    async fn adopts(&self, wanted: &Wanted) -> Report {
        let report = adopt(&self.stack().target, wanted, now(), |_, _| {}).await;
        let report = report.unwrap();
        assert_eq!(report.failed, []);
        report
    }

    /// A thing as `aws iot create-thing` makes it.
    async fn thing(&self, name: &str, attributes: &[(&str, &str)]) {
        let mut payload = AttributePayload::builder();
        for (name, value) in attributes {
            payload = payload.attributes(*name, *value);
        }
        let made = self.stack().iot().create_thing().thing_name(name);
        let made = made.attribute_payload(payload.build());
        made.send().await.unwrap();
    }

    /// A certificate with a key of AWS IoT's, and a policy that lets connect and nothing else.
    async fn certificate(&self, active: bool) -> (Identity, String) {
        let iot = self.stack().iot();
        // It may be there.
        let _ = iot
            .create_policy()
            .policy_name(THEIRS)
            .policy_document(
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}"#,
            )
            .send()
            .await;
        let made = iot.create_keys_and_certificate().set_as_active(active);
        let made = made.send().await.unwrap();
        let arn = made.certificate_arn.unwrap();
        let attached = iot.attach_policy().policy_name(THEIRS).target(&arn);
        attached.send().await.unwrap();
        let identity = Identity {
            certificate_id: made.certificate_id.unwrap(),
            certificate_pem: made.certificate_pem.unwrap(),
            key_pem: made.key_pair.unwrap().private_key.unwrap(),
        };
        (identity, arn)
    }

    async fn attach(&self, thing: &str, arn: &str) {
        let iot = self.stack().iot();
        let attached = iot.attach_thing_principal().thing_name(thing);
        attached.principal(arn).send().await.unwrap();
    }

    /// A device with a thing and one certificate.
    async fn theirs(&self, name: &str, attributes: &[(&str, &str)]) -> Identity {
        self.thing(name, attributes).await;
        let (identity, arn) = self.certificate(true).await;
        self.attach(name, &arn).await;
        identity
    }

    async fn policies(&self, identity: &Identity) -> Vec<String> {
        let iot = self.stack().iot();
        let described = iot
            .describe_certificate()
            .certificate_id(&identity.certificate_id);
        let described = described.send().await.unwrap();
        let arn = described.certificate_description.unwrap().certificate_arn;
        let attached = iot.list_attached_policies().set_target(arn);
        let attached = attached.send().await.unwrap().policies.unwrap_or_default();
        let mut names: Vec<_> = attached
            .into_iter()
            .filter_map(|policy| policy.policy_name)
            .collect();
        names.sort();
        names
    }

    async fn ordered(&self, name: &str) -> Order {
        let rotations = self.stack().target.rotations().unwrap();
        let orders = order(&rotations, vec![serial(name)], today(), "now").await;
        orders.unwrap().remove(0).order
    }

    async fn due_today(&self) -> usize {
        let status = status(&self.stack().target, today(), 30).await.unwrap();
        status.due[0].devices
    }

    /// What the device hears when it is told to renew its certificate.
    async fn hears_of_its_rotation(&self, name: &str, identity: &Identity) {
        let mut device = self.listening(name, &of(identity)).await.unwrap();
        let run = self.run().await;
        assert_eq!(run.totals["notified"], 1, "{run:?}");
        let alert = device.hear().await.json();
        assert_eq!(alert["msg"], "rotate_cert");
        assert_eq!(alert["daysLeft"], 30, "nobody had asked it before");
    }
}

/// One of each kind.
struct Yards {
    yard: Yard,
    old: Identity,
    full: Identity,
    known: Identity,
}

impl Yards {
    async fn with_one_of_each() -> Self {
        let yard = Yard::without_fleet(&[]).await;
        let own = member(&yard, "own").await;
        let date = [("cert_issuance", "20180630"), ("site", "cellar")];
        let old = yard.theirs("old", &date).await;
        let full = [("a", "1"), ("b", "2"), ("c", "3")];
        let full = yard.theirs("full", &full).await;
        let known = yard.theirs("known", &[]).await;
        let devices = yard.stack().target.devices().unwrap();
        let name = serial("known");
        let imported = devices.import(&name, Some("meter"), Ways::AsBefore, "then");
        imported.await.unwrap();

        yard.thing("bare", &[]).await;
        yard.thing("off", &[]).await;
        let (_, off) = yard.certificate(false).await;
        yard.attach("off", &off).await;
        yard.theirs("two", &[]).await;
        let (_, second) = yard.certificate(true).await;
        yard.attach("two", &second).await;
        let (_, shared) = yard.certificate(true).await;
        for name in ["shared-1", "shared-2"] {
            yard.thing(name, &[]).await;
            yard.attach(name, &shared).await;
        }
        let arn = |id: &str| second.rsplit_once('/').unwrap().0.to_owned() + "/" + id;
        yard.thing("claiming", &[]).await;
        yard.attach("claiming", &arn(&yard.stack().claim_id)).await;
        // Somebody has moved the certificate of one of Muster's devices to a thing of theirs.
        yard.thing("moved", &[]).await;
        let moved = arn(&own.certificate_id);
        let detached = yard.stack().iot().detach_thing_principal();
        let detached = detached.thing_name("own").principal(&moved);
        detached.send().await.unwrap();
        yard.attach("moved", &moved).await;
        Self {
            yard,
            old,
            full,
            known,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_one_certificate_of_its_own_is_adopted_and_the_others_are_named() {
    let Yards {
        yard,
        old,
        full,
        known,
    } = Yards::with_one_of_each().await;
    let ledger = yard.stack().ledger().await;

    // Nothing changes.
    let rehearsed = Wanted {
        dry_run: true,
        attach_policy: true,
        date_things: true,
        ..all()
    };
    let rehearsal = yard.adopts(&rehearsed).await;
    assert_eq!(adopted(&rehearsal), ["full", "known", "old"]);
    assert_eq!(
        (rehearsal.policies_attached, rehearsal.things_dated),
        (3, 1)
    );
    assert_eq!(yard.stack().ledger().await.len(), ledger.len());
    assert_eq!(yard.policies(&old).await, [THEIRS]);
    assert_eq!(yard.date("known").await, None);

    let report = yard.adopts(&all()).await;
    assert_eq!(adopted(&report), ["full", "known", "old"]);
    assert_eq!(report.already_there, 1);
    assert_eq!(report.own_policies(), BTreeMap::from([(THEIRS, 3)]));
    assert_eq!(report.first_notice(), Some(today()));
    assert_eq!(report.policies_lacking, 3);
    assert_eq!(report.not_adopted, rehearsal.not_adopted);
    assert_eq!(
        left(&report),
        BTreeMap::from([
            ("bare", "NoCertificate"),
            ("claiming", "ClaimCertificate"),
            ("moved", "CertificateOfAnother"),
            ("off", "NoCertificate"),
            ("shared-1", "CertificateShared"),
            ("shared-2", "CertificateShared"),
            ("two", "SeveralCertificates"),
        ])
    );
    // Three items for each: the device, its certificate and its timeline; one device was known.
    assert_eq!(yard.stack().ledger().await.len(), ledger.len() + 8);

    let held = yard.held("old").await;
    assert_eq!(held.state, Some(DeviceState::Provisioned));
    assert_eq!(held.current.unwrap().id, old.certificate_id);
    assert_eq!(held.issued_on, "20180630".parse().ok());
    let read = muster_pki::pem_to_der(&full.certificate_pem).unwrap();
    let read = muster_pki::read_certificate(&read).unwrap();
    let held = yard.held("full").await;
    assert_eq!(held.fingerprint, Some(read.public_key_fingerprint));
    let not_before = Day::of(read.not_before_unix * 1000);
    assert_eq!(held.issued_on, Some(not_before));
    let (device, timeline) = yard.stack().show("known").await;
    let device = device.unwrap();
    assert_eq!(device.model.as_deref(), Some("meter"));
    assert_eq!(device.certificate_id, Some(known.certificate_id.clone()));
    assert_eq!(timeline.last().unwrap().event, "DeviceAdopted");
    // What they can do is as before.
    assert_eq!(yard.policies(&old).await, [THEIRS]);
    assert_eq!(yard.date("full").await, None);

    // Again, nothing is new; but what was not asked for before is done.
    let again = yard.adopts(&all()).await;
    assert_eq!((adopted(&again), again.already_there), (vec![], 4));
    assert_eq!(again.not_adopted, report.not_adopted);
    let more = Wanted {
        attach_policy: true,
        date_things: true,
        ..all()
    };
    let report = yard.adopts(&more).await;
    assert_eq!((report.policies_attached, report.policies_lacking), (3, 0));
    assert_eq!((report.things_dated, report.dates_lacking), (1, 1));
    let device_policy = yard.stack().output("DevicePolicyName").to_owned();
    let mut both = [device_policy, THEIRS.to_owned()];
    both.sort();
    assert_eq!(yard.policies(&old).await, both);
    let date = yard.held("known").await.issued_on.unwrap().to_string();
    assert_eq!(yard.date("known").await, Some(date));
    assert_eq!(yard.date("full").await, None, "it has no room");
    assert_eq!(yard.date("old").await.as_deref(), Some("20180630"));
    assert_eq!(yard.adopts(&more).await.policies_attached, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_device_is_told_and_renews_its_certificate_in_chunks() {
    let yard = Yard::without_fleet(&[]).await;
    let old = yard
        .theirs("sensor-1", &[("cert_issuance", "20180630")])
        .await;
    yard.theirs("sensor-2", &[]).await;
    let missing = named(&["sensor-1", "sensor-2", "nobody", "no/body"]);
    let report = yard
        .adopts(&Wanted {
            attach_policy: true,
            ..missing
        })
        .await;
    assert_eq!(adopted(&report), ["sensor-1", "sensor-2"]);
    assert_eq!(
        left(&report),
        BTreeMap::from([("no/body", "NameMalformed"), ("nobody", "ThingMissing")])
    );
    assert_eq!(yard.due_today().await, 1, "the new one is not due");
    yard.hears_of_its_rotation("sensor-1", &old).await;

    let new = renew(&yard, "sensor-1", &old).await;
    assert!(yard.connects("sensor-1", &of(&new)).await);
    yard.in_force("sensor-1", &of(&new)).await;
    assert_eq!(
        yard.status(&of(&old)).await,
        Some(CertificateStatus::Inactive)
    );
    assert_eq!(yard.date("sensor-1").await, Some(today().to_string()));
    // Imported once more, it is not taken for what it was.
    let again = yard.adopts(&all()).await;
    assert_eq!((again.already_there, again.not_adopted), (2, vec![]));
    assert_eq!(yard.held("sensor-1").await.issued_on, Some(today()));

    // What else is done with devices.
    assert_eq!(yard.ordered("sensor-2").await, Order::Ordered);
    let taken = release(&yard.stack().target, &serial("sensor-2")).await;
    assert_eq!(taken.unwrap().len(), 1);
    assert_eq!(yard.held("sensor-2").await.state, Some(DeviceState::Known));
    assert_eq!(yard.attached("sensor-2").await, Vec::<String>::new());
    let things = yard.stack().things().await;
    assert!(things.contains(&"sensor-2".to_owned()), "it is theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_adopted_into_a_fleet_renews_its_certificate_by_the_fleets_template() {
    let yard = Yard::with(&[]).await;
    let old = yard
        .theirs("sensor-1", &[("cert_issuance", "20180630")])
        .await;
    yard.theirs("sensor-2", &[]).await;
    yard.adopts(&named(&["sensor-2"])).await;
    let into = |fleet: &str| Wanted {
        fleet: Some(FleetName::new(fleet).unwrap()),
        attach_policy: true,
        ..all()
    };
    let nowhere = adopt(&yard.stack().target, &into("plant-8"), now(), |_, _| {}).await;
    assert!(matches!(
        nowhere,
        Err(AdoptionError::Terms(TermsError::NoFleet(_)))
    ));
    let wanted = Wanted {
        model: Some(ModelName::new("meter").unwrap()),
        ..into(FLEET)
    };
    let report = yard.adopts(&wanted).await;
    assert_eq!(adopted(&report), ["sensor-1"]);
    assert_eq!(
        left(&report),
        BTreeMap::from([("sensor-2", "OfAnotherFleet")])
    );
    let held = yard.held("sensor-1").await;
    assert_eq!(held.fleet.as_deref(), Some(FLEET));
    assert_eq!(held.model.as_deref(), Some("meter"));
    yard.hears_of_its_rotation("sensor-1", &old).await;

    let new = yard.asks("sensor-1", &of(&old)).await;
    let new = new.expect("it is due");
    assert!(yard.connects("sensor-1", &new).await);
    yard.in_force("sensor-1", &new).await;
    assert_eq!(
        yard.status(&of(&old)).await,
        Some(CertificateStatus::Inactive)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_comes_in_meanwhile_is_not_written_over() {
    let yard = Yard::without_fleet(&[]).await;
    member(&yard, "sensor-1").await;
    let before = yard.held("sensor-1").await;
    let device = AdoptedDevice {
        serial: serial("sensor-1"),
        certificate: before.current.clone().unwrap(),
        fingerprint: DeviceKey::generate().unwrap().fingerprint(),
        not_after: i64::from(u32::MAX),
        fleet: None,
        model: None,
        issued_on: "20180630".parse().unwrap(),
        rotation_day: today(),
        at: 0,
        expires_at: i64::from(u32::MAX),
    };
    let ledger = yard.stack().target.ledger().unwrap();
    let failure = ledger.adopt_device(&device).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::ConditionFailed);
    assert_eq!(yard.held("sensor-1").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn things_are_chosen_by_type_attribute_and_group() {
    let yard = Yard::without_fleet(&[]).await;
    let iot = yard.stack().iot();
    yard.thing("plain", &[]).await;
    yard.thing("sited", &[("site", "cellar")]).await;
    yard.thing("grouped", &[("site", "roof")]).await;
    let made = iot.create_thing_type().thing_type_name("sensor");
    made.send().await.unwrap();
    let typed = iot.create_thing().thing_name("typed");
    typed.thing_type_name("sensor").send().await.unwrap();
    let made = iot.create_thing_group().thing_group_name("group");
    made.send().await.unwrap();
    let added = iot.add_thing_to_thing_group().thing_group_name("group");
    added.thing_name("grouped").send().await.unwrap();

    let things = Things::new(&yard.stack().target.cloud);
    let of_site = Listed::With {
        attribute: "site".to_owned(),
        value: "cellar".to_owned(),
    };
    for (listed, found) in [
        (Listed::OfType("sensor".to_owned()), "typed"),
        (of_site, "sited"),
        (Listed::InGroup("group".to_owned()), "grouped"),
    ] {
        assert_eq!(things.names(&listed).await.unwrap(), [found]);
    }
    assert_eq!(things.names(&Listed::All).await.unwrap().len(), 4);
    let nowhere = things.names(&Listed::InGroup("nowhere".to_owned())).await;
    assert_eq!(nowhere.unwrap_err().kind, FailureKind::NotFound);
}
