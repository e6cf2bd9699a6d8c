//! The workflow harness for fleets: whatever task fails or is done twice, a fleet is whole or as it was before, and asking
//! again mends what is not.
//!
//! The states come from the deployed definition, and each scenario says by its own history which of them are on its way.
//! So a new state is covered by itself, or it is named here as one that nothing leads to.

use super::account::{Account, account, fleet as fleet_of};
use super::claim_of;
use crate::support::{Stack, wait_until};
use crate::workflow::{Definition, in_parallel};
use aws_sdk_iot::types::CertificateStatus;
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEventType};
use muster_documents::FleetAnswer;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The failures after which a fleet is as it was asked for all the same.
const HARMLESS: [&str; 2] = ["EventLost", "TimelineLost"];

/// From this state on a fleet is as it was asked for.
const RECORD: &str = "RecordFleet";
/// From this state on a fleet is gone.
const FORGET: &str = "ForgetFleet";

/// What is asked of a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scenario {
    /// There is none yet.
    New,
    /// There is none yet, and what is made of it cannot be recorded.
    NewUndone,
    /// It gets other models.
    Changed,
    /// The change cannot be recorded.
    ChangedUndone,
    /// It gets another claim certificate.
    Rotated,
    /// The other claim certificate cannot be recorded.
    RotatedUndone,
    /// It gets other models, after a rotation was broken off.
    Abandoned,
    /// It gets another claim certificate, after a rotation was broken off.
    AbandonedRotated,
    /// It is set up again, after somebody has deleted its claim certificate in AWS IoT.
    Lost,
    /// It is set up anew, after its removal was cut off.
    HalfRemoved,
    /// It goes.
    Removed,
    /// It is to go, but has a device.
    InUse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alteration {
    FailingBefore,
    FailingAfter,
    Repeated,
}

#[derive(Debug, Clone)]
struct Variant {
    scenario: Scenario,
    altered: Option<(Alteration, String)>,
    number: usize,
}

impl Scenario {
    const ALL: [Self; 12] = [
        Self::New,
        Self::NewUndone,
        Self::Changed,
        Self::ChangedUndone,
        Self::Rotated,
        Self::RotatedUndone,
        Self::Abandoned,
        Self::AbandonedRotated,
        Self::Lost,
        Self::HalfRemoved,
        Self::Removed,
        Self::InUse,
    ];

    fn request(self, fleet: &str) -> Value {
        match self {
            Self::New | Self::NewUndone | Self::Lost | Self::HalfRemoved => first(fleet),
            Self::Changed | Self::ChangedUndone | Self::Abandoned => {
                let models = json!([{ "name": "b" }, { "name": "c" }]);
                json!({ "action": "setUp", "what": { "templateName": fleet, "models": models } })
            }
            Self::Rotated | Self::RotatedUndone | Self::AbandonedRotated => {
                let what = json!({ "templateName": fleet, "overlapHours": 1 });
                json!({ "action": "rotateClaim", "what": what })
            }
            Self::Removed | Self::InUse => {
                let what = json!({ "templateName": fleet, "keepDevices": false });
                json!({ "action": "remove", "what": what })
            }
        }
    }

    fn definition(self, deployed: Definition) -> Definition {
        match self {
            Self::NewUndone | Self::ChangedUndone | Self::RotatedUndone => {
                deployed.failing_before(RECORD)
            }
            _ => deployed,
        }
    }

    fn is_abandoned(self) -> bool {
        matches!(self, Self::Abandoned | Self::AbandonedRotated)
    }

    fn is_undone(self) -> bool {
        matches!(
            self,
            Self::NewUndone | Self::ChangedUndone | Self::RotatedUndone | Self::InUse
        )
    }
}

fn first(fleet: &str) -> Value {
    let models = json!([{ "name": "a" }, { "name": "b" }]);
    json!({ "action": "setUp", "what": { "templateName": fleet, "models": models } })
}

impl Variant {
    fn fleet(&self) -> String {
        format!("f{}-", self.number)
    }

    fn name(&self) -> String {
        format!("{:?}, {:?}", self.scenario, self.altered)
    }

    fn definition(&self, deployed: Definition) -> Definition {
        let definition = self.scenario.definition(deployed);
        match &self.altered {
            None => definition,
            Some((Alteration::FailingBefore, state)) => definition.failing_before(state),
            Some((Alteration::FailingAfter, state)) => definition.failing_after(state),
            Some((Alteration::Repeated, state)) => definition.repeated(state),
        }
    }
}

struct Ended {
    name: String,
    status: ExecutionStatus,
    error: Option<String>,
    output: Value,
    way: Vec<String>,
}

struct Lab {
    stack: Stack,
    deployed: Definition,
    machine: String,
    role: String,
}

impl Lab {
    async fn open() -> Self {
        let stack = Stack::start(&[]).await;
        let machine = stack.output("FleetSetupStateMachineArn").to_owned();
        let described = stack.sfn().describe_state_machine();
        let described = described.state_machine_arn(&machine).send().await.unwrap();
        Self {
            deployed: Definition::parse(described.definition()),
            role: described.role_arn().to_owned(),
            stack,
            machine,
        }
    }

    async fn execute(
        &self,
        machine: &str,
        fleet: &str,
        request: &Value,
        over: Option<&str>,
    ) -> Ended {
        let input = json!({
            "request": request, "templateName": fleet, "caller": "a test", "owner": "operator", "takeOver": over,
        });
        let sfn = self.stack.sfn();
        let started = sfn.start_execution().state_machine_arn(machine);
        let started = started.input(input.to_string()).send().await.unwrap();
        let arn = started.execution_arn();
        let ended = wait_until(&format!("{fleet} to settle"), || async {
            let found = sfn
                .describe_execution()
                .execution_arn(arn)
                .send()
                .await
                .unwrap();
            (*found.status() != ExecutionStatus::Running).then_some(found)
        })
        .await;
        let history = sfn
            .get_execution_history()
            .execution_arn(arn)
            .max_results(1000);
        let history = history.send().await.unwrap();
        let entered = [
            HistoryEventType::TaskStateEntered,
            HistoryEventType::MapStateEntered,
        ];
        let entered = history
            .events()
            .iter()
            .filter(|event| entered.contains(event.r#type()));
        let way = entered.filter_map(|event| event.state_entered_event_details());
        Ended {
            name: ended.name().unwrap().to_owned(),
            status: ended.status().clone(),
            error: ended.error().map(str::to_owned),
            output: ended
                .output()
                .map_or(Value::Null, |text| serde_json::from_str(text).unwrap()),
            way: way.map(|state| state.name().to_owned()).collect(),
        }
    }

    /// Has the fleet stand as the scenario finds it; its device's certificate, if it has one.
    async fn prepare(&self, scenario: Scenario, fleet: &str) {
        if matches!(scenario, Scenario::New | Scenario::NewUndone) {
            return;
        }
        let made = self
            .execute(&self.machine, fleet, &first(fleet), None)
            .await;
        assert_eq!(made.status, ExecutionStatus::Succeeded, "{:?}", made.error);
        if scenario.is_abandoned() {
            let request = Scenario::Rotated.request(fleet);
            let broken = self
                .deployed
                .clone()
                .failing_before("PackBundles")
                .failing_before("RemoveNewClaim");
            let machine = self.deploy(&format!("{fleet}broken"), &broken).await;
            let broken = self.execute(&machine, fleet, &request, None).await;
            assert_eq!(broken.error.as_deref(), Some("UndoFailed"));
        }
        if scenario == Scenario::Lost {
            let answer: FleetAnswer = serde_json::from_value(made.output).unwrap();
            let (iot, id) = (self.stack.iot(), claim_of(&answer));
            let arn = &answer
                .provision_claim_certificate
                .provision_claim_certificate_arn;
            let policy = format!("{}_{fleet}_claim", self.stack.output("StackName"));
            let detached = iot.detach_policy().policy_name(policy).target(arn);
            detached.send().await.unwrap();
            let off = iot.update_certificate().certificate_id(id);
            let off = off.new_status(CertificateStatus::Inactive);
            off.send().await.unwrap();
            iot.delete_certificate()
                .certificate_id(id)
                .send()
                .await
                .unwrap();
        }
        if scenario == Scenario::HalfRemoved {
            let broken = self
                .deployed
                .clone()
                .failing_before("RemoveFleet")
                .failing_before("UndoFleet");
            let machine = self.deploy(&format!("{fleet}broken"), &broken).await;
            let request = Scenario::Removed.request(fleet);
            let broken = self.execute(&machine, fleet, &request, None).await;
            assert_eq!(broken.error.as_deref(), Some("UndoFailed"));
        }
        if scenario == Scenario::InUse {
            let key = muster_pki::DeviceKey::generate().unwrap();
            let csr = key.csr(fleet).unwrap().pem();
            let iot = self.stack.iot();
            let device = iot
                .create_certificate_from_csr()
                .certificate_signing_request(csr);
            let device = device.send().await.unwrap();
            let policy = format!("{}_{fleet}_device", self.stack.output("StackName"));
            let attached = iot.attach_policy().policy_name(policy);
            let attached = attached.target(device.certificate_arn().unwrap());
            attached.send().await.unwrap();
        }
    }

    async fn deploy(&self, name: &str, definition: &Definition) -> String {
        let created = self.stack.sfn().create_state_machine().name(name);
        let created = created.definition(definition.text()).role_arn(&self.role);
        created.send().await.unwrap().state_machine_arn().to_owned()
    }

    async fn run(&self, variant: &Variant) -> Ended {
        let fleet = variant.fleet();
        let definition = variant.definition(self.deployed.clone());
        let machine = self.deploy(&format!("{fleet}altered"), &definition).await;
        let request = variant.scenario.request(&fleet);
        let over = self.holder(&fleet).await;
        self.execute(&machine, &fleet, &request, over.as_deref())
            .await
    }

    /// The execution that left the fleet half done, if one did.
    async fn holder(&self, fleet: &str) -> Option<String> {
        let fleets = self.stack.target.fleets().unwrap().list().await.unwrap();
        let found = fleets.into_iter().find(|one| one.template_name == fleet)?;
        (found.state != "active").then_some(found.execution)
    }

    /// Runs a variant; what is wrong with what it leaves, in sentences.
    async fn try_out(&self, variant: &Variant) -> Vec<String> {
        let fleet = variant.fleet();
        self.prepare(variant.scenario, &fleet).await;
        let before = fleet_of(&self.stack, &fleet).await;
        let ended = self.run(variant).await;
        let mut wrong = Vec::new();
        let after = fleet_of(&self.stack, &fleet).await;
        let error = ended.error.as_deref().unwrap_or_default();
        let as_asked = ended.status == ExecutionStatus::Succeeded || HARMLESS.contains(&error);
        let reserved = variant.altered.as_ref().is_some_and(|(alteration, state)| {
            *alteration == Alteration::FailingAfter && state == "ReserveFleet"
        });
        if variant.scenario.is_abandoned() && !as_asked && error != "UndoFailed" {
            // What was abandoned is put in order all the same.
            if !reserved {
                let undone = Variant {
                    scenario: Scenario::RotatedUndone,
                    ..variant.clone()
                };
                wrong.extend(Self::as_asked(&undone, &after));
            }
        } else if variant.scenario == Scenario::HalfRemoved && !as_asked && error != "UndoFailed" {
            // The removal that was cut off is finished.
            if !reserved && !after.is_empty() {
                wrong.push(format!("it is not gone: {after:#?}"));
            }
        } else if as_asked && !variant.scenario.is_undone() {
            wrong.extend(Self::as_asked(variant, &after));
        } else if error != "UndoFailed" && !reserved && !same(&before, &after) {
            wrong.push(format!(
                "it is not as it was before ({error}): {before:#?} became {after:#?}"
            ));
        }
        // Asked again, as the function asks, it is as it was asked for: nothing is in the way for good.
        let over = self.holder(&fleet).await;
        let request = variant.scenario.request(&fleet);
        let again = self
            .execute(&self.machine, &fleet, &request, over.as_deref())
            .await;
        let now = fleet_of(&self.stack, &fleet).await;
        match (variant.scenario, again.error.as_deref()) {
            (Scenario::InUse, Some("FleetInUse")) => {
                if !same(&before, &now) {
                    wrong.push(format!("it is not as it was: {before:#?} became {now:#?}"));
                }
            }
            (Scenario::InUse, other) => wrong.push(format!("it is not in use any more: {other:?}")),
            (_, None) => wrong.extend(Self::as_asked(variant, &now)),
            (_, Some(error)) => wrong.push(format!(
                "asked again, it fails with {error} ({})",
                again.name
            )),
        }
        if variant.scenario.is_abandoned() {
            let broken = before.keys().filter(|name| name.starts_with("item claim#"));
            let broken = broken.filter(|name| now.contains_key(*name)).count();
            if broken > 1 {
                wrong.push("the claim certificate that was broken off is still there".to_owned());
            }
        }
        if let Ok(answer) = serde_json::from_value::<FleetAnswer>(again.output) {
            let claim = format!("certificate {}", claim_of(&answer));
            if !now
                .get(&claim)
                .is_some_and(|claim| claim.contains("Active"))
            {
                wrong.push(format!("{claim} is not active"));
            }
        }
        wrong
    }

    /// The claim certificates that go at the end of their time.
    async fn retiring(&self) -> Vec<String> {
        let sfn = self.stack.sfn();
        let machine = self.stack.output("ClaimRetirementStateMachineArn");
        let running = sfn.list_executions().state_machine_arn(machine);
        let running = running
            .status_filter(ExecutionStatus::Running)
            .send()
            .await
            .unwrap();
        let mut ids = Vec::new();
        for execution in running.executions() {
            let found = sfn
                .describe_execution()
                .execution_arn(execution.execution_arn());
            let found = found.send().await.unwrap();
            let input: Value = serde_json::from_str(found.input().unwrap()).unwrap();
            ids.push(input["certificateId"].as_str().unwrap().to_owned());
        }
        ids
    }

    fn as_asked(variant: &Variant, there: &Account) -> Vec<String> {
        let fleet = variant.fleet();
        let mut wrong = Vec::new();
        if variant.scenario == Scenario::Removed {
            if !there.is_empty() {
                wrong.push(format!("it is not gone: {there:#?}"));
            }
            return wrong;
        }
        let bundles: Vec<_> = there
            .keys()
            .filter(|name| name.starts_with("file bundles/"))
            .collect();
        let models = match variant.scenario {
            Scenario::Changed | Scenario::Abandoned | Scenario::ChangedUndone => ["b", "c"],
            _ => ["a", "b"],
        };
        let expected = models.map(|model| format!("file bundles/{fleet}/{model}.zip"));
        if bundles != expected.iter().collect::<Vec<_>>() {
            wrong.push(format!("its bundles are {bundles:?}"));
        }
        for template in [
            format!("template {fleet}"),
            format!("template {fleet}-rotation"),
        ] {
            if !there.contains_key(&template) {
                wrong.push(format!("it has no {template}"));
            }
        }
        match there.get(&format!("item fleets {fleet}")) {
            Some(item)
                if item.contains("\"active\"")
                    && !item.contains("newClaim")
                    && !item.contains("wanted") => {}
            other => wrong.push(format!("its item is {other:?}")),
        }
        wrong
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_task_fails_or_is_repeated_a_fleet_is_whole_or_as_it_was() {
    let lab = Arc::new(Lab::open().await);
    let plain = Scenario::ALL
        .into_iter()
        .enumerate()
        .map(|(number, scenario)| Variant {
            scenario,
            altered: None,
            number,
        });
    let ways = in_parallel(plain, {
        let lab = Arc::clone(&lab);
        move |variant| {
            let lab = Arc::clone(&lab);
            async move {
                lab.prepare(variant.scenario, &variant.fleet()).await;
                lab.run(&variant).await.way
            }
        }
    })
    .await;
    let reached: BTreeSet<_> = ways.iter().flat_map(|(_, way)| way.clone()).collect();
    let states = lab.deployed.tasks_and_maps();
    let unreached: Vec<_> = states
        .iter()
        .filter(|state| !reached.contains(*state))
        .collect();
    assert!(unreached.is_empty(), "no scenario leads to {unreached:?}");

    let mut seen = BTreeSet::new();
    let mut variants = Vec::new();
    for (plain, way) in &ways {
        let undone = plain.scenario.is_undone();
        for state in way.iter().collect::<BTreeSet<_>>() {
            // A state that comes before what a scenario is about is altered in another, but what was recorded is undone in
            // each by itself.
            let of = (state == RECORD).then_some(plain.number);
            if !seen.insert((undone, of, state.clone())) {
                continue;
            }
            for alteration in [
                Alteration::FailingBefore,
                Alteration::FailingAfter,
                Alteration::Repeated,
            ] {
                if undone && state == RECORD {
                    continue;
                }
                variants.push(Variant {
                    scenario: plain.scenario,
                    altered: Some((alteration, state.clone())),
                    number: 100 + variants.len(),
                });
            }
        }
    }
    let ran = variants.len();
    let outcomes = in_parallel(variants, {
        let lab = Arc::clone(&lab);
        move |variant| {
            let lab = Arc::clone(&lab);
            async move { Box::pin(lab.try_out(&variant)).await }
        }
    })
    .await;
    let mut wrong: Vec<_> = outcomes
        .into_iter()
        .flat_map(|(variant, wrong)| {
            let name = variant.name();
            wrong.into_iter().map(move |what| format!("{name}: {what}"))
        })
        .collect();
    // Before the account: what retires may be gone a moment later.
    let retiring = lab.retiring().await;
    wrong.extend(strays(&account(&lab.stack).await, &retiring));
    assert!(
        wrong.is_empty(),
        "{} of {ran} runs and what they left:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(reached.contains(RECORD) && reached.contains(FORGET));
}

/// Whether there is the same, files written again with the same contents among them.
fn same(one: &Account, other: &Account) -> bool {
    let contents = |account: &Account| -> Account {
        let of = |(name, what): (&String, &String)| {
            let version = what.rfind(" Some(").filter(|_| name.starts_with("file "));
            (
                name.clone(),
                what[..version.unwrap_or(what.len())].to_owned(),
            )
        };
        account.iter().map(of).collect()
    };
    contents(one) == contents(other)
}

/// Certificates without a policy, claim certificates that no fleet has, and files of those that are not there.
fn strays(there: &Account, retiring: &[String]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, what) in there {
        if name.starts_with("certificate ") && what.ends_with("[]") {
            wrong.push(format!("{name} is nobody's: {what}"));
        }
        let claim = name
            .strip_prefix("item claim#")
            .and_then(|rest| rest.strip_suffix(" state"));
        if let Some(id) = claim {
            let ends = retiring.iter().any(|retiring| retiring == id);
            let in_bundles = there
                .iter()
                .any(|(name, what)| name.starts_with("item fleets ") && what.contains(id));
            if !ends && !in_bundles && what.contains("\"fleet\"") {
                wrong.push(format!(
                    "{name} lets devices in for ever, and is in no fleet's bundles"
                ));
            }
        }
        let id = name
            .strip_prefix("file ca/")
            .and_then(|rest| rest.split('/').next());
        if id.is_some_and(|id| !there.contains_key(&format!("certificate {id}"))) {
            wrong.push(format!("{name} is of no certificate"));
        }
    }
    wrong
}
