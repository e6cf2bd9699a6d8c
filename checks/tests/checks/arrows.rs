//! Arrows between the packages point down only (docs/architecture.md).

use crate::repository::{files, packages_in, read};
use crate::text::without_tests;
use std::collections::BTreeSet;

/// What each package of `crates/` may use. Whoever is not listed may use nothing.
const CRATES: &[(&str, &[&str])] = &[
    (
        "muster-cloud",
        &["muster-onboarding", "muster-documents", "muster-pki"],
    ),
    ("muster-lambda", &["muster-onboarding", "muster-documents"]),
    (
        "muster-onboarding",
        &["muster-documents", "muster-chunking", "muster-pki"],
    ),
    (
        "muster-device",
        &["muster-chunking", "muster-pki", "muster-documents"],
    ),
];

/// What a function may use: `muster-cloud` in its main.rs only.
const FUNCTIONS: &[&str] = &[
    "muster-lambda",
    "muster-onboarding",
    "muster-pki",
    "muster-documents",
    "muster-chunking",
    "muster-cloud",
];

#[test]
fn a_crate_uses_only_what_lies_below_it() {
    for package in packages_in("crates") {
        let allowed = CRATES.iter().find(|(name, _)| *name == package.name);
        let allowed = allowed.map_or(&[][..], |(_, allowed)| allowed);
        for used in &package.uses {
            assert!(
                allowed.contains(&used.as_str()),
                "{} must not use {used}",
                package.name
            );
        }
    }
}

#[test]
fn a_function_uses_only_what_lies_below_it() {
    for package in packages_in("functions") {
        for used in &package.uses {
            assert!(
                FUNCTIONS.contains(&used.as_str()),
                "{} must not use {used}",
                package.name
            );
        }
    }
}

#[test]
fn nothing_uses_a_function_or_a_program() {
    let below: BTreeSet<_> = packages_in("crates").into_iter().map(|p| p.name).collect();
    let rooms = ["apps", "crates", "functions"];
    for package in rooms.iter().flat_map(|room| packages_in(room)) {
        for used in &package.uses {
            let program_of_a_program =
                package.directory.starts_with("apps/") && used == "edge-client";
            assert!(
                below.contains(used) || program_of_a_program,
                "{} must not use {used}",
                package.name
            );
        }
    }
}

#[test]
fn only_the_wiring_of_a_function_knows_aws() {
    for path in files("functions", "rs") {
        if path.ends_with("src/main.rs") {
            continue;
        }
        let source = read(&path);
        for name in ["muster_cloud", "aws_"] {
            assert!(
                !source.contains(name),
                "{} mentions {name}: it takes a port instead",
                path.display()
            );
        }
    }
}

#[test]
fn only_the_cloud_crate_and_the_operators_program_know_the_sdk() {
    for path in files("crates", "rs") {
        if path.components().any(|part| part.as_os_str() == "cloud") {
            continue;
        }
        let source = read(&path);
        assert!(
            !without_tests(&source).contains("aws_sdk_"),
            "{} mentions the AWS SDK",
            path.display()
        );
    }
}
