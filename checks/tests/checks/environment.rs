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

/// What `muster_lambda::place` reads beside the region, which Lambda sets.
const PLACE: [&str; 3] = ["ACCOUNT_ID", "PARTITION", "STACK_NAME"];

#[test]
fn each_function_is_given_exactly_the_variables_that_its_wiring_reads() {
    let constants = constants();
    let template = template();
    let deployed = functions_by_directory(&template);
    for package in packages_in("functions") {
        let wiring = read(format!("{}/src/main.rs", package.directory));
        let reads: BTreeSet<_> = wiring
            .split("variables::")
            .skip(1)
            .filter_map(|rest| rest.split([')', ',', ' ']).next())
            .map(|name| constants[name].clone())
            .chain(
                wiring
                    .contains("place(&configuration)")
                    .then(|| PLACE.map(str::to_owned))
                    .into_iter()
                    .flatten(),
            )
            .collect();
        let variables = &deployed[&package.directory]["Environment"]["Variables"];
        let given = variables.as_object().into_iter().flatten();
        let given: BTreeSet<_> = given.map(|(name, _)| name.clone()).collect();
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
        + &between(
            &read("crates/lambda/src/configuration.rs"),
            "pub fn place",
            "\n}\n",
        )
        .concat();
    for name in constants().keys() {
        assert!(sources.contains(name.as_str()), "nobody reads {name}");
    }
}
