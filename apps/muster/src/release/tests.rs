//! Against a ledger that is played, in an account that allows nothing else.

use super::*;
use crate::local::{Phase, StackState};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the ledger has.
#[derive(Default)]
struct Played {
    token: bool,
    device: Option<Value>,
    /// What was asked, in order.
    asked: Vec<String>,
}

impl Played {
    fn answer(&mut self, action: &str) -> (u16, Value) {
        self.asked.push(action.to_owned());
        match action {
            "DeleteItem token" if std::mem::take(&mut self.token) => {
                (200, json!({ "Attributes": { "sk": { "S": "token" } } }))
            }
            "GetItem state" => (200, json!({ "Item": self.device })),
            "Query" => (200, json!({ "Items": [], "Count": 0 })),
            "DeleteItem token" | "UpdateItem state" => (200, json!({})),
            _ => (403, json!({ "message": "not allowed" })),
        }
    }
}

/// A stack with this ledger.
async fn stack(played: Played) -> (Target, Arc<Mutex<Played>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = format!("http://{}", listener.local_addr().unwrap());
    let played = Arc::new(Mutex::new(played));
    let answering = Arc::clone(&played);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let action = action(&mut stream).await;
            let (status, answer) = answering.lock().unwrap().answer(&action);
            let answer = answer.to_string();
            let head = format!(
                "HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                answer.len()
            );
            let whole = [head, answer].concat();
            stream.write_all(whole.as_bytes()).await.unwrap();
        }
    });
    let outputs = ["LedgerTableName", "DevicePolicyName"];
    let state = StackState {
        phase: Phase::Ready,
        process_id: 0,
        gateway,
        mqtt_host: String::new(),
        mqtt_port: 0,
        ca_file: "-".into(),
        log_file: "-".into(),
        region: String::new(),
        stack_name: String::new(),
        template: "-".into(),
        outputs: outputs
            .map(|name| (name.to_owned(), name.to_owned()))
            .into(),
    };
    (Target::local(&state), played)
}

/// What a request asks of the ledger, and of which item; or the method of one that is for another service.
async fn action(stream: &mut TcpStream) -> String {
    let mut asked = Vec::new();
    loop {
        assert!(stream.read_buf(&mut asked).await.unwrap() > 0);
        let text = String::from_utf8_lossy(&asked);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let mut targets = head
            .lines()
            .filter_map(|line| line.split_once("DynamoDB_20120810."));
        let Some((_, target)) = targets.next() else {
            return text.split(' ').next().unwrap().to_owned();
        };
        if let Ok(body) = serde_json::from_str::<Value>(body) {
            let sort = body["Key"]["sk"]["S"].as_str().unwrap_or_default();
            return format!("{target} {sort}").trim().to_owned();
        }
    }
}

fn sensor() -> Serial {
    Serial::new("sensor-1").unwrap()
}

#[tokio::test]
async fn a_token_goes_before_the_certificate_and_its_absence_stops_nothing() {
    let device = json!({
        "state": { "S": "provisioned" }, "execution": { "S": "vend-1" }, "certificateId": { "S": "ab" },
        "certificateArn": { "S": "arn" }, "certificateDer": { "S": "AAAA" },
    });
    let (target, played) = stack(Played {
        token: true,
        device: Some(device),
        ..Played::default()
    })
    .await;
    for token in [true, false] {
        assert_eq!(played.lock().unwrap().token, token);
        let released = release(&target, &sensor()).await;
        assert!(
            matches!(released, Err(ReleaseError::Cloud(_))),
            "{released:?}"
        );
        let asked = std::mem::take(&mut played.lock().unwrap().asked);
        let place = |action: &str| asked.iter().position(|asked| asked == action);
        assert_eq!(place("DeleteItem token"), Some(0), "{asked:?}");
        let held = place("UpdateItem state");
        let first_of_iot = asked
            .iter()
            .position(|asked| !asked.contains(' ') && asked != "Query");
        assert!(held.is_some() && held < first_of_iot, "{asked:?}");
    }
}

#[tokio::test]
async fn a_device_of_which_there_is_a_token_alone_is_free_without_it() {
    let (target, _) = stack(Played {
        token: true,
        ..Played::default()
    })
    .await;
    assert!(release(&target, &sensor()).await.unwrap().is_empty());
    let again = release(&target, &sensor()).await;
    assert!(matches!(again, Err(ReleaseError::Unknown(_))), "{again:?}");
}

#[tokio::test]
async fn a_device_that_was_imported_and_has_neither_certificate_nor_token_is_not_released() {
    let device = json!({ "state": { "S": "known" } });
    let (target, _) = stack(Played {
        token: true,
        device: Some(device),
        ..Played::default()
    })
    .await;
    assert!(release(&target, &sensor()).await.unwrap().is_empty());
    let again = release(&target, &sensor()).await;
    let refused = matches!(
        again,
        Err(ReleaseError::NoCertificate { state: "known", .. })
    );
    assert!(refused, "{again:?}");
}
