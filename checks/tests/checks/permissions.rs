//! A function's role allows exactly the calls that the function makes.
//!
//! What a function calls is read from its source: the ports' methods, and the IAM actions that their adapters in
//! `crates/cloud` name.

use crate::repository::{adapter_source, files, packages_in, read, stem};
use crate::template::{
    event_sources, functions_by_directory, list, resources, statements, target, template,
};
use crate::text::without_tests;
use muster_documents::VaultFile;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Actions = BTreeSet<String>;

/// The adapters that functions use; the others are the operator's.
const ADAPTERS: &[&str] = &[
    "authorities",
    "authority_keys",
    "queue",
    "endpoint",
    "fleets",
    "events",
    "express",
    "identity",
    "inventory",
    "ledger",
    "objects",
    "publishing",
    "registrations",
    "revocation_lists",
    "sealing",
    "shadows",
    "things",
    "token_keys",
    "vault",
    "verifiers",
    "workflows",
];

/// A table that is encrypted with a key of the account's is read and written with that key.
const TABLE_KEY: [&str; 2] = ["kms:Decrypt", "kms:GenerateDataKey"];

/// A bucket that is encrypted with a key of the account's is written and read with that key.
const BUCKET_KEY: [(&str, &str); 2] = [
    ("s3:PutObject", "kms:GenerateDataKey"),
    ("s3:GetObject", "kms:Decrypt"),
];

/// What Lambda does with a queue as the function that it hands the messages to (Lambda developer guide, "Using Lambda with
/// Amazon SQS").
const EVENT_SOURCE: [&str; 3] = [
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
];

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
            let services = [
                "iot:",
                "dynamodb:",
                "events:",
                "kms:",
                "lambda:",
                "s3:",
                "sqs:",
                "states:",
            ];
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
    let (mut methods, mut bodies) = (BTreeMap::<String, Actions>::new(), BTreeMap::new());
    for adapter in ADAPTERS {
        let functions = functions(&adapter_source(adapter));
        for (name, body) in &functions {
            let mut actions = named(body);
            let (mut called, mut bodies_called) = (vec![name], vec![body]);
            while let Some(body) = bodies_called.pop() {
                for (helper, helpers_body) in &functions {
                    if !called.contains(&helper) && calls(body, helper) {
                        actions.extend(named(helpers_body));
                        called.push(helper);
                        bodies_called.push(helpers_body);
                    }
                }
            }
            methods.insert(name.clone(), actions);
            bodies.insert(name.clone(), body.clone());
        }
    }
    // An adapter may stand on another.
    let own = methods.clone();
    for (name, body) in &bodies {
        for (other, actions) in &own {
            if other != name && body.contains(&format!("vault.{other}(")) {
                methods
                    .entry(name.clone())
                    .or_default()
                    .extend(actions.iter().cloned());
            }
        }
    }
    methods
}

/// The permissions that an API call needs.
fn permissions(action: &str) -> Vec<&str> {
    match action {
        "dynamodb:TransactWriteItems" => vec!["dynamodb:PutItem", "dynamodb:UpdateItem"],
        // With tags and a role, which are checked by themselves.
        "iot:RegisterCACertificate" => vec![action, "iot:TagResource", "iam:PassRole"],
        "iot:CreateProvisioningTemplate"
        | "iot:UpdateProvisioningTemplate"
        | "iot:CreateRoleAlias"
        | "iot:UpdateRoleAlias" => vec![action, "iam:PassRole"],
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
        ("revocation_list", "s3:ListBucket"),
        ("revocation_list", "s3:GetObject"),
        ("read_admission", "dynamodb:BatchGetItem"),
        ("tell", "events:PutEvents"),
        ("token_mac", "kms:GenerateMac"),
        ("reported_state", "iot:GetThingShadow"),
        ("write_desired", "iot:UpdateThingShadow"),
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
        let tests = |path: &Path| {
            path.iter()
                .any(|part| part == "tests" || part == "tests.rs")
        };
        let rules = rules.filter(|path| stem(path) != "main" && !tests(path));
        let mut source: String = rules
            .map(|path| without_tests(&read(path)).to_owned())
            .collect();
        // What functions share calls as well.
        for (used, shared) in [
            ("authenticate(", "crates/lambda/src/authentication.rs"),
            ("ClaimWatch", "crates/lambda/src/claim_watch.rs"),
        ] {
            if source.contains(used) {
                source += without_tests(&read(shared));
            }
        }
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
        for (action, of_key) in BUCKET_KEY {
            if needed.contains(action) {
                needed.insert(of_key.to_owned());
            }
        }
        let is_this = |function: &&(String, Value)| function.1["CodeUri"] == package.directory;
        let all = resources(&template, "AWS::Serverless::Function");
        let (name, _) = all.iter().find(is_this).expect("each package is deployed");
        let mut sources = event_sources(&template).into_iter();
        if sources.any(|source| source.function == *name) {
            needed.extend(EVENT_SOURCE.map(str::to_owned));
        }
        let allowed: Actions = statements(&deployed[&package.directory])
            .into_iter()
            .flat_map(|statement| list(&statement["Action"]))
            .map(|action| action.as_str().unwrap().to_owned())
            .collect();
        assert_eq!(allowed, needed, "{}", package.name);
    }
}

#[test]
fn a_function_takes_messages_of_its_own_queue_alone() {
    let template = template();
    let mut taken = BTreeSet::new();
    for (name, function) in resources(&template, "AWS::Serverless::Function") {
        for statement in statements(&function) {
            if list(&statement["Action"]).contains(&&Value::from("sqs:ReceiveMessage")) {
                let queue = target(&statement["Resource"]).expect("one queue");
                taken.insert((queue.to_owned(), name.clone()));
            }
        }
    }
    let sources = event_sources(&template).into_iter();
    let handed: BTreeSet<_> = sources
        .map(|source| (source.queue, source.function))
        .collect();
    assert_eq!(taken, handed);
}

/// The vault has CAs' private keys too, if only as ciphertexts of the key that encrypts the bucket.
#[test]
fn the_inspector_sees_no_other_file_of_a_ca_than_its_revocation_list() {
    let template = template();
    let deployed = functions_by_directory(&template);
    let inspector = &deployed["functions/certificate-inspector"];
    let lists = VaultFile::RevocationList.key("${VaultPrefix}", "*");
    let via_s3 = json!({ "StringEquals": { "kms:ViaService": { "Fn::Sub": "s3.${AWS::Region}.amazonaws.com" } } });
    let of_lists = json!({ "StringLike": { "s3:prefix": { "Fn::Sub": lists } } });
    for (action, resource, condition) in [
        (
            "s3:GetObject",
            json!({ "Fn::Sub": format!("${{Vault.Arn}}/{lists}") }),
            Value::Null,
        ),
        (
            "s3:ListBucket",
            json!({ "Fn::GetAtt": ["Vault", "Arn"] }),
            of_lists,
        ),
        (
            "kms:Decrypt",
            json!({ "Fn::GetAtt": ["Key", "Arn"] }),
            via_s3,
        ),
    ] {
        let statements = statements(inspector).into_iter();
        let allowed: Vec<_> = statements
            .filter(|statement| list(&statement["Action"]).contains(&&Value::from(action)))
            .map(|statement| (&statement["Resource"], &statement["Condition"]))
            .collect();
        assert_eq!(allowed, [(&resource, &condition)], "{action}");
    }
}

/// Whoever may decrypt with the key through another service alone, or a device's key alone, cannot open a CA's.
#[test]
fn one_function_can_open_the_keys_of_certificate_authorities() {
    let template = template();
    let via = |service: &str| {
        let service = format!("{service}.${{AWS::Region}}.amazonaws.com");
        json!({ "StringEquals": { "kms:ViaService": { "Fn::Sub": service } } })
    };
    let harmless = [
        via("dynamodb"),
        via("s3"),
        json!({ "Null": { "kms:EncryptionContext:certificateId": "false" } }),
    ];
    let mut openers = Vec::new();
    for kind in ["AWS::Serverless::Function", "AWS::Serverless::StateMachine"] {
        for (name, resource) in resources(&template, kind) {
            let decrypting = statements(&resource).into_iter().filter(|statement| {
                list(&statement["Action"]).contains(&&Value::from("kms:Decrypt"))
                    && !harmless.contains(&statement["Condition"])
            });
            openers
                .extend(decrypting.map(|statement| (name.clone(), statement["Condition"].clone())));
        }
    }
    let of_cas = json!({ "StringEquals": { "kms:EncryptionContext:use": "ca-private-key" } });
    assert_eq!(
        openers,
        [("DeviceCertificateGeneratorFunction".to_owned(), of_cas)]
    );
}
