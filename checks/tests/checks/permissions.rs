//! A function's role allows exactly the calls that the function makes.
//!
//! What a function calls is read from its source: the ports' methods, and the IAM actions that their adapters in
//! `crates/cloud` name.

use crate::repository::{files, packages_in, read, stem};
use crate::template::{functions_by_directory, list, statements, template};
use crate::text::without_tests;
use std::collections::{BTreeMap, BTreeSet};

type Actions = BTreeSet<String>;

/// The adapters that functions use; the others are the operator's.
const ADAPTERS: &[&str] = &[
    "authorities",
    "authority_keys",
    "identity",
    "ledger",
    "publishing",
    "registrations",
    "sealing",
    "vault",
    "workflows",
];

/// A table that is encrypted with a key of the account's is read and written with that key.
const TABLE_KEY: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

/// A bucket that is encrypted with a key of the account's is written with that key.
const BUCKET_KEY: &str = "kms:GenerateDataKey";

/// The functions of a source file: name and body.
fn functions(source: &str) -> BTreeMap<String, String> {
    let mut functions = BTreeMap::new();
    for piece in source.split("async fn ").skip(1) {
        let name = piece.split(['(', '<']).next().unwrap_or_default();
        let body = piece.split("\n    }\n").next().unwrap_or_default();
        let body = body.split("\n}\n").next().unwrap_or_default();
        functions.insert(name.to_owned(), body.to_owned());
    }
    functions
}

/// The actions that a body names, `service:Action` in quotes.
fn named(body: &str) -> Actions {
    let quoted = body.split('"').skip(1).step_by(2);
    quoted
        .filter(|text| {
            let services = ["iot:", "dynamodb:", "kms:", "s3:", "states:"];
            let service = services.iter().find(|service| text.starts_with(**service));
            service.is_some_and(|service| text[service.len()..].chars().all(char::is_alphanumeric))
        })
        .map(str::to_owned)
        .collect()
}

/// Whether a body calls a function of its own file.
fn calls(body: &str, name: &str) -> bool {
    // However it is broken into lines.
    let body: String = body
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(" .", ".");
    body.contains(&format!("self.{name}("))
        || body.match_indices(&format!("{name}(")).any(|(at, _)| {
            let before = body[..at].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && !"_.".contains(c))
        })
}

/// What each method of the adapters calls.
fn adapters() -> BTreeMap<String, Actions> {
    let mut methods = BTreeMap::new();
    for path in files("crates/cloud/src", "rs") {
        let operators = path.components().any(|part| part.as_os_str() == "operator");
        if operators || !ADAPTERS.contains(&stem(&path).as_str()) {
            continue;
        }
        let functions = functions(without_tests(&read(&path)));
        for (name, body) in &functions {
            let mut actions = named(body);
            for (helper, helpers_body) in &functions {
                if helper != name && calls(body, helper) {
                    actions.extend(named(helpers_body));
                }
            }
            methods.insert(name.clone(), actions);
        }
    }
    methods
}

/// The permissions that an API call needs.
fn permissions(action: &str) -> Vec<&str> {
    match action {
        "dynamodb:TransactWriteItems" => vec!["dynamodb:PutItem", "dynamodb:UpdateItem"],
        // With tags, which are checked by themselves.
        "iot:RegisterCACertificate" => vec![action, "iot:TagResource"],
        other => vec![other],
    }
}

#[test]
fn the_calls_are_found_where_they_are_looked_for() {
    let adapters = adapters();
    for (method, action) in [
        ("issue", "iot:CreateCertificateFromCsr"),
        ("held", "dynamodb:GetItem"),
        ("release", "dynamodb:UpdateItem"),
        ("open", "dynamodb:TransactWriteItems"),
        ("seal", "kms:Encrypt"),
        ("start", "states:StartExecution"),
        ("register_ca", "iot:RegisterCACertificate"),
        ("make_ca_key", "kms:GenerateDataKeyPair"),
        ("store_file", "s3:PutObject"),
    ] {
        assert!(
            adapters[method].contains(action),
            "{method}: {:?}",
            adapters[method]
        );
    }
}

#[test]
fn a_functions_role_allows_exactly_what_the_function_calls() {
    let adapters = adapters();
    let template = template();
    let deployed = functions_by_directory(&template);
    for package in packages_in("functions") {
        let rules = files(format!("{}/src", package.directory), "rs").into_iter();
        let rules = rules.filter(|path| stem(path) != "main");
        let source: String = rules
            .map(|path| without_tests(&read(path)).to_owned())
            .collect();
        let mut needed = Actions::new();
        for (method, actions) in &adapters {
            if source.contains(&format!(".{method}(")) {
                let actions = actions.iter().flat_map(|action| permissions(action));
                needed.extend(actions.map(str::to_owned));
            }
        }
        if needed.iter().any(|action| action.starts_with("dynamodb:")) {
            needed.extend(TABLE_KEY.map(str::to_owned));
        }
        if needed.contains("s3:PutObject") {
            needed.insert(BUCKET_KEY.to_owned());
        }
        let allowed: Actions = statements(&deployed[&package.directory])
            .into_iter()
            .flat_map(|statement| list(&statement["Action"]))
            .map(|action| action.as_str().unwrap().to_owned())
            .collect();
        assert_eq!(allowed, needed, "{}", package.name);
    }
}
