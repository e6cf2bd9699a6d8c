use super::*;
use muster_documents::{RefusalCode, TopicPrefixes};
use muster_lambda::SqsAttributes;
use muster_onboarding::FailureKind;
use muster_onboarding::claims::SurgeRule;
use muster_onboarding::ports::{BusEvent, ClaimRecord, ClaimSurge, HourCount};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// When requests are made: 2026-01-01T00:00:00Z, in milliseconds.
const NOW: i64 = 1_767_225_600_000;

fn failure(kind: FailureKind) -> CloudFailure {
    CloudFailure {
        kind,
        action: "test:Call",
        message: "slow down".into(),
        source: None,
    }
}

#[derive(Default)]
struct Started(Mutex<Vec<(String, String)>>);

impl Workflow for Started {
    async fn start(&self, name: &str, input: String) -> Result<(), CloudFailure> {
        if input.contains("throttled-device") {
            return Err(failure(FailureKind::Throttled));
        }
        self.0.lock().unwrap().push((name.to_owned(), input));
        Ok(())
    }
}

impl Started {
    fn inputs(&self) -> Vec<ClaimRequest> {
        let started = self.0.lock().unwrap();
        let inputs = started.iter().map(|(_, input)| input);
        inputs
            .map(|input| serde_json::from_str(input).unwrap())
            .collect()
    }

    fn refusals(&self) -> Vec<Option<RefusalCode>> {
        let inputs = self.inputs().into_iter();
        inputs
            .map(|input| input.refusal.map(|refusal| refusal.code))
            .collect()
    }
}

#[derive(Default)]
struct State {
    claims: BTreeMap<String, ClaimRecord>,
    /// Requests of this hour's.
    requests: i64,
    /// Whether its surge is told.
    surged: bool,
    /// What is told and done.
    done: Vec<String>,
    unreadable: bool,
    uncountable: bool,
    /// How often noting a surge fails yet.
    conflicts: usize,
}

/// Ledger, certificates and bus.
#[derive(Clone, Default)]
struct World(Arc<Mutex<State>>);

impl ClaimRecords for World {
    async fn claim_record(&self, id: &str) -> Result<Option<ClaimRecord>, CloudFailure> {
        let state = self.0.lock().unwrap();
        if state.unreadable {
            return Err(failure(FailureKind::Throttled));
        }
        Ok(state.claims.get(id).cloned())
    }
}

impl ClaimLedger for World {
    async fn count_request(
        &self,
        _id: &str,
        hour: &str,
        _expires_at: i64,
    ) -> Result<HourCount, CloudFailure> {
        assert_eq!(hour, "2026-01-01T00");
        let mut state = self.0.lock().unwrap();
        if state.uncountable {
            return Err(failure(FailureKind::Unavailable));
        }
        state.requests += 1;
        Ok(HourCount {
            requests: state.requests,
            surged: state.surged,
            threshold: None,
        })
    }

    async fn requests_between(&self, _: &str, _: &str, _: &str) -> Result<i64, CloudFailure> {
        Ok(0)
    }

    async fn note_threshold(&self, _: &str, _: &str, _: i64) -> Result<(), CloudFailure> {
        Ok(())
    }

    async fn note_surge(&self, surge: &ClaimSurge) -> Result<bool, CloudFailure> {
        assert_eq!(surge.fleet, None);
        let mut state = self.0.lock().unwrap();
        if state.conflicts > 0 {
            state.conflicts -= 1;
            return Err(failure(FailureKind::Throttled));
        }
        Ok(!std::mem::replace(&mut state.surged, true))
    }

    async fn shut_claim(&self, id: &str, why: &str) -> Result<(), CloudFailure> {
        let mut state = self.0.lock().unwrap();
        state.claims.get_mut(id).unwrap().shut = Some(why.to_owned());
        Ok(())
    }
}

impl CertificateSwitch for World {
    async fn deactivate_certificate(&self, id: &str) -> Result<(), CloudFailure> {
        let done = format!("deactivate {}", &id[..2]);
        self.0.lock().unwrap().done.push(done);
        Ok(())
    }
}

impl EventBus for World {
    async fn tell(&self, event: &BusEvent) -> Result<(), CloudFailure> {
        self.0.lock().unwrap().done.push(event.name.to_owned());
        Ok(())
    }
}

/// An id of a certificate's, by its beginning.
fn certificate(beginning: &str) -> String {
    format!("{beginning:0<64}")
}

/// With the claim certificate `aa…`, which may ask twice an hour.
fn intake() -> (Intake<Started, World, World, World>, World) {
    let world = World::default();
    let claims = &mut world.0.lock().unwrap().claims;
    claims.insert(certificate("aa"), ClaimRecord::default());
    let intake = Intake {
        rules: ClaimRules {
            prefixes: TopicPrefixes {
                provisioning: "provision".into(),
                rotation: "rotate".into(),
            },
            legacy_mode: true,
        },
        machines: Machines {
            provisioning: Started::default(),
            rotation: Started::default(),
        },
        claims: Claims {
            ledger: world.clone(),
            certificates: world.clone(),
            bus: world.clone(),
            surge_rule: SurgeRule {
                minimum: 2,
                factor: 10,
                shuts: true,
            },
        },
    };
    (intake, world.clone())
}

fn record_of(id: &str, topic: &str, client_id: &str, principal: Option<&str>) -> SqsRecord {
    let message = serde_json::json!({
        "payload": "e30=", "topic": topic, "clientId": client_id, "principal": principal, "timestamp": NOW,
    });
    SqsRecord {
        message_id: id.into(),
        body: message.to_string(),
        attributes: SqsAttributes::default(),
    }
}

fn record(id: &str, client_id: &str) -> SqsRecord {
    let topic = format!("provision/{client_id}/json");
    record_of(id, &topic, client_id, Some(&certificate("aa")))
}

async fn take(
    intake: &Intake<Started, World, World, World>,
    records: Vec<SqsRecord>,
) -> Vec<String> {
    let response = intake.take(NOW, SqsBatch { records }).await.unwrap();
    let failed = response.batch_item_failures.into_iter();
    failed.map(|item| item.item_identifier).collect()
}

#[tokio::test]
async fn only_what_failed_is_delivered_again() {
    let (intake, _) = intake();
    let records = vec![
        record("m1", "sensor-1"),
        record("m2", "throttled-device"),
        SqsRecord {
            message_id: "m3".into(),
            body: "not a rule's message".into(),
            attributes: SqsAttributes::default(),
        },
        record("m4", "sensor-4"),
    ];
    assert_eq!(take(&intake, records).await, ["m2", "m3"]);
    assert_eq!(intake.machines.provisioning.inputs().len(), 2);
    assert!(intake.machines.rotation.inputs().is_empty());
}

#[tokio::test]
async fn a_device_that_renews_its_certificate_starts_a_workflow_of_its_own_and_needs_no_claim() {
    let (intake, world) = intake();
    world.0.lock().unwrap().unreadable = true;
    let own = record_of(
        "m1",
        "rotate/sensor-1/json",
        "sensor-1",
        Some(&certificate("bb")),
    );
    assert!(take(&intake, vec![own]).await.is_empty());
    assert!(intake.machines.provisioning.inputs().is_empty());
    let [input] = &intake.machines.rotation.inputs()[..] else {
        panic!("one is started")
    };
    assert_eq!(input.principal, Some(certificate("bb")));
    assert_eq!(input.purpose, Purpose::Rotation);
}

#[tokio::test]
async fn who_asks_without_an_open_claim_certificate_is_refused() {
    let (intake, world) = intake();
    let fleets = ClaimRecord {
        fleet: Some("plant-7".into()),
        ..ClaimRecord::default()
    };
    let shut = ClaimRecord {
        shut: Some("operator".into()),
        ..ClaimRecord::default()
    };
    let claims = [(certificate("ff"), fleets), (certificate("55"), shut)];
    world.0.lock().unwrap().claims.extend(claims);
    let principals = [
        None,
        Some("AIDAEXAMPLE:user".to_owned()),
        Some(certificate("cc")),
        Some(certificate("ff")),
        Some(certificate("55")),
    ];
    let records = principals.map(|principal| {
        record_of(
            "m1",
            "provision/sensor-1/json",
            "sensor-1",
            principal.as_deref(),
        )
    });
    assert!(take(&intake, records.into()).await.is_empty());
    let (unknown, shut) = (RefusalCode::ClaimUnknown, RefusalCode::ClaimShut);
    let expected = [unknown, unknown, unknown, unknown, shut].map(Some);
    assert_eq!(intake.machines.provisioning.refusals(), expected);
    let counted = world.0.lock().unwrap().requests;
    assert_eq!(counted, 1, "that of the one that is shut");
}

#[tokio::test]
async fn a_claim_certificate_that_is_used_too_much_is_shut_from_that_request_on() {
    let (intake, world) = intake();
    let records = ["m1", "m2", "m3", "m4"].map(|id| record(id, "sensor-1"));
    assert!(take(&intake, records.into()).await.is_empty());
    let shut = Some(RefusalCode::ClaimShut);
    assert_eq!(
        intake.machines.provisioning.refusals(),
        [None, None, shut, shut]
    );
    assert_eq!(
        world.0.lock().unwrap().done,
        ["deactivate aa", "ClaimSurge"]
    );
}

#[tokio::test]
async fn a_surge_that_could_not_be_told_is_told_with_the_next_request() {
    let (intake, world) = intake();
    world.0.lock().unwrap().conflicts = 2;
    let records = ["m1", "m2", "m3", "m4", "m5", "m6"].map(|id| record(id, "sensor-1"));
    assert!(take(&intake, records.into()).await.is_empty());
    let done = &world.0.lock().unwrap().done;
    let told = done.iter().filter(|what| *what == "ClaimSurge").count();
    assert_eq!(told, 1, "{done:?}");
    let tried = done.iter().filter(|what| *what == "deactivate aa").count();
    assert_eq!(tried, 3, "AWS IoT was asked again: {done:?}");
}

#[tokio::test]
async fn what_is_delivered_again_is_counted_once() {
    let (intake, world) = intake();
    let again = ["1", "2", "3", "4"].map(|times| SqsRecord {
        attributes: SqsAttributes {
            approximate_receive_count: times.to_owned(),
        },
        ..record("m1", "sensor-1")
    });
    assert!(take(&intake, again.into()).await.is_empty());
    assert_eq!(world.0.lock().unwrap().requests, 1);
}

#[tokio::test]
async fn what_has_waited_as_long_as_a_dead_letter_is_not_counted() {
    let (intake, world) = intake();
    for (age, counted) in [(COUNTED_AGE, 0), (COUNTED_AGE - 1, 1)] {
        let records = vec![record("m1", "sensor-1")];
        intake.take(NOW + age, SqsBatch { records }).await.unwrap();
        assert_eq!(world.0.lock().unwrap().requests, counted);
    }
}

#[tokio::test]
async fn a_request_waits_while_claims_cannot_be_looked_up_and_not_while_they_cannot_be_counted() {
    let (intake, world) = intake();
    world.0.lock().unwrap().unreadable = true;
    assert_eq!(take(&intake, vec![record("m1", "sensor-1")]).await, ["m1"]);
    assert!(intake.machines.provisioning.inputs().is_empty());
    world.0.lock().unwrap().unreadable = false;
    world.0.lock().unwrap().uncountable = true;
    assert!(
        take(&intake, vec![record("m1", "sensor-1")])
            .await
            .is_empty()
    );
    assert_eq!(intake.machines.provisioning.refusals(), [None]);
}

#[tokio::test]
async fn a_redelivered_message_starts_an_execution_of_the_same_name() {
    let (intake, _) = intake();
    for _ in 0..2 {
        take(&intake, vec![record("0b1c", "sensor:1")]).await;
    }
    let started = intake.machines.provisioning.0.lock().unwrap();
    assert_eq!(started[0], started[1]);
    assert_eq!(started[0].0, "sensor-1-0b1c");
}

#[test]
fn an_execution_name_is_never_too_long() {
    let message = DeviceMessage {
        payload: "e30=".into(),
        topic: format!("provision/{}/json", "a".repeat(128)),
        client_id: "a".repeat(128),
        principal: None,
        timestamp: 0,
    };
    let request = judge(&intake().0.rules, &message);
    assert_eq!(
        execution_name(&request, "059f36b4-87a3-44ab-83d2-661975830a7d").len(),
        80
    );
}
