//! Only signed requests of whom IAM allows it, and what they get.

use super::{Asked, Caller, ask_unsigned, has_nothing, open_stack};
use crate::authorities::admits_devices;
use crate::support::Stack;
use aws_sdk_iot::types::CertificateMode;
use serde_json::{Value, json};

/// A statement that allows one path of the stack's API.
fn may(stack: &Stack, method: &str, path: &str) -> Value {
    let api = stack.output("ApiId");
    json!({
        "Effect": "Allow", "Action": "execute-api:Invoke",
        "Resource": format!("arn:aws:execute-api:us-east-1:000000000000:{api}/v1/{method}{path}"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_invoke_a_path_is_answered_and_nobody_else_is() {
    let stack = open_stack().await;
    let registers = json!([may(&stack, "POST", "/authorities")]);
    let reads = json!([may(&stack, "GET", "/verifiers")]);
    let operator = Caller::user(&stack, "operator", &registers).await;
    let reader = Caller::user(&stack, "reader", &reads).await;
    let stranger = Caller::user(&stack, "stranger", &json!([])).await;
    let register = || {
        Asked::post(
            "/authorities",
            "{\"csrSubjects\":{\"commonName\":\"Plant 7\"}}",
        )
    };
    let verifiers = || Asked::get("/verifiers");

    // Without a signature, with a wrong one, with none of IAM's, and with one that lacks the permission.
    let (mut refused, mut denied) = (Vec::new(), Vec::new());
    for asked in [register(), verifiers()] {
        refused.push((
            ask_unsigned(&stack, asked.clone()).await,
            "NotAuthenticated",
        ));
        let wrong = Caller {
            secret: "wrong".to_owned(),
            ..operator.clone()
        };
        refused.push((wrong.ask(&stack, asked.clone()).await, "NotAuthenticated"));
        let unknown = Caller {
            key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            ..operator.clone()
        };
        refused.push((unknown.ask(&stack, asked.clone()).await, "RequestRefused"));
        denied.push(stranger.ask(&stack, asked).await);
    }
    denied.push(reader.ask(&stack, register()).await);
    denied.push(operator.ask(&stack, verifiers()).await);
    for (answer, code) in refused {
        answer.refuses(403, code);
    }
    // The emulator says IAM's no in its own words (docs/local-stack.md).
    for answer in denied {
        assert_eq!(answer.status, 403, "{answer:?}");
    }
    has_nothing(&stack).await;

    let answer = reader.ask(&stack, verifiers()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.json(),
        json!({ "verifiers": ["allow-list", "second"] })
    );

    let answer = operator.ask(&stack, register()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.cache_control.as_deref(), Some("no-store"));
    let made = answer.json();
    let fields: Vec<_> = made.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["certificateArn", "certificateId"]);
    admits_devices(&stack, &made, CertificateMode::Default).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_to_wait() {
    let slow = [("ApiRateLimit", "1"), ("ApiBurstLimit", "1")];
    let stack = Stack::start(&slow).await;
    let root = Caller::root();
    let mut throttled = 0;
    for _ in 0..20 {
        let answer = root.ask(&stack, Asked::get("/verifiers")).await;
        if answer.status != 200 {
            answer.refuses(429, "Throttled");
            throttled += 1;
        }
    }
    assert!(
        (1..20).contains(&throttled),
        "{throttled} of 20 were throttled"
    );
}
