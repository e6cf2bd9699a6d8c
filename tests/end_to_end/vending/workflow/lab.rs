//! Runs altered copies of the deployed workflow, as certificate-vendor runs the workflow itself.

use super::scenario::{Scenario, Variant};
use crate::support::{Identity, wait_until};
use crate::vending::desk::Desk;
use crate::workflow::Definition;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEventType};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::{RefusalCode, Serial, VendingResult, VendingTask};
use muster_onboarding::ledger::{PK, SK, STATE_SK, device_key};
use muster_onboarding::tokens::Opens;
use muster_pki::{DeviceKey, der_to_pem};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A stack, and its workflow as it was deployed.
pub struct Lab {
    pub desk: Desk,
    pub deployed: Definition,
    role: String,
    runs: AtomicUsize,
}

/// How an execution ended.
#[derive(Debug)]
pub struct Ended {
    output: Value,
    execution: String,
}

impl Ended {
    /// Why it gives none, if it says so; whether the device may ask again.
    pub fn refusal(&self) -> Option<(RefusalCode, bool)> {
        let result: Option<VendingResult> = serde_json::from_value(self.output.clone()).ok();
        let refusal = result?.refusal?;
        Some((refusal.code, refusal.retryable))
    }

    /// The certificate that it gives, if it does.
    pub fn certificate_id(&self) -> Option<String> {
        let result: Option<VendingResult> = serde_json::from_value(self.output.clone()).ok();
        result?.certificate_id
    }
}

/// A device that is about to ask.
pub struct Asking {
    pub serial: Serial,
    pub key: DeviceKey,
    pub keyless: bool,
}

impl Asking {
    /// Whoever has the same token and another key.
    pub fn with_another_key(&self) -> Self {
        Self {
            serial: self.serial.clone(),
            key: DeviceKey::generate().unwrap(),
            keyless: false,
        }
    }

    /// Whoever has the same token and no key, so that one is made.
    pub fn without_a_key(&self) -> Self {
        Self {
            keyless: true,
            ..self.with_another_key()
        }
    }
}

impl Lab {
    pub async fn open() -> Self {
        let desk = Desk::open().await;
        let machine = desk.stack.output("CertificateVendingStateMachineArn");
        let described = desk.stack.sfn().describe_state_machine();
        let machine = described.state_machine_arn(machine).send().await.unwrap();
        Self {
            deployed: Definition::parse(machine.definition()),
            role: machine.role_arn().to_owned(),
            runs: AtomicUsize::new(0),
            desk,
        }
    }

    /// Runs a variant without judging it; the task states that it came through, in order.
    pub async fn way(&self, variant: &Variant) -> Vec<String> {
        let asking = self.prepared(variant).await;
        let ended = self
            .run(
                &variant.name(),
                &variant.definition(self.deployed.clone()),
                &asking,
            )
            .await;
        let history = self.desk.stack.sfn().get_execution_history();
        let history = history
            .execution_arn(ended.execution)
            .max_results(1000)
            .send()
            .await;
        let history = history.unwrap();
        let entered = history.events().iter();
        let entered = entered.filter(|event| event.r#type() == &HistoryEventType::TaskStateEntered);
        entered
            .filter_map(|event| event.state_entered_event_details())
            .map(|state| state.name().to_owned())
            .collect()
    }

    /// Runs a variant; what is wrong with its end, and with that of asking again, in sentences.
    pub async fn try_out(&self, variant: &Variant) -> Vec<String> {
        let name = variant.name();
        let mut asking = self.prepared(variant).await;
        let ended = self
            .run(&name, &variant.definition(self.deployed.clone()), &asking)
            .await;
        // What is being undone is not gone on with.
        let pending = match variant.scenario {
            Scenario::Undoing => None,
            _ => self.pending(&asking.serial).await,
        };
        let begun = ended.certificate_id().or(pending);
        if variant.scenario == Scenario::Spent {
            return match ended.certificate_id() {
                Some(id) => vec![format!("it gives {id} for a token that another has spent")],
                None => Vec::new(),
            };
        }
        if asking.keyless && ended.certificate_id().is_none() {
            // Its key is gone with the answer.
            asking.key = DeviceKey::generate().unwrap();
            self.a_minute_passes(&asking.serial).await;
        }
        let again = self
            .run(&format!("{name}-again"), &self.deployed, &asking)
            .await;
        let Some(id) = again.certificate_id() else {
            return vec![format!(
                "asked again it gives nothing: {again:?} after {ended:?}"
            )];
        };
        let mut wrong = Vec::new();
        if !asking.keyless && begun.as_ref().is_some_and(|begun| *begun != id) {
            wrong.push(format!(
                "it gives {id} and not {begun:?}, which it has begun"
            ));
        }
        let held = self
            .desk
            .held(asking.serial.as_str())
            .await
            .unwrap_or_default();
        let given = [held.current, held.rotation.next]
            .into_iter()
            .flatten()
            .find(|one| one.id == id);
        let Some(given) = given else {
            wrong.push(format!("the ledger does not have {id}"));
            return wrong;
        };
        let identity = Identity {
            certificate_pem: der_to_pem("CERTIFICATE", &given.der),
            key_pem: asking.key.pem().expose_secret().to_owned(),
        };
        if !self.desk.lives(asking.serial.as_str(), &identity).await {
            wrong.push(format!("the certificate {id} does not work"));
        }
        wrong
    }

    /// Certificates that no device of the ledger has or had, in sentences.
    pub async fn orphans(&self) -> Vec<String> {
        let text = |value: &AttributeValue| value.as_s().ok().cloned();
        let ledger = self.desk.stack.ledger().await;
        let known: BTreeSet<_> = ledger
            .iter()
            .filter(|item| text(&item[SK]).is_some_and(|sk| sk != "token"))
            .flat_map(|item| ["certificateId", "nextCertificateId"].map(|name| item.get(name)))
            .filter_map(|id| id.and_then(text))
            .collect();
        let there = self.desk.stack.certificates().await.into_iter();
        let there = there.filter(|id| !known.contains(id));
        there
            .map(|id| format!("the certificate {id} is nobody's"))
            .collect()
    }

    /// Brings a device to where it asks.
    async fn prepared(&self, variant: &Variant) -> Asking {
        self.prepared_as(variant, &variant.name()).await
    }

    /// Brings the device of this serial to where it asks.
    pub async fn prepared_as(&self, variant: &Variant, serial: &str) -> Asking {
        let serial = Serial::new(serial).unwrap();
        let name = serial.as_str();
        let new = || DeviceKey::generate().unwrap();
        let mut asking = Asking {
            serial: serial.clone(),
            key: new(),
            keyless: false,
        };
        let token = self.desk.token(name, Opens::Certificate).await;
        match variant.scenario {
            Scenario::First | Scenario::Recorded | Scenario::Undone => {}
            Scenario::Spent => drop(self.desk.vend(name, &token, &new()).await.certificate_id()),
            Scenario::Reissue => {
                self.desk.vend(name, &token, &new()).await.certificate_id();
                let token = self.desk.token(name, Opens::Certificate).await;
                self.desk.vend(name, &token, &new()).await.certificate_id();
                self.desk
                    .token_with(name, Opens::Certificate, Some(5))
                    .await;
            }
            Scenario::Gone | Scenario::Keyless | Scenario::Undoing => {
                asking.keyless = variant.scenario == Scenario::Keyless;
                let gone = self.deployed.clone().crashing_after("IssueCertificate");
                self.run(&format!("{name}-gone"), &gone, &asking).await;
                if asking.keyless {
                    asking.key = new();
                    self.a_minute_passes(&serial).await;
                }
                if variant.scenario == Scenario::Undoing {
                    self.change(&serial, "SET undoing = execution").await;
                    self.a_minute_passes(&serial).await;
                }
            }
        }
        asking
    }

    /// Of the device, and of its token where it is spent.
    pub async fn a_minute_passes(&self, serial: &Serial) {
        let token = self.desk.token_item(serial.as_str()).await;
        if token.contains_key("spentAt") {
            self.desk.seconds_pass(serial.as_str(), 61, 61).await;
        }
        if self.desk.held(serial.as_str()).await.is_none() {
            return;
        }
        self.change(serial, "SET updatedAt = :long_ago").await;
    }

    /// Writes something into a device's item.
    pub async fn change(&self, serial: &Serial, expression: &str) {
        let mut update = aws_sdk_dynamodb::Client::new(&self.desk.stack.target.cloud.config)
            .update_item()
            .table_name(self.desk.stack.output("LedgerTableName"))
            .key(PK, AttributeValue::S(device_key(serial)))
            .key(SK, AttributeValue::S(STATE_SK.to_owned()))
            .update_expression(expression);
        if expression.contains(":long_ago") {
            let long_ago = AttributeValue::S("2026-01-01T00:00:00.000Z".to_owned());
            update = update.expression_attribute_values(":long_ago", long_ago);
        }
        update.send().await.unwrap();
    }

    pub async fn pending(&self, serial: &Serial) -> Option<String> {
        Some(self.desk.held(serial.as_str()).await?.pending?.id)
    }

    pub async fn run(&self, name: &str, definition: &Definition, asking: &Asking) -> Ended {
        let sfn = self.desk.stack.sfn();
        let created = sfn.create_state_machine().name(name).role_arn(&self.role);
        let created = created.definition(definition.text()).send().await.unwrap();
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let started = sfn
            .start_execution()
            .state_machine_arn(created.state_machine_arn())
            .name(format!("vend-{run}"))
            .input(self.input(asking).await.to_string())
            .send()
            .await
            .unwrap();
        wait_until("the execution's end", || async {
            let described = sfn
                .describe_execution()
                .execution_arn(started.execution_arn());
            let described = described.send().await.unwrap();
            let status = described.status().clone();
            let output = described.output().unwrap_or("null");
            (status != ExecutionStatus::Running).then(|| Ended {
                output: serde_json::from_str(output).unwrap(),
                execution: started.execution_arn().to_owned(),
            })
        })
        .await
    }

    /// What certificate-vendor tells the workflow.
    async fn input(&self, asking: &Asking) -> Value {
        let token = self.desk.token_item(asking.serial.as_str()).await;
        let csr = asking.key.csr(asking.serial.common_name()).unwrap();
        json!(VendingTask {
            serial: asking.serial.to_string(),
            ledger_key: device_key(&asking.serial),
            mac: token["mac"].as_s().unwrap().clone(),
            fingerprint: asking.key.fingerprint(),
            csr: STANDARD.encode(csr.der()),
            keyless: asking.keyless,
        })
    }
}
