//! What `template.yaml` sets is what the functions read.

use crate::repository::{packages_in, read};
use crate::template::{functions_by_directory, template};
use crate::text::between;
use std::collections::{BTreeMap, BTreeSet};

/// The constants of `muster_lambda::variables`: name and value.
fn constants() -> BTreeMap<String, String> {
    let source = read("crates/lambda/src/configuration.rs");
    between(&source, "pub const ", ";")
        .into_iter()
        .map(|constant| {
            let (name, value) = constant.split_once(": &str = ").expect("a text constant");
            (name.to_owned(), value.trim_matches('"').to_owned())
        })
        .collect()
}

/// The functions of `muster_lambda` that read several variables at once.
const READERS: [&str; 7] = [
    "place",
    "rotation_policy",
    "overdue_action",
    "pace_limits",
    "shadow_rules",
    "surge_rule",
    "topic_prefixes",
];

/// What Lambda sets by itself.
const OF_LAMBDA: &str = "AWS_REGION";

/// What `muster_lambda` reads for its metrics, in every function.
const OF_ALL: &str = "STACK_NAME";

/// The names of the constants that a source reads.
fn named(source: &str) -> impl Iterator<Item = &str> {
    let after = source.split("variables::").skip(1);
    after.filter_map(|rest| rest.split([')', ',', ' ', ';']).next())
}

/// The source of one of the readers.
fn reader(name: &str) -> String {
    let source = read("crates/lambda/src/configuration.rs");
    between(&source, &format!("pub fn {name}<"), "\n}\n").concat()
}

#[test]
fn each_function_is_given_exactly_the_variables_that_its_wiring_reads() {
    let constants = constants();
    let template = template();
    let deployed = functions_by_directory(&template);
    for package in packages_in("functions") {
        let wiring = read(format!("{}/src/main.rs", package.directory));
        let called = READERS
            .iter()
            .filter(|name| wiring.contains(&format!("{name}(&configuration)")))
            .map(|name| reader(name));
        let sources: Vec<_> = called.chain([wiring.clone()]).collect();
        let reads: BTreeSet<_> = sources
            .iter()
            .flat_map(|source| named(source))
            .map(|name| constants[name].clone())
            .filter(|name| name != OF_LAMBDA)
            .chain([OF_ALL.to_owned()])
            .collect();
        let all = &template["Globals"]["Function"];
        let given: BTreeSet<_> = [all, &deployed[&package.directory]]
            .into_iter()
            .filter_map(|given| given["Environment"]["Variables"].as_object())
            .flat_map(|variables| variables.keys().cloned())
            .collect();
        assert_eq!(given, reads, "{}", package.name);
    }
}

#[test]
fn every_variable_that_has_a_name_is_read() {
    let sources: String = packages_in("functions")
        .iter()
        .map(|package| read(format!("{}/src/main.rs", package.directory)))
        .collect::<String>()
        + &read("crates/lambda/src/logging.rs")
        + &read("crates/lambda/src/metric.rs")
        + &READERS.map(reader).concat();
    for name in constants().keys() {
        assert!(sources.contains(name.as_str()), "nobody reads {name}");
    }
}
