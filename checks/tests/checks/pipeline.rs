//! `pipeline.yaml` is made with the seed's command and is no larger than AWS takes it; `buildspec.yaml` runs what developers
//! run.

use crate::repository::{read, root};
use crate::template::{list, resources, yaml};
use serde_json::Value;
use std::collections::BTreeSet;

/// What CloudFormation takes of a template in a request itself, in bytes.
const TEMPLATE_LIMIT: usize = 51_200;

/// What IAM takes of a managed policy, in characters without white space.
const POLICY_LIMIT: usize = 6_144;

/// What Lambda takes of code in a template, in characters.
const CODE_LIMIT: usize = 4_096;

/// The pipeline's own template.
pub fn pipeline() -> Value {
    yaml("pipeline.yaml")
}

#[test]
fn the_pipeline_is_made_with_the_seeds_command() {
    let text = read("pipeline.yaml");
    assert!(text.len() <= TEMPLATE_LIMIT, "{} bytes", text.len());
    let pipeline = pipeline();
    assert!(pipeline["Transform"].is_null());
    let parameters = pipeline["Parameters"].as_object().unwrap().iter();
    let asked: Vec<_> = parameters
        .filter(|(_, parameter)| parameter["Default"].is_null())
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        asked,
        ["CodeRepositoryBranch", "CodeRepositoryName", "ResourceTag"]
    );
}

#[test]
fn policies_and_code_of_the_pipeline_are_no_larger_than_aws_takes_them() {
    let pipeline = pipeline();
    for (name, properties) in resources(&pipeline, "AWS::IAM::ManagedPolicy") {
        // References are longer than what they stand for.
        let size = properties["PolicyDocument"].to_string().len();
        assert!(size <= POLICY_LIMIT, "{name} has {size} characters");
    }
    for (name, properties) in resources(&pipeline, "AWS::Lambda::Function") {
        let size = properties["Code"]["ZipFile"].as_str().unwrap().len();
        assert!(size <= CODE_LIMIT, "{name} has {size} characters");
    }
}

#[test]
fn the_build_runs_scripts_of_this_repository_which_ci_runs_too() {
    let buildspec = yaml("buildspec.yaml");
    let phases = buildspec["phases"].as_object().unwrap().values();
    let commands: Vec<_> = phases.flat_map(|phase| list(&phase["commands"])).collect();
    assert!(commands.contains(&&Value::from(".ci/run")));
    let mended = read(".ci/toolchain");
    for command in commands {
        let script = command.as_str().unwrap().trim_start_matches("bash ");
        assert!(root().join(script).is_file(), "{script} is not there");
        assert!(
            mended.contains(&format!(" {script}")),
            "{script} is not made executable"
        );
    }
    // .ci/push plays the build, with all of its commands but the one that is CI itself.
    assert!(read(".ci/run").contains(" .ci/push\n"));
    assert!(read(".ci/push").contains(" .ci/pipeline.py "));
}

#[test]
fn the_build_is_given_what_its_scripts_read() {
    let pipeline = pipeline();
    let given: BTreeSet<_> =
        list(&pipeline["Resources"]["Build"]["Properties"]["Environment"]["EnvironmentVariables"])
            .into_iter()
            .map(|variable| variable["Name"].as_str().unwrap().to_owned())
            .collect();
    for name in &given {
        let scripts = [".ci/package", ".ci/configuration.py"].map(read);
        assert!(scripts.iter().any(|script| script.contains(name)), "{name}");
    }
    let deploy = &pipeline["Resources"]["Pipeline"]["Properties"]["Stages"][2]["Actions"][0];
    let built: Vec<_> = ["TemplatePath", "TemplateConfiguration"]
        .map(|path| deploy["Configuration"][path].as_str().unwrap().to_owned())
        .into();
    let promised = yaml("buildspec.yaml")["artifacts"]["files"].clone();
    for (path, file) in built.iter().zip(list(&promised)) {
        assert_eq!(path, &format!("Built::{}", file.as_str().unwrap()));
    }
}
