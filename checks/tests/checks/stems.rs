//! One stem everywhere: `functions/chunk-publisher` is the package and the binary `chunk-publisher`, the resource
//! `ChunkPublisherFunction`, and something in a workflow or a queue calls it, AWS by itself, or an operator whom an output
//! tells its name.

use crate::repository::{Package, packages_in, states, workflows};
use crate::template::{event_sources, resources, target, template};
use serde_json::Value;
use std::collections::BTreeSet;

const FUNCTION: &str = "AWS::Serverless::Function";
const STATE_MACHINE: &str = "AWS::Serverless::StateMachine";

/// `chunk-publisher` to `ChunkPublisherFunction`.
fn logical_id(stem: &str) -> String {
    let words = stem.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.collect::<String>() + "Function"
}

fn folder(package: &Package) -> &str {
    package.directory.trim_start_matches("functions/")
}

#[test]
fn package_and_binary_are_named_as_the_folder() {
    for package in packages_in("functions") {
        assert_eq!(package.name, folder(&package));
        assert_eq!(package.binaries, [folder(&package)]);
    }
}

#[test]
fn template_and_folders_name_the_same_functions() {
    let folders: BTreeSet<_> = packages_in("functions")
        .iter()
        .map(|package| (logical_id(folder(package)), package.directory.clone()))
        .collect();
    let template = template();
    let deployed: BTreeSet<_> = resources(&template, FUNCTION)
        .into_iter()
        .map(|(name, function)| (name, function["CodeUri"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(deployed, folders);
}

#[test]
fn template_and_folders_name_the_same_workflows() {
    let files: BTreeSet<_> = workflows()
        .into_iter()
        .map(|(name, _)| format!("statemachines/{name}.asl.json"))
        .collect();
    let template = template();
    let deployed: BTreeSet<_> = resources(&template, STATE_MACHINE)
        .into_iter()
        .map(|(_, machine)| machine["DefinitionUri"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(deployed, files);
}

#[test]
fn every_function_is_called_by_a_workflow_an_event_source_or_an_operator() {
    let template = template();
    let machines = resources(&template, STATE_MACHINE);
    let definitions: Vec<Value> = workflows()
        .into_iter()
        .map(|(_, workflow)| workflow)
        .collect();
    for (name, function) in resources(&template, FUNCTION) {
        let mut sources = event_sources(&template).into_iter();
        let has_event = function["Events"]
            .as_object()
            .is_some_and(|events| !events.is_empty())
            || sources.any(|source| source.function == name);
        let called = machines.iter().any(|(_, machine)| {
            let substitutions = machine["DefinitionSubstitutions"].as_object().unwrap();
            substitutions
                .iter()
                .filter(|(_, value)| target(value) == Some(&name))
                .any(|(key, _)| {
                    let call = Value::from(format!("${{{key}}}"));
                    definitions.iter().any(|workflow| {
                        let mut states = states(workflow).into_iter();
                        states.any(|(_, state)| state["Arguments"]["FunctionName"] == call)
                    })
                })
        });
        // A workflow calls a verifier by the ARN that certificate-inspector finds.
        let verifies = name.ends_with("VerifierFunction")
            && template
                .to_string()
                .contains(&format!("\"{name}\",\"Arn\""));
        // What AWS calls by itself it is permitted to.
        let mut permissions = resources(&template, "AWS::Lambda::Permission").into_iter();
        let permitted =
            permissions.any(|(_, permission)| target(&permission["FunctionName"]) == Some(&name));
        let mut outputs = template["Outputs"].as_object().unwrap().values();
        let told = outputs.any(|output| target(&output["Value"]) == Some(&name));
        assert!(
            has_event || called || verifies || permitted || told,
            "nothing calls {name}"
        );
    }
}
