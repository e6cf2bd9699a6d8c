//! A function that is kept warm over midnight lives in the new day.

use muster::local::{Checkout, Profile, build};
use muster_onboarding::rotation::Day;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

const FUNCTION: &str = "rotation-scanner";
const HOUR_SECONDS: i64 = 3_600;
const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;

/// The Lambda Runtime API, by hand: events go out one by one, and what the function answers comes back (AWS Lambda
/// developer guide, "Using the Lambda runtime API").
struct Runtime(TcpListener);

impl Runtime {
    async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    /// Waits until the function asks for an event, hands this one over, and waits for its answer.
    async fn invoke(&self, connection: &mut Option<TcpStream>, event: &Value) -> Value {
        let asked = self.request(connection).await;
        assert!(
            asked
                .0
                .starts_with("GET /2018-06-01/runtime/invocation/next"),
            "{asked:?}"
        );
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nlambda-runtime-aws-request-id: 1\r\n\
             lambda-runtime-deadline-ms: 9999999999999\r\n\
             lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-central-1:123456789012:function:scanner\r\n";
        answer(connection, head, &event.to_string()).await;
        let (head, body) = self.request(connection).await;
        assert!(head.contains("/response"), "{head} {body}");
        answer(connection, "HTTP/1.1 202 Accepted\r\n", "{}").await;
        serde_json::from_str(&body).unwrap()
    }

    /// The next request: its head and its body.
    async fn request(&self, connection: &mut Option<TcpStream>) -> (String, String) {
        loop {
            let stream = match connection {
                Some(stream) => stream,
                None => connection.insert(self.0.accept().await.unwrap().0),
            };
            if let Some(request) = read(stream).await {
                return request;
            }
            *connection = None;
        }
    }
}

/// `None` if the other side has closed the connection.
async fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4096];
        let length = stream
            .read(&mut part)
            .await
            .ok()
            .filter(|length| *length > 0)?;
        bytes.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_owned();
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, value)| value.trim().parse().unwrap());
        if body.len() >= length {
            return Some((head, body.to_owned()));
        }
    }
}

async fn answer(connection: &mut Option<TcpStream>, head: &str, body: &str) {
    let whole = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    let stream = connection.as_mut().unwrap();
    stream.write_all(whole.as_bytes()).await.unwrap();
}

/// The shifted clock, compiled.
async fn clock(folder: &Path) -> PathBuf {
    let library = folder.join("clock.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("clock/shifted.rs");
    let compiled = Command::new("rustc")
        .args(["--edition", "2024", "--crate-type", "cdylib", "-O", "-o"])
        .arg(&library)
        .arg(source)
        .status();
    assert!(compiled.await.unwrap().success());
    library
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_kept_warm_over_midnight_uses_the_new_day() {
    let folder = tempfile::tempdir().unwrap();
    let library = clock(folder.path()).await;
    let shift = folder.path().join("shift");
    let checkout = Checkout::above(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let built = build(&checkout, Profile::of_this_program(), [FUNCTION]).await;
    let runtime = Runtime::start().await;
    // New year's eve, an hour before midnight: a slow machine doesn't get there by itself.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let midnight: Day = "20280101".parse().unwrap();
    let days = Day::of(0).until(midnight);
    let before = days * DAY_SECONDS - now - HOUR_SECONDS;
    std::fs::write(&shift, before.to_string()).unwrap();
    let mut function = Command::new(&built.unwrap()[FUNCTION])
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime.address())
        .env("AWS_LAMBDA_FUNCTION_NAME", FUNCTION)
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "none")
        .env("AWS_SECRET_ACCESS_KEY", "none")
        // Nobody is there: planning asks nobody.
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("LEDGER_TABLE", "ledger")
        .env("LD_PRELOAD", &library)
        .env("CLOCK_SHIFT_FILE", &shift)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut connection = None;
    let plan = json!({ "scan": "plan", "windowMinutes": 0 });
    let first = runtime.invoke(&mut connection, &plan).await;
    assert_eq!(first["shards"][0]["day"], "20271231");
    // Midnight passes.
    std::fs::write(&shift, (before + 2 * HOUR_SECONDS).to_string()).unwrap();
    let second = runtime.invoke(&mut connection, &plan).await;
    assert_eq!(second["shards"][0]["day"], "20280101");
    assert!(
        function.try_wait().unwrap().is_none(),
        "it is the same process"
    );
}
