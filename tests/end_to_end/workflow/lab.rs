//! Runs altered copies of the deployed workflow, with a device that plays its part.

use super::definition::Definition;
use super::variant::{End, Scenario, Variant};
use crate::player::{Player, queued, request};
use crate::support::{Stack, wait_until};
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEventType};
use muster_documents::{Mode, TopicPrefixes};
use muster_onboarding::{ClaimRules, judge};
use muster_pki::DeviceKey;
use std::time::Duration;

/// How often an execution is looked at. Many are at once.
const PAUSE: Duration = Duration::from_millis(200);

/// How long an execution may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A stack, and its workflow as it was deployed.
pub struct Lab {
    pub stack: Stack,
    pub deployed: Definition,
    role: String,
}

/// How an execution ended.
#[derive(Debug)]
struct Ended {
    status: ExecutionStatus,
    error: Option<String>,
}

impl Lab {
    /// A stack with both modes on.
    pub async fn open() -> Self {
        let stack = Stack::start(&[("LegacyMode", "on")]).await;
        let machine = stack.output("ClaimProvisioningStateMachineArn");
        let machine = stack
            .sfn()
            .describe_state_machine()
            .state_machine_arn(machine)
            .send()
            .await
            .unwrap();
        let (deployed, role) = (
            Definition::parse(machine.definition()),
            machine.role_arn().to_owned(),
        );
        Self {
            stack,
            deployed,
            role,
        }
    }

    /// Runs a variant without judging it; the task states that it came through, in order.
    pub async fn way(&self, variant: &Variant) -> Vec<String> {
        self.run(variant).await.way
    }

    /// Runs a variant; what is wrong with its end, in sentences.
    pub async fn try_out(&self, variant: &Variant, way: &[String]) -> Vec<String> {
        let mut run = self.run(variant).await;
        let end = variant.end(way);
        let mut wrong = Vec::new();
        let (device, timeline) = self.stack.show(&variant.name()).await;
        let device = device.unwrap();
        let state = match end {
            End::Provisioned => "provisioned",
            End::Known => "known",
            End::Left => "provisioning",
        };
        if device.state != state {
            wrong.push(format!(
                "the device is {}, not {state}; {:?}; {timeline:#?}",
                device.state, run.ended
            ));
            return wrong;
        }
        if end == End::Provisioned {
            let id = device.certificate_id.as_deref();
            let identity = run
                .player
                .identities
                .iter()
                .find(|one| Some(one.certificate_id.as_str()) == id);
            match identity.cloned() {
                None => wrong.push(
                    "the certificate in the ledger is not one that the device got".to_owned(),
                ),
                Some(identity) if run.player.works(&identity).await => {}
                Some(_) => wrong.push("the device's certificate does not work".to_owned()),
            }
        }
        if end == End::Left {
            if device.pending_certificate_id.is_none() {
                wrong.push("the ledger does not name the certificate that is left".to_owned());
            }
            if run.ended.error.as_deref() != Some("UndoFailed") {
                wrong.push(format!(
                    "the execution does not fail with UndoFailed: {:?}",
                    run.ended
                ));
            }
        }
        if variant.tells(end) {
            // An acknowledgement that it sends meanwhile may be refused as well.
            if let Err(told) = run.player.refused("ProvisioningFailed").await {
                wrong.push(format!("the device is told {told:?}"));
            }
        }
        if run.ended.status == ExecutionStatus::Running {
            wrong.push("the execution has not ended".to_owned());
        }
        wrong
    }

    async fn run(&self, variant: &Variant) -> Run<'_> {
        let name = variant.name();
        self.stack.import(&name).await;
        let key = DeviceKey::generate().unwrap();
        let earlier = match variant.scenario {
            Scenario::Again => Some(
                self.waiting_execution(&input(&self.stack.claim_id, variant.mode, &name, &key))
                    .await,
            ),
            _ => None,
        };
        let input = input(&self.stack.claim_id, variant.mode, &name, &key);
        let machine = self
            .machine(&name, &variant.definition(self.deployed.clone()))
            .await;
        let mut player = Player::listening(&self.stack, &name, key).await;
        let execution = self.start(&machine, &input).await;
        let ended = player.play_until(self.ended(&execution)).await;
        // Only now does the earlier execution find out, as it does on AWS, where a superseded publisher fails the task.
        if let Some((earlier, token)) = earlier {
            let superseded = self
                .stack
                .sfn()
                .send_task_failure()
                .task_token(token)
                .error("Superseded")
                .cause("a test");
            superseded.send().await.unwrap();
            player.play_until(self.ended(&earlier)).await;
        }
        let way = self.tasks_of(&execution).await;
        Run { player, ended, way }
    }

    /// An execution of the deployed workflow that waits for the device, and its task's token.
    async fn waiting_execution(&self, input: &str) -> (String, String) {
        let execution = self
            .start(self.stack.output("ClaimProvisioningStateMachineArn"), input)
            .await;
        let name = execution.rsplit(':').next().unwrap();
        let token = wait_until(&format!("a delivery of {name}"), || async {
            let items = self.stack.ledger().await;
            let text = |item: &std::collections::HashMap<String, _>, name: &str| {
                let value: Option<&aws_sdk_dynamodb::types::AttributeValue> = item.get(name);
                value.and_then(|value| value.as_s().ok()).cloned()
            };
            let ours = items.iter().find(|item| {
                text(item, "execution").as_deref() == Some(name) && item.contains_key("taskToken")
            });
            ours.and_then(|item| text(item, "taskToken"))
        })
        .await;
        (execution, token)
    }

    async fn machine(&self, name: &str, definition: &Definition) -> String {
        let created = self
            .stack
            .sfn()
            .create_state_machine()
            .name(name)
            .definition(definition.text())
            .role_arn(&self.role);
        created.send().await.unwrap().state_machine_arn().to_owned()
    }

    async fn start(&self, machine: &str, input: &str) -> String {
        let started = self
            .stack
            .sfn()
            .start_execution()
            .state_machine_arn(machine)
            .input(input)
            .send()
            .await;
        started.unwrap().execution_arn().to_owned()
    }

    async fn ended(&self, execution: &str) -> Ended {
        let ended = async {
            loop {
                let found = self
                    .stack
                    .sfn()
                    .describe_execution()
                    .execution_arn(execution)
                    .send()
                    .await
                    .unwrap();
                if *found.status() != ExecutionStatus::Running {
                    return Ended {
                        status: found.status().clone(),
                        error: found.error().map(str::to_owned),
                    };
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let unended = Ended {
            status: ExecutionStatus::Running,
            error: None,
        };
        tokio::time::timeout(PATIENCE, ended)
            .await
            .unwrap_or(unended)
    }

    async fn tasks_of(&self, execution: &str) -> Vec<String> {
        let history = self
            .stack
            .sfn()
            .get_execution_history()
            .execution_arn(execution)
            .max_results(1000)
            .send()
            .await;
        let history = history.unwrap();
        let entered = history
            .events()
            .iter()
            .filter(|event| event.r#type() == &HistoryEventType::TaskStateEntered);
        entered
            .filter_map(|event| event.state_entered_event_details())
            .map(|state| state.name().to_owned())
            .collect()
    }
}

/// The workflow's input for a request that arrives now, as claim-intake makes it.
fn input(claim_id: &str, mode: Mode, serial: &str, key: &DeviceKey) -> String {
    let message = queued(
        claim_id,
        &Player::client_id(serial),
        "json",
        &request(mode, serial, key),
    );
    let judged = judge(
        &ClaimRules {
            prefixes: TopicPrefixes {
                provisioning: "provision".to_owned(),
                rotation: "rotate".to_owned(),
            },
            legacy_mode: true,
        },
        &message,
    );
    assert_eq!(judged.refusal, None, "{serial}");
    serde_json::to_string(&judged).unwrap()
}

struct Run<'a> {
    player: Player<'a>,
    ended: Ended,
    way: Vec<String>,
}
