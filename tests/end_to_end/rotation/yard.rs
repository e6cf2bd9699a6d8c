//! A fleet whose certificates get old.

use crate::fleets::claimant::{Claimant, Made};
use crate::fleets::field::Field;
use crate::support::{Attacker, Identity, Stack, Version, wait_until};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iot::types::CertificateStatus;
use aws_sdk_sfn::types::ExecutionStatus;
use edge_client::FolderDisk;
use muster_device::{Credentials, read_slots};
use muster_documents::{Serial, alerts_topic};
use muster_onboarding::ledger::{PK, SK, STATE_SK, device_key};
use muster_onboarding::ports::{DeviceRecords, HeldDevice};
use muster_onboarding::rotation::Day;
use muster_pki::DeviceKey;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// The fleet.
pub const FLEET: &str = "plant-7";

/// A stack, and its fleet if it has one.
pub struct Yard {
    place: Place,
}

enum Place {
    Fleet(Field),
    Stack(Stack),
}

/// How a run of the workflow ended.
#[derive(Debug, PartialEq)]
pub struct Run {
    pub status: ExecutionStatus,
    pub totals: Value,
}

/// Today, as the functions see it.
pub fn today() -> Day {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Day::of(i64::try_from(now.as_millis()).unwrap())
}

/// What a store's current certificate is.
pub fn current(store: &Path) -> Identity {
    identity(
        &read_slots(&FolderDisk::look(store))
            .unwrap()
            .current
            .unwrap(),
    )
}

fn identity(credentials: &Credentials) -> Identity {
    Identity {
        certificate_pem: credentials.certificate_pem().to_owned(),
        key_pem: credentials.private_key_pem().expose_secret().to_owned(),
    }
}

/// A certificate's id.
pub fn id_of(identity: &Identity) -> String {
    muster_pki::certificate_id(&muster_pki::pem_to_der(&identity.certificate_pem).unwrap())
}

impl Yard {
    pub async fn with(parameters: &[(&str, &str)]) -> Self {
        let stack = Stack::start(parameters).await;
        let field = Field::on(stack, json!({ "templateName": FLEET })).await;
        Self {
            place: Place::Fleet(field),
        }
    }

    pub async fn without_fleet(parameters: &[(&str, &str)]) -> Self {
        Self {
            place: Place::Stack(Stack::start(parameters).await),
        }
    }

    pub fn stack(&self) -> &Stack {
        match &self.place {
            Place::Fleet(field) => &field.stack,
            Place::Stack(stack) => stack,
        }
    }

    pub fn field(&self) -> &Field {
        match &self.place {
            Place::Fleet(field) => field,
            Place::Stack(_) => panic!("it has no fleet"),
        }
    }

    /// A device that is in.
    pub async fn member(&self, serial: &str) -> Identity {
        self.stack().import(serial).await;
        let config = self.field().device(serial);
        let store = config.store.clone();
        edge_client::fleet(config, |_| {}).await.unwrap();
        current(&store)
    }

    /// What the ledger says of a device.
    pub async fn held(&self, serial: &str) -> HeldDevice {
        let ledger = self.stack().target.ledger().unwrap();
        let held = ledger.held(&Serial::new(serial).unwrap()).await.unwrap();
        held.expect("the ledger knows it")
    }

    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.stack().target.cloud.config)
    }

    /// Writes days into the ledger, of the device itself or of another item of its partition.
    pub async fn set_days(&self, serial: &str, sk: &str, days: &[(&str, Day)]) {
        let mut update = self
            .dynamodb()
            .update_item()
            .table_name(self.stack().output("LedgerTableName"))
            .key(
                PK,
                AttributeValue::S(device_key(&Serial::new(serial).unwrap())),
            )
            .key(SK, AttributeValue::S(sk.to_owned()))
            .condition_expression("attribute_exists(pk)");
        let sets: Vec<_> = days
            .iter()
            .enumerate()
            .map(|(number, (name, _))| format!("{name} = :day{number}"))
            .collect();
        update = update.update_expression(format!("SET {}", sets.join(", ")));
        for (number, (_, day)) in days.iter().enumerate() {
            let day = AttributeValue::S(day.to_string());
            update = update.expression_attribute_values(format!(":day{number}"), day);
        }
        update.send().await.unwrap();
    }

    /// The device's certificate is so many days old.
    pub async fn ages(&self, serial: &str, days: i64) {
        let issued_on = today().plus(-days);
        let due = issued_on.plus(365);
        let days = [("issuedOn", issued_on), ("rotationDay", due)];
        self.set_days(serial, STATE_SK, &days).await;
        // Else the ledger would take the thing's date for one that somebody has edited.
        self.edit_date(serial, &issued_on.to_string()).await;
    }

    /// The device is notified again, as on another day.
    pub async fn next_day(&self, serial: &str) {
        let days = [("askedOn", today().plus(-1)), ("rotationDay", today())];
        self.set_days(serial, STATE_SK, &days).await;
    }

    /// Time has passed for every certificate of the device's that is not in force: what was never used is to be shut out, and
    /// a day later to be undone; what is retired is to be deleted.
    pub async fn time_passes(&self, serial: &str) {
        let table = self.stack().output("LedgerTableName");
        let partition = device_key(&Serial::new(serial).unwrap());
        let found = self
            .dynamodb()
            .query()
            .table_name(table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :certificate)")
            .filter_expression("attribute_exists(standing)")
            .expression_attribute_values(":pk", AttributeValue::S(partition))
            .expression_attribute_values(":certificate", AttributeValue::S("certificate#".into()))
            .send()
            .await
            .unwrap();
        for item in found.items() {
            let sk = item[SK].as_s().unwrap();
            self.set_days(serial, sk, &[("rotationDay", today())]).await;
        }
        self.a_day_passes_since_it_was_shut_out(serial).await;
    }

    /// If the device's next certificate is shut out.
    async fn a_day_passes_since_it_was_shut_out(&self, serial: &str) {
        let key = device_key(&Serial::new(serial).unwrap());
        let shifted = self
            .dynamodb()
            .update_item()
            .table_name(self.stack().output("LedgerTableName"))
            .key(PK, AttributeValue::S(key))
            .key(SK, AttributeValue::S(STATE_SK.to_owned()))
            .condition_expression("attribute_exists(nextShutAt)")
            .update_expression("SET nextShutAt = nextShutAt - :day")
            .expression_attribute_values(":day", AttributeValue::N("86400000".to_owned()))
            .send()
            .await
            .map_err(aws_sdk_dynamodb::Error::from);
        let is_not = |error: &aws_sdk_dynamodb::Error| {
            matches!(
                error,
                aws_sdk_dynamodb::Error::ConditionalCheckFailedException(_)
            )
        };
        assert!(shifted.as_ref().err().is_none_or(is_not), "{shifted:?}");
    }

    /// The ids of the certificates that are attached to a thing.
    pub async fn attached(&self, serial: &str) -> Vec<String> {
        let listed = self.stack().iot().list_thing_principals();
        let listed = listed.thing_name(serial).send().await.unwrap();
        let ids = listed.principals().iter();
        ids.filter_map(|arn| arn.rsplit('/').next())
            .map(str::to_owned)
            .collect()
    }

    /// Runs the workflow by hand.
    pub async fn run(&self) -> Run {
        self.run_with(json!({ "windowMinutes": 0 })).await
    }

    pub async fn run_with(&self, input: Value) -> Run {
        let machine = self.stack().output("CertificateRotationStateMachineArn");
        let started = self
            .stack()
            .sfn()
            .start_execution()
            .state_machine_arn(machine)
            .input(input.to_string())
            .send()
            .await
            .unwrap();
        wait_until("the run's end", || async {
            let described = self
                .stack()
                .sfn()
                .describe_execution()
                .execution_arn(started.execution_arn())
                .send()
                .await
                .unwrap();
            let status = described.status().clone();
            let totals = described.output().unwrap_or("null");
            (status != ExecutionStatus::Running).then(|| Run {
                status,
                totals: serde_json::from_str(totals).unwrap(),
            })
        })
        .await
    }

    /// The device with this certificate, listening for alerts; `None` if it cannot connect.
    pub async fn listening(&self, serial: &str, identity: &Identity) -> Option<Attacker> {
        let connection = Attacker::connect(self.stack(), Version::V5, serial, identity, None);
        let mut device = connection.await?;
        let topic = alerts_topic(&Serial::new(serial).unwrap());
        assert!(device.subscribe(&topic).await);
        Some(device)
    }

    pub async fn connects(&self, serial: &str, identity: &Identity) -> bool {
        let connection = Attacker::connect(self.stack(), Version::V5, serial, identity, None);
        connection.await.is_some()
    }

    /// Asks for another certificate with this one. `None` if the hook says no.
    pub async fn asks(&self, serial: &str, identity: &Identity) -> Option<Identity> {
        let key = DeviceKey::generate().unwrap();
        let mut asking = Claimant::connect(self.stack(), identity, serial).await;
        let made: Made = asking.certificate(&key).await;
        let template = format!("{FLEET}-rotation");
        let told = json!({ "SerialNumber": serial });
        let given = asking.provision(&template, &made, told).await;
        given.then(|| made.identity(&key))
    }

    /// Waits until this is the certificate in force, and the one before is retired.
    pub async fn in_force(&self, serial: &str, identity: &Identity) {
        let id = id_of(identity);
        wait_until("the certificate to be in force", || async {
            let held = self.held(serial).await;
            let current = held.current.as_ref().map(|current| current.id.as_str());
            (current == Some(&id) && held.rotation.retiring.is_none()).then_some(())
        })
        .await;
    }

    /// A certificate's status; `None` if it is not there.
    pub async fn status(&self, identity: &Identity) -> Option<CertificateStatus> {
        let id = id_of(identity);
        let described = self.stack().iot().describe_certificate().certificate_id(id);
        let described = described.send().await.ok()?;
        described.certificate_description()?.status().cloned()
    }

    /// A thing's date.
    pub async fn date(&self, serial: &str) -> Option<String> {
        let described = self.stack().iot().describe_thing().thing_name(serial);
        let mut attributes = described
            .send()
            .await
            .unwrap()
            .attributes
            .unwrap_or_default();
        attributes.remove("cert_issuance")
    }

    /// Edits a thing's date by hand.
    pub async fn edit_date(&self, serial: &str, date: &str) {
        let attributes = aws_sdk_iot::types::AttributePayload::builder()
            .attributes("cert_issuance", date)
            .merge(true)
            .build();
        self.stack()
            .iot()
            .update_thing()
            .thing_name(serial)
            .attribute_payload(attributes)
            .send()
            .await
            .unwrap();
    }

    /// Waits until the ledger has a thing's date.
    pub async fn follows(&self, serial: &str, date: &str) {
        wait_until("the ledger to follow", || async {
            let held = self.held(serial).await;
            (held.issued_on?.to_string() == date).then_some(())
        })
        .await;
    }
}
