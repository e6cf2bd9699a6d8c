mod bodies;
mod callers;
mod cloud;

use crate::ShadowError;
use cloud::{Cloud, NOW, TOKEN, rules};
use muster_lambda::{DeviceRequest, NamedError};
use muster_onboarding::FailureKind;
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::DesiredWrite;
use serde_json::{Value, json};

/// A request with a token in its query.
fn get(serial: &str, token: &str) -> Value {
    json!({
        "httpMethod": "GET", "resource": "/shadow",
        "queryStringParameters": { "serialNumber": serial, "deviceToken": token },
        "requestContext": { "identity": { "sourceIp": "192.0.2.1" } },
    })
}

fn put(body: &str) -> Value {
    let mut request = get("sensor-1", TOKEN);
    request["httpMethod"] = json!("PUT");
    request["body"] = json!(body);
    request
}

/// The answer, or the error's name.
fn ask(cloud: &Cloud, request: Value) -> Result<Value, &'static str> {
    ask_as(cloud, request).map_err(|error| error.name())
}

fn ask_as(cloud: &Cloud, request: Value) -> Result<Value, ShadowError> {
    cloud.ask(NOW, &DeviceRequest::new(request))
}

#[test]
fn a_device_reads_what_it_has_reported_as_far_as_the_patterns_allow() {
    let cloud = Cloud::with_device();
    cloud.state().reported = Some(json!({ "led": true, "psk": "secret" }));
    let answer = ask(&cloud, get("sensor-1", TOKEN)).unwrap();
    let expected = json!({ "state": { "reported": { "led": true, "psk": "secret" } }, "version": 3, "timestamp": 9 });
    assert_eq!(answer, expected);
    cloud.state().rules = rules(&["**"], &["psk"], &[], &[]);
    let answer = ask(&cloud, get("sensor-1", TOKEN)).unwrap();
    assert_eq!(answer["state"], json!({ "reported": { "led": true } }));
    assert_eq!(cloud.state().read, ["sensor-1", "sensor-1"]);
}

#[test]
fn a_device_writes_what_is_desired_with_a_version_or_without_or_as_the_seed_does() {
    let cloud = Cloud::with_device();
    let desired = json!({ "led": true });
    for (body, version) in [
        (json!({ "state": { "desired": desired } }), None),
        (
            json!({ "state": { "desired": desired }, "version": 3 }),
            Some(3),
        ),
        (desired.clone(), None),
    ] {
        let answer = ask(&cloud, put(&body.to_string())).unwrap();
        let expected = json!({ "state": { "desired": desired }, "version": 4, "timestamp": 9 });
        assert_eq!(answer, expected);
        let written = cloud.state().written.pop();
        assert_eq!(
            written,
            Some(("sensor-1".to_owned(), desired.clone(), version))
        );
    }
}

#[test]
fn the_shadow_is_that_of_the_devices_own_thing() {
    let cloud = Cloud::with_device();
    cloud.change(|held| held.thing_name = Some("thing-of-another-name".to_owned()));
    ask(&cloud, get("sensor-1", TOKEN)).unwrap();
    ask(&cloud, put("{}")).unwrap();
    let state = cloud.state();
    assert_eq!(state.read, ["thing-of-another-name"]);
    assert_eq!(state.written[0].0, "thing-of-another-name");
}

#[test]
fn a_device_without_a_shadow_or_that_is_not_provisioned_is_told_so() {
    let cloud = Cloud::with_device();
    cloud.state().reported = None;
    let asked = || ask(&cloud, get("sensor-1", TOKEN));
    assert_eq!(asked().unwrap_err(), "ShadowUnknown");
    assert!(ask(&cloud, put("{}")).is_ok(), "writing makes it");

    cloud.state().reported = Some(json!({}));
    for state in [DeviceState::Known, DeviceState::Provisioning] {
        cloud.change(|held| held.state = Some(state));
        assert_eq!(asked().unwrap_err(), "ShadowUnknown");
        assert_eq!(ask(&cloud, put("{}")).unwrap_err(), "ShadowUnknown");
    }
    // Its token was issued, and it has never asked for a certificate.
    cloud.state().devices.clear();
    assert_eq!(asked().unwrap_err(), "ShadowUnknown");
    assert_eq!(cloud.state().written.len(), 1);
}

#[test]
fn a_key_that_may_not_be_written_is_named_and_nothing_is_written() {
    let cloud = Cloud::with_device();
    cloud.state().rules = rules(&["**"], &[], &["**"], &["net.psk"]);
    for (body, key) in [
        (json!({ "led": 1, "net": { "psk": "s3cret" } }), "net.psk"),
        (json!({ "net": null }), "net"),
        (json!({ "state": { "desired": { "net": 1 } } }), "net"),
    ] {
        let error = ask_as(&cloud, put(&body.to_string())).unwrap_err();
        assert_eq!(error.name(), "ShadowKeyRefused");
        let said = error.to_string();
        assert!(said.contains(&format!("The key {key} ")), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
    assert!(cloud.state().written.is_empty());
    let allowed = json!({ "net": { "ssid": null } });
    assert!(ask(&cloud, put(&allowed.to_string())).is_ok());
}

#[test]
fn what_the_cloud_says_of_a_write_has_a_name_of_the_contract() {
    let cloud = Cloud::with_device();
    let asked = || ask(&cloud, put("{}")).unwrap_err();
    cloud.state().outcome = Ok(DesiredWrite::Outdated);
    assert_eq!(asked(), "ShadowConflict");
    cloud.state().outcome = Ok(DesiredWrite::TooLarge);
    assert_eq!(asked(), "RequestTooLarge");
    for (kind, name) in [
        (FailureKind::NotFound, "ShadowUnknown"),
        (FailureKind::Refused, "InputInvalid"),
        (FailureKind::Throttled, "Throttled"),
        (FailureKind::Unavailable, "CloudUnavailable"),
        (FailureKind::AccessDenied, "AccessDenied"),
    ] {
        cloud.state().outcome = Err(kind);
        assert_eq!(asked(), name);
    }
}

#[test]
fn what_the_cloud_says_is_for_the_log_and_only_what_may_pass_is_to_be_asked_again() {
    let cloud = Cloud::with_device();
    for (kind, again) in [
        (FailureKind::Refused, false),
        (FailureKind::Throttled, true),
        (FailureKind::Unavailable, true),
    ] {
        cloud.state().outcome = Err(kind);
        let error = ask_as(&cloud, put("{}")).unwrap_err();
        assert!(!error.told().unwrap().contains("123456789012"));
        assert_eq!(error.retry_after().is_some(), again, "{kind:?}");
    }
    cloud.state().outcome = Ok(DesiredWrite::Outdated);
    let conflict = ask_as(&cloud, put("{}")).unwrap_err();
    assert_eq!(conflict.retry_after(), None, "with the same version");
}

#[test]
fn a_path_of_another_function_is_none_here() {
    let cloud = Cloud::with_device();
    let mut request = get("sensor-1", TOKEN);
    request["httpMethod"] = json!("DELETE");
    assert_eq!(ask(&cloud, request).unwrap_err(), "NotFound");
}
