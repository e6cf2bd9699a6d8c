//! What the program says: sentences for a person, or a line of JSON for each step.

use edge_client::{
    CertificateStatus, DeliveryStatus, Joined, Outcome, Progress, Requested, RunError, Status,
    Traffic, sentence, short,
};
use serde::Serialize;
use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

const SECONDS_A_DAY: i64 = 86_400;

/// One step.
pub(crate) fn progress(progress: &Progress, json: bool) {
    if json {
        line(progress);
    } else if let Some(sentence) = sentence(progress) {
        say(&sentence);
    }
}

/// How it ended well.
pub(crate) fn outcome(outcome: &Outcome, json: bool) {
    if json {
        return line(&Event {
            event: "outcome",
            body: outcome,
        });
    }
    let traffic = match outcome.traffic {
        Traffic { packets: 0, .. } => String::new(),
        Traffic {
            packets,
            bytes,
            largest_packet,
        } => format!("; {packets} packets down, {bytes} bytes, the largest {largest_packet}"),
    };
    say(&format!(
        "{} has certificate {} after {} ms{traffic}",
        outcome.thing_name,
        short(&outcome.certificate_id),
        outcome.latency.as_millis(),
    ));
}

/// How it was let in.
pub(crate) fn joined(joined: &Joined, json: bool) {
    if json {
        return line(&Event {
            event: "outcome",
            body: joined,
        });
    }
    say(&format!(
        "{} was let in with certificate {} after {} ms and {} connections",
        joined.thing_name,
        short(&joined.certificate_id),
        joined.latency.as_millis(),
        joined.connections,
    ));
}

/// It was told to stop, and did.
pub(crate) fn stopped(json: bool) {
    if json {
        return line(&serde_json::json!({ "event": "stopped" }));
    }
    say("stopped");
}

/// The failure as the last line of JSON; the sentence goes to standard error in any case.
pub(crate) fn failure(error: &RunError) {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Failure {
        message: String,
        exit_code: u8,
    }
    let body = &Failure {
        message: error.to_string(),
        exit_code: error.exit_code(),
    };
    line(&Event {
        event: "failed",
        body,
    });
}

/// What was made for whoever signs.
pub(crate) fn requested(requested: &Requested, json: bool) {
    if json {
        return line(requested);
    }
    say(&format!(
        "{} is to be signed; the key stays in {}",
        requested.csr.display(),
        requested.key.display()
    ));
}

/// What the store holds.
pub(crate) fn status(status: &Status, json: bool) {
    if json {
        return line(status);
    }
    say(&format!(
        "current:  {}",
        certificate(status.current.as_ref())
    ));
    say(&format!(
        "pending:  {}",
        certificate(status.pending.as_ref())
    ));
    let delivery = match &status.delivery {
        None => "none under way".into(),
        Some(DeliveryStatus {
            certificate_id: Some(id),
            ..
        }) => format!(
            "certificate {} has come and is to be provisioned",
            short(id)
        ),
        Some(DeliveryStatus { chunks: None, .. }) => "asked for, nothing has come".into(),
        Some(DeliveryStatus {
            chunks: Some(chunks),
            chunks_held,
            ..
        }) => {
            format!("{chunks_held} of {chunks} chunks are here")
        }
    };
    let replaces = status
        .delivery
        .as_ref()
        .and_then(|delivery| delivery.replaces.as_ref())
        .map(|id| format!(", to replace {}", short(id)));
    say(&format!(
        "delivery: {delivery}{}",
        replaces.unwrap_or_default()
    ));
}

fn certificate(certificate: Option<&CertificateStatus>) -> String {
    let Some(certificate) = certificate else {
        return "none".into();
    };
    let name = certificate
        .common_name
        .as_deref()
        .unwrap_or("no common name");
    let validity = match certificate.not_after_unix {
        None => "can't be read".into(),
        Some(end) => match (end - now()) / SECONDS_A_DAY {
            days if end < now() => format!("expired {} days ago", -days),
            days => format!("valid for {days} days"),
        },
    };
    let endpoint = certificate.endpoint.as_ref();
    let used = endpoint.map_or_else(String::new, |endpoint| format!(", used at {endpoint}"));
    format!("{} ({name}, {validity}{used})", certificate.certificate_id)
}

fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[derive(Serialize)]
struct Event<'a, T> {
    event: &'static str,
    #[serde(flatten)]
    body: &'a T,
}

fn line(value: &impl Serialize) {
    // Plain structures with text keys: they always have a JSON form.
    say(&serde_json::to_string(value).unwrap_or_default());
}

/// Writes a line. If nobody reads it any more, the device goes on all the same.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}
