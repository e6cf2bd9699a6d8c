//! The Lambda Runtime API for one process (AWS Lambda developer guide, "Using the Lambda runtime API").

use crate::http::{Answer, Server, WholeRequest, answer};
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What a function does that the benchmark waits for.
#[derive(Debug)]
pub enum Happening {
    /// It asks for an event: its init, or an invocation, is over.
    Polled(Instant),
    /// It has answered.
    Answered(Instant, Bytes),
    /// It has reported an error instead.
    Failed(Bytes),
}

/// The server's end.
pub struct RuntimeApi {
    /// The server.
    pub server: Server,
    events: UnboundedSender<Bytes>,
    happenings: UnboundedReceiver<Happening>,
}

struct Desk {
    events: Mutex<UnboundedReceiver<Bytes>>,
    happenings: UnboundedSender<Happening>,
}

impl RuntimeApi {
    /// Starts it.
    pub async fn start() -> io::Result<Self> {
        let (events, queue) = unbounded_channel();
        let (teller, happenings) = unbounded_channel();
        let desk = Arc::new(Desk {
            events: Mutex::new(queue),
            happenings: teller,
        });
        let server = Server::start(None, move |request| {
            let desk = Arc::clone(&desk);
            async move { desk.take(request).await }
        })
        .await?;
        Ok(Self {
            server,
            events,
            happenings,
        })
    }

    /// Hands the function an event.
    pub fn hand_over(&self, event: Bytes) {
        // The receiver lives as long as the server, which this one holds.
        let _ = self.events.send(event);
    }

    /// What the function does next; `None` never comes while the server is there.
    pub async fn next(&mut self) -> Option<Happening> {
        self.happenings.recv().await
    }
}

impl Desk {
    async fn take(&self, request: WholeRequest) -> Answer {
        let path = request.uri().path();
        let happening = if path.ends_with("/invocation/next") {
            let _ = self.happenings.send(Happening::Polled(Instant::now()));
            let Some(event) = self.events.lock().await.recv().await else {
                return answer(500, "{}");
            };
            return invocation(event);
        } else if path.ends_with("/response") {
            Happening::Answered(Instant::now(), request.into_body())
        } else {
            Happening::Failed(request.into_body())
        };
        let _ = self.happenings.send(happening);
        answer(202, r#"{"status":"OK"}"#)
    }
}

fn invocation(event: Bytes) -> Answer {
    let mut invocation = answer(200, event);
    let deadline = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        + Duration::from_secs(30);
    let headers = invocation.headers_mut();
    let fixed = [
        (
            "lambda-runtime-aws-request-id",
            "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
        ),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:123456789012:function:measured",
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(deadline) = u64::try_from(deadline.as_millis()) {
        headers.insert("lambda-runtime-deadline-ms", HeaderValue::from(deadline));
    }
    invocation
}
