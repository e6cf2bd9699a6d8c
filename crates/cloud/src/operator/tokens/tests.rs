//! Against a table that is played.

use super::*;
use crate::played::play_json;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600;

/// Hashes to the digest itself.
struct Plain;

impl TokenKey for Plain {
    async fn token_mac(&self, digest: &str) -> Result<Vec<u8>, CloudFailure> {
        Ok(digest.as_bytes().to_vec())
    }
}

/// The tokens of a table that answers this once, and what it was asked.
async fn table(answer: Value) -> (Tokens, JoinHandle<Vec<Value>>) {
    let (cloud, asked) = play_json(vec![(200, answer)]).await;
    (Tokens::new(&cloud, "ledger"), asked)
}

fn sensor() -> Serial {
    Serial::new("sensor-1").unwrap()
}

fn terms(retire_after_hours: Option<u32>) -> Terms {
    Terms {
        opens: Opens::Both,
        created_at: NOW,
        expires_at: NOW + 60,
        retire_after_hours,
    }
}

fn item(serial: &str, more: &Value) -> Value {
    let mut item = json!({
        "pk": { "S": format!("device#{serial}") }, "sk": { "S": "token" }, "opens": { "S": "both" },
        "createdAt": { "N": "1" }, "expiresAt": { "N": "9" },
    });
    let fields = item.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    item
}

#[tokio::test]
async fn the_ledger_gets_the_keyed_hash_of_a_token_and_never_its_text() {
    let (tokens, asked) = table(json!({})).await;
    let issued = tokens.issue(&Plain, &sensor(), &terms(None)).await.unwrap();
    let asked = &asked.await.unwrap()[0];
    let mac = STANDARD.encode(token_digest(&sensor(), &issued.text));
    assert_eq!(
        asked["Item"],
        json!({
            "pk": { "S": "device#sensor-1" }, "sk": { "S": "token" }, "mac": { "S": mac }, "opens": { "S": "both" },
            "createdAt": { "N": "1767225600" }, "expiresAt": { "N": "1767225660" },
        })
    );
    let text = issued.text.expose_secret();
    assert_eq!(text.len(), 30);
    assert!(!asked.to_string().contains(text));
    assert!(!format!("{issued:?}").contains(text));
}

#[tokio::test]
async fn a_deadline_for_the_old_certificate_is_kept_where_one_was_chosen() {
    let (tokens, asked) = table(json!({})).await;
    let asked_for = terms(Some(48));
    tokens.issue(&Plain, &sensor(), &asked_for).await.unwrap();
    let item = &asked.await.unwrap()[0]["Item"];
    assert_eq!(item["retireAfterHours"], json!({ "N": "48" }));
}

#[tokio::test]
async fn tokens_are_listed_by_serial() {
    let spent = json!({ "spentAt": { "N": "5" }, "givenCertificateId": { "S": "ab" }, "retireAfterHours": { "N": "2" } });
    let answer = json!({ "Items": [item("b", &spent), item("a", &json!({}))] });
    let (tokens, asked) = table(answer).await;
    let tokens = tokens.list().await.unwrap();
    asked.await.unwrap();
    let serials: Vec<_> = tokens.iter().map(|token| token.serial.as_str()).collect();
    assert_eq!(serials, ["a", "b"]);
    assert_eq!((tokens[0].created_at, tokens[0].expires_at), (1, 9));
    assert_eq!(tokens[1].spent_at, Some(5));
    assert_eq!(tokens[1].certificate_id.as_deref(), Some("ab"));
    assert_eq!(tokens[1].retire_after_hours, Some(2));
}

#[tokio::test]
async fn it_is_said_whether_there_was_a_token_to_revoke() {
    for (answer, there) in [
        (json!({ "Attributes": item("sensor-1", &json!({})) }), true),
        (json!({}), false),
    ] {
        let (tokens, asked) = table(answer).await;
        assert_eq!(tokens.revoke(&sensor()).await.unwrap(), there);
        let key = json!({ "pk": { "S": "device#sensor-1" }, "sk": { "S": "token" } });
        assert_eq!(asked.await.unwrap()[0]["Key"], key);
    }
}

#[tokio::test]
async fn wrong_tokens_are_counted_over_the_last_sixty_minutes() {
    let minute = |requests: &str| json!({ "requests": { "N": requests } });
    let (tokens, asked) = table(json!({ "Items": [minute("3"), minute("4")] })).await;
    assert_eq!(tokens.wrong_in_last_hour(&sensor(), NOW).await.unwrap(), 7);
    let values = &asked.await.unwrap()[0]["ExpressionAttributeValues"];
    assert_eq!(values[":pk"], json!({ "S": "pace#wrong#sensor-1" }));
    let hour_ago = format!("minute#{}", NOW / 60 - 60);
    assert_eq!(values[":before"], json!({ "S": hour_ago }));
}

#[test]
fn a_token_is_unused_then_used_or_expired_and_one_for_the_shadow_is_good() {
    let token = |opens: Opens, spent_at| Token {
        serial: sensor(),
        opens: opens.name().to_owned(),
        created_at: 0,
        expires_at: 10,
        retire_after_hours: None,
        spent_at,
        certificate_id: None,
    };
    assert_eq!(token(Opens::Both, None).state(9), TokenState::Unused);
    assert_eq!(token(Opens::Shadow, None).state(9), TokenState::Good);
    assert_eq!(token(Opens::Both, None).state(10), TokenState::Expired);
    assert_eq!(token(Opens::Both, Some(5)).state(9), TokenState::Used);
    assert_eq!(token(Opens::Both, Some(5)).state(10), TokenState::Used);
}
