//! The operators' REST API: who may call it, what it takes, and that it refuses as the functions behind it do.

use crate::error_names::{pages, reported};
use crate::repository::{files, read};
use crate::template::{functions_by_directory, list, resources, target, template};
use crate::text::{between, without_tests, words};
use muster_documents::{
    ApiEvent, FleetSettings, GenerateDeviceCertificate, RegisterAuthority, RotateClaim,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Names = BTreeSet<String>;

/// The refusals that API Gateway can give of itself and that a caller of this API can meet.
const REFUSALS: &[&str] = &[
    "ACCESS_DENIED",
    "BAD_REQUEST_BODY",
    "BAD_REQUEST_PARAMETERS",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "EXPIRED_TOKEN",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN",
    "QUOTA_EXCEEDED",
    "REQUEST_TOO_LARGE",
    "THROTTLED",
    "UNSUPPORTED_MEDIA_TYPE",
];

/// The operators'.
const API: &str = "Api";

/// The properties of the API of this logical id.
pub fn api(id: &str) -> Value {
    let apis = resources(&template(), "AWS::Serverless::Api");
    let found = apis.into_iter().find(|(name, _)| name == id);
    found.unwrap_or_else(|| panic!("no {id}")).1
}

/// The functions behind it: directory, and the properties of the event.
pub fn routes(id: &str) -> Vec<(String, Value)> {
    let mut routes = Vec::new();
    for (directory, function) in functions_by_directory(&template()) {
        for (_, event) in function["Events"].as_object().into_iter().flatten() {
            let route = &event["Properties"];
            if event["Type"] == "Api" && target(&route["RestApiId"]) == Some(id) {
                routes.push((directory.clone(), route.clone()));
            }
        }
    }
    routes
}

/// The codes that the gateways' own refusals have.
pub fn gateway_codes() -> Names {
    let apis = resources(&template(), "AWS::Serverless::Api");
    let responses = apis
        .iter()
        .flat_map(|(_, api)| api["GatewayResponses"].as_object().unwrap().values());
    responses
        .map(|response| refusal(response)["code"].as_str().unwrap().to_owned())
        .collect()
}

/// The status that each error's name is answered with.
pub fn statuses() -> BTreeMap<String, u64> {
    let table = read("crates/lambda/src/http_status.rs");
    let mut statuses = BTreeMap::new();
    for names in between(without_tests(&table), "&[", "]") {
        let before = table.split(names).next().unwrap();
        let status = before.rsplit('(').next().unwrap().split(',').next();
        let status = status.unwrap().trim().parse().unwrap_or(500);
        let names = names.split('"').skip(1).step_by(2);
        statuses.extend(names.map(|name| (name.to_owned(), status)));
    }
    statuses
}

/// The body of a refusal, with its variables filled in.
pub fn refusal(response: &Value) -> Value {
    let template = response["ResponseTemplates"]["application/json"].as_str();
    let body = template.unwrap();
    // A JSON string, and the inside of one.
    let body = body.replace("$context.error.messageString", "\"said\"");
    let body = body.replace("$context.error.validationErrorString", "said");
    assert!(!body.contains('$'), "{body} has a variable without a value");
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{body}: {error}"))
}

#[test]
fn every_path_takes_signed_requests_only() {
    let api = api(API);
    // Not with the caller's own permissions, which is SAM's default for AWS_IAM.
    let signed = json!({ "DefaultAuthorizer": "AWS_IAM", "InvokeRole": "NONE" });
    assert_eq!(api["Auth"], signed);
    assert!(api["Cors"].is_null(), "no browser of a stranger's");
    assert!(routes(API).len() >= 2);
    for (function, route) in routes(API) {
        assert!(route["Auth"].is_null(), "{function} has rules of its own");
    }
}

#[test]
fn every_refusal_of_the_gateway_has_a_code_and_a_sentence_and_repeats_nothing_of_the_accounts() {
    let api = api(API);
    let responses = api["GatewayResponses"].as_object().unwrap();
    let kinds: Vec<_> = responses.keys().map(String::as_str).collect();
    assert_eq!(kinds, REFUSALS);
    for (kind, response) in responses {
        let body = refusal(response);
        let fields: Vec<_> = body.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["code", "message"], "{kind}");
        let template = response.to_string();
        // AWS's own words for these name the caller, the role and the resource.
        if kind == "ACCESS_DENIED" || kind.ends_with("5XX") || kind.starts_with("INTEGRATION") {
            assert!(!template.contains("$context"), "{kind}");
        }
    }
}

#[test]
fn a_body_is_checked_for_fields_types_and_lengths_before_a_function_is_called() {
    let models = api(API)["Models"].clone();
    for (function, route) in routes(API) {
        if route["Method"] == "GET" || route["Method"] == "DELETE" {
            continue;
        }
        let asked = &route["RequestModel"];
        assert_eq!(asked["Required"], true, "{function}");
        assert_eq!(asked["ValidateBody"], true, "{function}");
        let model = &models[asked["Model"].as_str().expect("a model's name")];
        assert_eq!(model["type"], "object", "{function}");
        strict(&function, model);
    }
}

fn strict(at: &str, schema: &Value) {
    match schema["type"].as_str() {
        Some("object") => {
            assert_eq!(schema["additionalProperties"], false, "{at}");
            for (name, inner) in schema["properties"].as_object().unwrap() {
                strict(&format!("{at}.{name}"), inner);
            }
        }
        Some("string") => assert!(schema["maxLength"].is_u64(), "{at} may have any length"),
        Some("array") => {
            assert!(schema["maxItems"].is_u64(), "{at} may have any length");
            strict(&format!("{at}[]"), &schema["items"]);
        }
        Some("integer" | "boolean") => {}
        None if schema["oneOf"].is_array() => {
            for (number, inner) in list(&schema["oneOf"]).into_iter().enumerate() {
                // What a device is said to be is its verifier's to judge.
                if inner != &json!({ "type": "object" }) {
                    strict(&format!("{at}[{number}]"), inner);
                }
            }
        }
        other => panic!("{at} is {other:?}"),
    }
}

#[test]
fn the_gateway_takes_exactly_the_fields_that_the_functions_take() {
    let models = &api(API)["Models"];
    let authority = &models["RegisterAuthority"];
    takes_the_fields_of::<RegisterAuthority>(authority, &json!({}), "");
    takes_the_fields_of::<RegisterAuthority>(authority, &json!({}), "csrSubjects");
    let least = json!({ "templateName": "f" });
    let (fleet, rotation) = (&models["FleetSettings"], &models["RotateClaim"]);
    takes_the_fields_of::<FleetSettings>(fleet, &least, "");
    takes_the_fields_of::<RotateClaim>(rotation, &least, "");
    let device = &models["GenerateDeviceCertificate"];
    let least = json!({ "caCertificateId": "" });
    for field in ["", "csrSubjects", "encryptTo"] {
        takes_the_fields_of::<GenerateDeviceCertificate>(device, &least, field);
    }
}

/// The model takes what the request takes; or, of its object `field`, what that takes.
fn takes_the_fields_of<T: DeserializeOwned>(model: &Value, least: &Value, field: &str) {
    let mut body = least.clone();
    let schema = if field.is_empty() {
        body["?"] = json!(0);
        model
    } else {
        body[field] = json!({ "?": 0 });
        &model["properties"][field]
    };
    let refused = serde_json::from_value::<ApiEvent<T>>(json!({ "body": body }));
    // "unknown field `?`, expected one of `a`, `b`"
    let said = refused.map(drop).unwrap_err().to_string();
    let taken: BTreeSet<_> = said.split('`').skip(3).step_by(2).collect();
    let properties = schema["properties"].as_object().unwrap().keys();
    assert_eq!(
        properties.map(String::as_str).collect::<BTreeSet<_>>(),
        taken
    );
}

#[test]
fn the_functions_behind_the_api_and_no_others_answer_in_http() {
    let behind: BTreeSet<_> = routes(API)
        .into_iter()
        .map(|(function, _)| function)
        .collect();
    for (directory, _) in functions_by_directory(&template()) {
        let answers = read(format!("{directory}/src/main.rs")).contains("run_api(");
        assert_eq!(answers, behind.contains(&directory), "{directory}");
    }
}

#[test]
fn every_error_of_a_function_behind_the_api_has_a_status() {
    let with_status = statuses();
    assert_eq!(with_status["VerifierUnknown"], 400);
    assert_eq!(with_status["CloudRefused"], 500);
    for (function, _) in routes(API) {
        let mut names = reported(&[
            &function,
            "crates/lambda",
            "crates/onboarding/src/failure.rs",
        ]);
        // Refusals go under their codes.
        for path in files(&function, "rs") {
            let source = read(path);
            let codes = source.split("RefusalCode::").skip(1);
            names.extend(
                codes
                    .filter_map(|rest| words(rest).next())
                    .map(str::to_owned),
            );
        }
        for name in names {
            assert!(
                with_status.contains_key(&name),
                "{function} reports {name}: give it a status in http_status.rs"
            );
        }
    }
}

#[test]
fn the_codes_of_the_gateway_have_pages() {
    for code in gateway_codes() {
        assert!(pages().contains(&code), "{code} has no page");
    }
}

#[test]
fn the_documents_name_every_path() {
    let map = read("docs/architecture.md");
    for (_, route) in [routes(API), routes("DeviceApi")].concat() {
        let text = |key: &str| route[key].as_str().unwrap().to_owned();
        let named = format!("`{} {}`", text("Method"), text("Path"));
        assert!(map.contains(&named), "docs/architecture.md lacks {named}");
    }
}

#[test]
fn whoever_knows_verifiers_knows_the_same() {
    let functions = functions_by_directory(&template());
    let mut names = functions
        .values()
        .map(|function| &function["Environment"]["Variables"]["VERIFIER_NAMES"])
        .filter(|names| !names.is_null());
    let first = names.next().expect("somebody knows verifiers");
    assert!(names.all(|other| other == first));
}
