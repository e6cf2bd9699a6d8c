//! What is said of an account's quotas.

use super::super::Level;
use super::*;

fn quota(name: &str, value: f64) -> Quota {
    Quota {
        code: format!("L-{}", name.len()),
        name: name.to_owned(),
        value,
        adjustable: true,
    }
}

/// The stack's queues as the template has them, and rotation as it is by default.
const USUAL: Settings = Settings {
    queues: 50.0,
    rotations: 5.0,
};

/// What is found of a service whose only quota has this value and this default.
fn found(service: &str, name: &str, value: f64, default: f64) -> Vec<Finding> {
    let (_, names) = SERVICES
        .into_iter()
        .find(|(code, _)| *code == service)
        .unwrap();
    let (applied, defaults) = ([quota(name, value)], [quota(name, default)]);
    judge(service, names, &applied, &defaults, USUAL)
}

#[test]
fn a_new_account_whose_functions_may_run_ten_at_once_is_told_how_to_ask_for_more() {
    let found = found("lambda", "Concurrent executions", 10.0, 1000.0);
    let [one] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(one.level, Level::Warning);
    assert!(
        one.said.contains("is 10, and the stack's queues take 50"),
        "{one:?}"
    );
    let command = "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-21 \
                   --desired-value 1000 (docs/operations.md#raising-quotas)";
    assert_eq!(one.advice, command);
}

#[test]
fn a_quota_below_aws_s_default_is_a_warning_and_one_at_it_or_above_is_none() {
    let name = "CreateThing API TPS";
    let below = found("iotcore", name, 50.0, 100.0);
    assert!(
        below[0]
            .said
            .contains("CreateThing API TPS is 50, below AWS's default of 100")
    );
    assert_eq!(found("iotcore", name, 100.0, 100.0), []);
    assert_eq!(found("iotcore", name, 500.0, 100.0), []);
}

#[test]
fn what_nobody_has_changed_is_at_its_default_which_may_be_too_little_for_the_stack() {
    let names = &["UpdateCertificate", "CreateThing"][..];
    let defaults = [
        quota("UpdateCertificate API TPS", 10.0),
        quota("CreateThing API TPS", 100.0),
    ];
    let judged = |rotations| {
        let settings = Settings {
            queues: 0.0,
            rotations,
        };
        judge("iotcore", names, &[], &defaults, settings)
    };
    assert_eq!(judged(9.0), []);
    let found = judged(20.0);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].said.contains("RotationsPerSecond is 20"));
    assert!(found[0].advice.contains("--desired-value 40 "));
}

#[test]
fn a_quota_that_aws_takes_no_request_for_is_a_support_case() {
    let fixed = Quota {
        adjustable: false,
        ..quota("Throttle rate", 5.0)
    };
    let default = quota("Throttle rate", 10.0);
    let found = judge(
        "apigateway",
        &["Throttle rate"],
        &[fixed],
        &[default],
        USUAL,
    );
    assert!(found[0].advice.starts_with("a support case"));
}

#[test]
fn what_is_not_listed_or_not_looked_at_gives_no_finding() {
    assert_eq!(
        judge("lambda", &["Concurrent executions"], &[], &[], USUAL),
        []
    );
    for (service, name) in [
        ("iotcore", "UpdateCertificateProvider API TPS"),
        ("iotcore", "Connect requests per second per client ID"),
        ("apigateway", "Throttle burst rate"),
    ] {
        assert_eq!(found(service, name, 0.5, 10.0), [], "{name}");
    }
}

#[test]
fn a_quota_is_known_by_its_first_words_in_any_case() {
    assert!(is_named("CreateThing", "CreateThing API TPS"));
    assert!(is_named("Concurrent executions", "Concurrent Executions"));
    assert!(!is_named("CreateThing", "CreateThingType API TPS"));
    assert!(!is_named("Concurrent executions", "Concurrent"));
    for call in ROTATION {
        assert!(SERVICES[0].1.contains(&call), "{call}");
    }
}
