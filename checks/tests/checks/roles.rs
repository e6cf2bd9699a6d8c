//! A workflow's role allows what its states do, and nothing else. Only AWS enforces this role.

use crate::repository::{states, workflows};
use crate::template::{list, resources, statements, target, template};
use serde_json::Value;
use std::collections::BTreeSet;

/// The one function that a workflow does not name itself: certificate-inspector finds it among Muster's own and those
/// of the operator that the template's parameter lists.
const VERIFIER: &str = "{% $certificate.verifierArn %}";

/// The functions that a task may call.
fn called<'a>(machine: &'a Value, function: &Value) -> Vec<&'a str> {
    if function == VERIFIER {
        vec!["AllowListVerifierFunction", "VerifierArns"]
    } else {
        vec![substituted(machine, function)]
    }
}

/// The state machine's properties that a definition belongs to.
fn machine(template: &Value, workflow: &str) -> Value {
    let uri = Value::from(format!("statemachines/{workflow}.asl.json"));
    let machines = resources(template, "AWS::Serverless::StateMachine").into_iter();
    let mut machines = machines.map(|(_, machine)| machine);
    machines
        .find(|machine| machine["DefinitionUri"] == uri)
        .expect("a state machine for each definition")
}

fn tasks(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let states = states(workflow).into_iter();
    states.filter(|(_, state)| state["Type"] == "Task")
}

/// What the role allows of a service, by action: the logical ids of the resources.
fn allowed(machine: &Value, service: &str) -> BTreeSet<(String, String)> {
    let mut allowed = BTreeSet::new();
    for statement in statements(machine) {
        for action in list(&statement["Action"]) {
            let action = action.as_str().unwrap();
            if action.starts_with(service) {
                for resource in list(&statement["Resource"]) {
                    let resource = target(resource).expect("a role names its resources");
                    allowed.insert((action.to_owned(), resource.to_owned()));
                }
            }
        }
    }
    allowed
}

/// The logical id that `${Name}` in a definition stands for.
fn substituted<'a>(machine: &'a Value, text: &Value) -> &'a str {
    let text = text.as_str().expect("a substitution");
    let name = text
        .strip_prefix("${")
        .and_then(|text| text.strip_suffix('}'));
    let name = name.unwrap_or_else(|| {
        panic!("{text} is not a substitution: a workflow names no resource itself")
    });
    target(&machine["DefinitionSubstitutions"][name])
        .unwrap_or_else(|| panic!("{name} is not a resource"))
}

#[test]
fn a_workflow_calls_exactly_the_functions_that_its_role_may_call() {
    let template = template();
    for (name, workflow) in workflows() {
        let machine = machine(&template, &name);
        let called: BTreeSet<_> = tasks(&workflow)
            .filter(|(_, state)| {
                state["Resource"]
                    .as_str()
                    .unwrap()
                    .contains("lambda:invoke")
            })
            .flat_map(|(_, state)| called(&machine, &state["Arguments"]["FunctionName"]))
            .map(|function| ("lambda:InvokeFunction".to_owned(), function.to_owned()))
            .collect();
        assert_eq!(called, allowed(&machine, "lambda:"), "{name}");
    }
}

#[test]
fn a_workflow_uses_exactly_the_calls_to_the_ledger_that_its_role_allows() {
    let template = template();
    for (name, workflow) in workflows() {
        let machine = machine(&template, &name);
        let made: BTreeSet<_> = tasks(&workflow)
            .filter_map(|(_, state)| {
                let call = state["Resource"]
                    .as_str()?
                    .strip_prefix("arn:aws:states:::dynamodb:")?;
                let (first, rest) = call.split_at(1);
                let action = format!("dynamodb:{}{rest}", first.to_uppercase());
                Some((
                    action,
                    substituted(&machine, &state["Arguments"]["TableName"]).to_owned(),
                ))
            })
            .collect();
        assert_eq!(made, allowed(&machine, "dynamodb:"), "{name}");
    }
}

#[test]
fn a_workflow_tells_exactly_the_bus_that_its_role_may_tell() {
    let template = template();
    for (name, workflow) in workflows() {
        let machine = machine(&template, &name);
        let told: BTreeSet<_> = tasks(&workflow)
            .filter(|(_, state)| state["Resource"] == "arn:aws:states:::events:putEvents")
            .flat_map(|(_, state)| list(&state["Arguments"]["Entries"]))
            .map(|entry| substituted(&machine, &entry["EventBusName"]))
            .map(|bus| ("events:PutEvents".to_owned(), bus.to_owned()))
            .collect();
        assert_eq!(told, allowed(&machine, "events:"), "{name}");
    }
}

#[test]
fn a_workflow_sends_exactly_to_the_queues_that_its_role_names() {
    let template = template();
    for (name, workflow) in workflows() {
        let machine = machine(&template, &name);
        let sent: BTreeSet<_> = tasks(&workflow)
            .filter(|(_, state)| state["Resource"] == "arn:aws:states:::sqs:sendMessage")
            .map(|(_, state)| substituted(&machine, &state["Arguments"]["QueueUrl"]))
            .map(|queue| ("sqs:SendMessage".to_owned(), queue.to_owned()))
            .collect();
        assert_eq!(sent, allowed(&machine, "sqs:"), "{name}");
    }
}

#[test]
fn a_workflow_starts_exactly_the_workflows_that_its_role_names() {
    let template = template();
    for (name, workflow) in workflows() {
        let machine = machine(&template, &name);
        let started: BTreeSet<_> = tasks(&workflow)
            .filter(|(_, state)| state["Resource"] == "arn:aws:states:::states:startExecution")
            .map(|(_, state)| substituted(&machine, &state["Arguments"]["StateMachineArn"]))
            .map(|other| ("states:StartExecution".to_owned(), other.to_owned()))
            .collect();
        assert_eq!(started, allowed(&machine, "states:"), "{name}");
    }
}

#[test]
fn every_task_is_of_a_kind_that_these_checks_know() {
    for (workflow, definition) in workflows() {
        for (name, state) in tasks(&definition) {
            let resource = state["Resource"].as_str().unwrap();
            let known = [
                "lambda:invoke",
                "dynamodb:",
                "events:putEvents",
                "sqs:sendMessage",
                "states:startExecution",
            ];
            let known = known
                .iter()
                .any(|kind| resource.starts_with(&format!("arn:aws:states:::{kind}")));
            assert!(
                known,
                "{workflow}/{name} calls {resource}: check its permission in roles.rs too"
            );
        }
    }
}

#[test]
fn a_definition_uses_all_that_the_template_gives_it_and_nothing_else() {
    let template = template();
    for (name, workflow) in workflows() {
        let machine = machine(&template, &name);
        let given: BTreeSet<_> = machine["DefinitionSubstitutions"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        let text = workflow.to_string();
        let used: BTreeSet<_> = crate::text::between(&text, "${", "}")
            .into_iter()
            .map(str::to_owned)
            .collect();
        assert_eq!(used, given, "{name}");
    }
}
