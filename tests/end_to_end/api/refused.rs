//! Bad requests: each gets its status, its code and a sentence, and leaves nothing.

use super::{Answer, Asked, Caller, has_nothing, open_stack};
use crate::authorities::brought::{Operators, registration_code};
use crate::authorities::{authorities, vault::vault};
use crate::metrics::lines;
use crate::support::{Stack, wait_until};
use std::collections::BTreeSet;

/// The body, the answer's status and code, and what its sentence says.
type Bad = (Vec<u8>, u16, &'static str, &'static str);

/// What a body may not say that it is.
const NOT_JSON: [&str; 3] = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/xml",
];

fn bodies() -> Vec<Bad> {
    let deep = |open: &str, close: &str| [open.repeat(10_000), close.repeat(10_000)].concat();
    let text = |body: &str, code, said| (body.as_bytes().to_vec(), 400, code, said);
    let large = |bytes: usize| format!("{{\"verifierName\":\"{}\"}}", "x".repeat(bytes));
    vec![
        text("", "InputInvalid", "no body"),
        text("no JSON", "InputInvalid", "does not decode"),
        text("{", "InputInvalid", "does not decode"),
        text("{} {}", "InputInvalid", "does not decode"),
        text("[]", "InputInvalid", "JSON object"),
        text(
            "[null,null,null,\"DEFAULT\",null,null,null]",
            "InputInvalid",
            "JSON object",
        ),
        text("null", "InputInvalid", "JSON object"),
        text("\"{}\"", "InputInvalid", "JSON object"),
        text(
            "{\"verifier\":\"x\"}",
            "InputInvalid",
            "unknown field `verifier`",
        ),
        text(
            "{\"csrSubjects\":{\"cn\":\"x\"}}",
            "InputInvalid",
            "unknown field `cn`",
        ),
        text(
            "{\"csrSubjects\":[\"x\"]}",
            "InputInvalid",
            "does not decode",
        ),
        text("{\"lifetimeDays\":\"30\"}", "InputInvalid", "\"30\""),
        text("{\"lifetimeDays\":1e99}", "InputInvalid", "does not decode"),
        text("{\"verifierName\":7}", "InputInvalid", "`7`"),
        text("{\"lifetimeDays\":0}", "LifetimeInvalid", "1 to 36500"),
        text(
            "{\"verifierName\":\"nobody\"}",
            "VerifierUnknown",
            "allow-list, second",
        ),
        text(
            "{\"caCertificatePem\":\"x\"}",
            "CaInvalid",
            "cannot be read",
        ),
        text(
            "{\"csrSubjects\":{\"countryName\":\"Taiwan\"}}",
            "SubjectInvalid",
            "two letters",
        ),
        (
            deep("[", "]").into(),
            400,
            "InputInvalid",
            "does not decode",
        ),
        (
            deep("{\"a\":", "}").into(),
            400,
            "InputInvalid",
            "does not decode",
        ),
        (
            vec![b'{', 0xff, 0xfe, b'}'],
            400,
            "InputInvalid",
            "does not decode",
        ),
        (large(60_000).into(), 400, "VerifierUnknown", "no verifier"),
        (large(100_000).into(), 413, "RequestTooLarge", "65536"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_wrongly_is_refused_by_status_and_name_and_leaves_nothing() {
    let stack = open_stack().await;
    let root = Caller::root();
    for (body, status, code, said) in bodies() {
        let answer = root.ask(&stack, Asked::post("/authorities", body)).await;
        let sentence = answer.refuses(status, code);
        assert!(sentence.contains(said), "{said}: {answer:?}");
    }
    for kind in NOT_JSON {
        let mut asked = Asked::post("/authorities", "{}");
        asked.content_type = Some(kind);
        let answer = root.ask(&stack, asked).await;
        answer.refuses(415, "ContentTypeUnsupported");
    }
    for asked in [
        Asked::get("/authorities"),
        Asked::get("/nothing"),
        Asked::get("/"),
        Asked::post("/verifiers", "{}"),
        Asked::get("/authorities/../verifiers/x"),
    ] {
        let answer: Answer = root.ask(&stack, asked).await;
        answer.refuses(403, "NotAuthenticated");
    }
    has_nothing(&stack).await;
    is_logged_as_no_failure(&stack).await;
}

/// All that the stack's functions were asked was wrong.
async fn is_logged_as_no_failure(stack: &Stack) {
    let ended = wait_until("a line about each request", || async {
        let lines = lines(stack).await.into_iter();
        let ended: Vec<_> = lines.filter(|line| line["calls"].is_string()).collect();
        (ended.len() >= bodies().len() + NOT_JSON.len()).then_some(ended)
    })
    .await;
    for line in &ended {
        assert_eq!(line["message"], "refused", "{line}");
        assert_eq!(line["operation"], "POST /authorities", "{line}");
        assert_eq!(line.get("error"), None, "{line}");
    }
    let codes: BTreeSet<_> = ended.iter().map(|line| line["code"].as_str()).collect();
    for (_, _, code, _) in bodies() {
        assert!(codes.contains(&Some(code)), "{code}: {codes:?}");
    }
    let all = lines(stack).await;
    let counted = all.iter().filter(|line| line["Failed"].is_u64());
    assert_eq!(counted.count(), 0, "a refusal is no failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ca_that_is_brought_a_second_time_is_a_conflict_and_changes_nothing() {
    let stack = open_stack().await;
    let root = Caller::root();
    let operators = Operators::new(86_400);
    let asked = operators
        .request(&registration_code(&stack).await)
        .to_string();
    let first = root
        .ask(&stack, Asked::post("/authorities", asked.clone()))
        .await;
    assert_eq!(first.status, 200, "{first:?}");
    let files = vault(&stack).await;

    let second = root.ask(&stack, Asked::post("/authorities", asked)).await;
    let said = second.refuses(409, "CaAlreadyRegistered");
    let id = first.json()["certificateId"].as_str().unwrap().to_owned();
    assert!(said.contains(&id), "{said}");
    assert_eq!(authorities(&stack).await, [id]);
    assert_eq!(vault(&stack).await, files);
}
