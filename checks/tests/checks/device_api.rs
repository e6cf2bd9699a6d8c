//! The devices' API: what `openapi/devices.json` promises, `template.yaml` and the functions keep.

use crate::api::{api, refusal, routes, statuses};
use crate::error_names::pages;
use crate::repository::json;
use crate::schema::{fits, resolved};
use crate::template::{list, resources, target, template};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const API: &str = "DeviceApi";

/// The refusals that API Gateway can give of itself and that a device can meet.
const REFUSALS: &[&str] = &[
    "BAD_REQUEST_BODY",
    "BAD_REQUEST_PARAMETERS",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "INVALID_API_KEY",
    "MISSING_AUTHENTICATION_TOKEN",
    "QUOTA_EXCEEDED",
    "REQUEST_TOO_LARGE",
    "THROTTLED",
    "UNSUPPORTED_MEDIA_TYPE",
    "WAF_FILTERED",
];

fn described() -> Value {
    json("openapi/devices.json")
}

/// The operations of a document of `OpenAPI`: `GET /shadow` and what is said of it.
fn operations(document: &Value) -> BTreeMap<String, Value> {
    let mut operations = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = format!("{} {path}", method.to_uppercase());
            operations.insert(name, operation.clone());
        }
    }
    operations
}

/// The answers of an operation that are not 200: status, and the answer.
fn refusals(document: &Value, operation: &Value) -> Vec<(u64, Value)> {
    let answers = operation["responses"].as_object().unwrap().iter();
    answers
        .map(|(status, answer)| (status.parse().unwrap(), resolved(document, answer).clone()))
        .filter(|(status, _)| *status != 200)
        .collect()
}

fn content(answer: &Value) -> &Value {
    &answer["content"]["application/json"]
}

/// The codes that a refusal can have.
fn codes_of(refusal: &Value) -> Vec<String> {
    let codes = &content(refusal)["schema"]["allOf"][1]["properties"]["code"]["enum"];
    let codes = codes.as_array().expect("codes").iter();
    codes
        .map(|code| code.as_str().unwrap().to_owned())
        .collect()
}

/// All codes that the description names.
pub fn codes() -> BTreeSet<String> {
    let document = described();
    let operations = operations(&document);
    let refusals = operations
        .values()
        .flat_map(|operation| refusals(&document, operation));
    refusals
        .flat_map(|(_, refusal)| codes_of(&refusal))
        .collect()
}

#[test]
fn the_description_has_exactly_the_paths_that_the_template_serves() {
    let served = operations(&api(API)["DefinitionBody"]);
    let described = operations(&described());
    let names =
        |operations: &BTreeMap<String, Value>| operations.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&described), names(&served));
    // Each is permitted to call the function that it calls.
    let functions = resources(&template(), "AWS::Serverless::Function");
    let mut permitted = BTreeSet::new();
    for (directory, route) in routes(API) {
        let name = format!(
            "{} {}",
            route["Method"].as_str().unwrap(),
            route["Path"].as_str().unwrap()
        );
        let uri = served[&name]["x-amazon-apigateway-integration"]["uri"].to_string();
        let mut behind = functions
            .iter()
            .filter(|(_, function)| function["CodeUri"] == directory.as_str());
        assert!(
            behind.any(|(id, _)| uri.contains(&format!("${{{id}.Arn}}"))),
            "{name} calls another than {directory}"
        );
        permitted.insert(name);
    }
    assert!(served.keys().eq(&permitted), "{permitted:?}");
}

#[test]
fn the_gateway_checks_what_the_description_says() {
    let (document, gateway) = (described(), api(API)["DefinitionBody"].clone());
    let served = operations(&gateway);
    for (name, operation) in operations(&document) {
        let required = |document: &Value, operation: &Value| -> Vec<Value> {
            let parameters = list(&operation["parameters"]).into_iter();
            let parameters = parameters.map(|parameter| resolved(document, parameter));
            parameters
                .map(|parameter| json!([parameter["name"], parameter["in"], parameter["required"]]))
                .collect()
        };
        assert_eq!(
            required(&gateway, &served[&name]),
            required(&document, &operation),
            "{name}"
        );
        let body = |operation: &Value| content(&operation["requestBody"])["schema"]["$ref"].clone();
        assert_eq!(body(&served[&name]), body(&operation), "{name}");
    }
    let validators = &gateway["x-amazon-apigateway-request-validators"];
    let validator = gateway["x-amazon-apigateway-request-validator"]
        .as_str()
        .unwrap();
    assert_eq!(
        validators[validator],
        json!({ "validateRequestBody": true, "validateRequestParameters": true })
    );

    let schemas = |document: &Value, name: &str| document["components"]["schemas"][name].clone();
    let plain = plain(&document, &schemas(&document, "CertificateRequest"));
    assert_eq!(schemas(&gateway, "CertificateRequest"), plain);
    // Which of its two forms an update has, the function finds out.
    assert_eq!(
        schemas(&gateway, "ShadowUpdate"),
        json!({ "type": "object" })
    );
}

/// A schema with its references resolved and its descriptions left out.
fn plain(document: &Value, schema: &Value) -> Value {
    match resolved(document, schema) {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| *name != "description");
            fields
                .map(|(name, inner)| (name.clone(), plain(document, inner)))
                .collect()
        }
        other => other.clone(),
    }
}

#[test]
fn every_refusal_has_codes_with_pages_under_the_status_that_the_functions_give_them() {
    let document = described();
    let (statuses, pages) = (statuses(), pages());
    for (name, operation) in operations(&document) {
        for (status, refusal) in refusals(&document, &operation) {
            for code in codes_of(&refusal) {
                assert!(pages.contains(&code), "{name}: {code} has no page");
                let usual = *statuses.get(&code).unwrap_or(&500);
                let gateways = ["GatewayFailed", "RequestRefused"].contains(&code.as_str());
                assert!(
                    gateways || usual == status,
                    "{name}: {code} is {usual}, not {status}"
                );
            }
        }
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let document = described();
    let mut examples = 0;
    for (name, operation) in operations(&document) {
        let answers = operation["responses"].as_object().unwrap().values();
        for place in answers.chain([&operation["requestBody"]]) {
            let content = content(resolved(&document, place));
            let named = content["examples"].as_object().into_iter().flatten();
            let values = named
                .map(|(_, example)| &example["value"])
                .chain(content.get("example"));
            for value in values {
                assert!(
                    fits(&document, &content["schema"], value),
                    "{name}: {value}"
                );
                examples += 1;
            }
        }
    }
    assert!(examples > 40, "only {examples} examples were found");
}

#[test]
fn no_answer_is_to_be_kept_and_who_is_to_ask_again_is_told_when() {
    let document = described();
    for (name, operation) in operations(&document) {
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let answer = resolved(&document, answer);
            let header =
                |name: &str| resolved(&document, &answer["headers"][name])["required"] == true;
            assert!(header("cache-control"), "{name}: {status}");
            assert_eq!(
                header("retry-after"),
                ["429", "502", "503", "504"].contains(&status.as_str()),
                "{name}: {status}"
            );
        }
    }
}

#[test]
fn the_gateway_refuses_as_the_description_says() {
    let document = described();
    let api = api(API);
    let responses = api["GatewayResponses"].as_object().unwrap();
    assert_eq!(responses.keys().collect::<Vec<_>>(), REFUSALS);
    for (kind, response) in responses {
        let body = refusal(response);
        assert!(
            fits(
                &document,
                &json!({ "$ref": "#/components/schemas/Refusal" }),
                &body
            ),
            "{kind}: {body}"
        );
        let headers = &response["ResponseParameters"]["Headers"];
        assert_eq!(headers["cache-control"], "'no-store'", "{kind}");
        assert_eq!(
            headers["retry-after"].is_string(),
            body["retryable"] == true,
            "{kind}"
        );
        // Those without a status are for what nobody has foreseen, and an unknown path is in no description of paths.
        let Some(status) = response["StatusCode"]
            .as_str()
            .filter(|status| *status != "404")
        else {
            continue;
        };
        for (name, operation) in operations(&document) {
            let takes_body = operation["requestBody"].is_object();
            let concerns = match kind.as_str() {
                "BAD_REQUEST_PARAMETERS" => operation["parameters"].is_array(),
                "BAD_REQUEST_BODY" | "REQUEST_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" => takes_body,
                _ => true,
            };
            let answer = resolved(&document, &operation["responses"][status]);
            let code = body["code"].as_str().unwrap().to_owned();
            assert!(
                !concerns || codes_of(answer).contains(&code),
                "{name} can be refused with {status} {code}"
            );
        }
    }
}

#[test]
fn a_device_is_told_nothing_of_what_is_behind() {
    let text = described().to_string();
    for word in ["x-amazon", "execute-api", "lambda", "DynamoDB"] {
        assert!(!text.contains(word), "{word}");
    }
}

/// A token may be in the query, and a private key in an answer.
#[test]
fn nothing_writes_requests_and_answers_down() {
    let api = api(API);
    assert!(api["AccessLogSetting"].is_null());
    for setting in list(&api["MethodSettings"]) {
        assert_eq!(setting["DataTraceEnabled"], false);
    }
    let mut firewalls = resources(&template(), "AWS::WAFv2::WebACL");
    let (_, firewall) = firewalls.pop().expect("one");
    assert!(
        !firewall
            .to_string()
            .contains("\"SampledRequestsEnabled\":true")
    );
    let logging = resources(&template(), "AWS::WAFv2::LoggingConfiguration");
    assert!(logging.is_empty());
}

#[test]
fn what_can_be_turned_on_hangs_on_its_condition() {
    let template = template();
    for (id, resource) in template["Resources"].as_object().unwrap() {
        let condition = match id.as_str() {
            id if id.starts_with("DeviceApiUsage") => "DeviceApiKeyOn",
            id if id.starts_with("DeviceApiFirewall") => "DeviceApiWafOn",
            id if id.starts_with("DeviceApiDomain") => "DeviceApiDomainNamed",
            _ => continue,
        };
        assert_eq!(resource["Condition"], condition, "{id}");
    }
    let keyed = json!({ "Fn::If": ["DeviceApiKeyOn", [{ "apiKey": [] }], []] });
    for (name, operation) in operations(&api(API)["DefinitionBody"]) {
        assert_eq!(operation["security"], keyed, "{name}");
    }
    let (_, plan) = resources(&template, "AWS::ApiGateway::UsagePlan").remove(0);
    assert_eq!(target(&plan["ApiStages"][0]["ApiId"]), Some(API));
}
