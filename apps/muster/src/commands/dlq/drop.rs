//! `muster dlq drop`.

use super::queue::Queue;
use super::redrive::nothing_of;
use super::times::time;
use crate::commands::Failure;
use crate::commands::confirmed::confirmed;
use crate::dead_letters::{Chosen, Discarded, Interrupt, discard};
use crate::output::Output;
use crate::target::Target;
use muster_cloud::operator::HeldMessage;
use muster_documents::dead_letters::{DeadLetterQueue, Letter};
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;

/// In milliseconds.
const DAY: i64 = 86_400_000;

/// Drop messages for good, and write each as a line of JSON on standard output before that
///
/// The lines are all that is left of the messages, and have them whole: what devices have sent may be secret.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The dead-letter queue
    #[arg(value_enum, ignore_case = true)]
    queue: Queue,
    #[command(flatten)]
    which: Which,
    /// Don't ask
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Those with these ids, as `muster dlq show` names them; may be given again
    #[arg(long, value_name = "ID")]
    message: Vec<String>,
    /// Those of a device, by its serial or its client id
    #[arg(long)]
    serial: Option<String>,
    /// Those that were sent so many days ago or earlier, 1 to 14
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=14))]
    older_than: Option<i64>,
    /// All
    #[arg(long)]
    all: bool,
}

impl Which {
    /// What was chosen at the time `now`, in milliseconds since 1970, and how a question names it.
    fn chosen(self, now: i64) -> (Chosen, String) {
        if let Some(device) = self.serial {
            let named = format!("the messages of {device}");
            return (Chosen::Device(device), named);
        }
        if let Some(days) = self.older_than {
            let before = now - days * DAY;
            let named = format!("the messages from before {}", time(before));
            return (Chosen::SentBefore(before), named);
        }
        if self.all {
            return (Chosen::All, "all messages".to_owned());
        }
        let named = format!("the messages {}", self.message.join(", "));
        (Chosen::Messages(self.message.into_iter().collect()), named)
    }
}

pub async fn run(
    target: &Target,
    asked: Arguments,
    now: i64,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let Queue(queue) = asked.queue;
    let (chosen, named) = asked.which.chosen(now);
    let letters = target.dead_letters(queue)?;
    let name = queue.names().name;
    if !asked.yes {
        let there = letters.depth().await?.visible;
        if !confirmed(&format!("Drop {named} in {name}, which has about {there}?"))? {
            return Err("nothing is dropped".into());
        }
    }
    let write = |message: &HeldMessage, letter: &Letter| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", line(queue, message, letter))?;
        out.flush()
    };
    let interrupt = Interrupt::by_ctrl_c();
    let done = discard(&letters, (queue, &chosen), now, &interrupt, write).await;
    output.progress(&format!("{} dropped from {name}", done.count));
    ended(queue, &chosen, done)
}

fn ended(queue: DeadLetterQueue, chosen: &Chosen, done: Discarded) -> Result<ExitCode, Failure> {
    let name = queue.names().name;
    if let Some(failure) = done.stopped {
        return Err(Kept {
            ids: done.stayed,
            source: failure.into(),
        }
        .into());
    }
    if done.interrupted {
        return Err("interrupted: what was not dropped is there; run the command again".into());
    }
    if !done.missing.is_empty() {
        return Err(format!("not in {name}: {}", done.missing.join(", ")).into());
    }
    match chosen {
        Chosen::Device(device) if done.count == 0 => Err(nothing_of(queue, device).into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// What was not dropped, and why.
#[derive(Debug, thiserror::Error)]
#[error("not all is dropped{}; run the command again", still(ids))]
struct Kept {
    /// Those whose lines were written.
    ids: Vec<String>,
    #[source]
    source: Failure,
}

fn still(ids: &[String]) -> String {
    match ids {
        [] => String::new(),
        ids => format!(
            ", and of those above these are there still: {}",
            ids.join(", ")
        ),
    }
}

fn line(queue: DeadLetterQueue, message: &HeldMessage, letter: &Letter) -> Value {
    json!({
        "queue": queue.names().name, "id": message.id, "sentAt": time(message.sent_at), "received": message.received,
        "devices": letter.devices, "attributes": message.attributes, "body": message.body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use muster_documents::dead_letters::LetterKind;
    use std::collections::BTreeMap;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        asked: Arguments,
    }

    fn chosen(line: &str) -> Result<Chosen, clap::Error> {
        let words = ["drop", "registry"].into_iter();
        let read = Line::try_parse_from(words.chain(line.split_whitespace()))?;
        Ok(read.asked.which.chosen(10 * DAY).0)
    }

    #[test]
    fn what_is_dropped_is_said_and_never_everything_by_accident() {
        for line in ["", "--yes", "--all --serial a", "--older-than 0"] {
            assert!(chosen(line).is_err(), "{line}");
        }
        assert_eq!(chosen("--all").unwrap(), Chosen::All);
        let before = Chosen::SentBefore(3 * DAY);
        assert_eq!(chosen("--older-than 7").unwrap(), before);
        let device = Chosen::Device("a".to_owned());
        assert_eq!(chosen("--serial a").unwrap(), device);
    }

    #[test]
    fn a_line_has_all_that_the_message_was() {
        let message = HeldMessage {
            id: "m-1".to_owned(),
            body: r#"{"token": "7QX2"}"#.to_owned(),
            attributes: BTreeMap::new(),
            sent_at: 0,
            received: 6,
            moved: true,
            receipt: "r".to_owned(),
        };
        let letter = Letter::read(DeadLetterQueue::Registry, &message.body);
        assert_eq!(letter.kind, LetterKind::Unreadable);
        let line = line(DeadLetterQueue::Registry, &message, &letter);
        assert_eq!(line["body"], message.body);
        assert_eq!(line["sentAt"], "1970-01-01T00:00:00Z");
    }

    #[test]
    fn whoever_finds_nothing_is_told() {
        let device = Chosen::Device("sensor-1".to_owned());
        let end = ended(DeadLetterQueue::Registry, &device, Discarded::default());
        assert!(
            end.unwrap_err()
                .to_string()
                .contains("no message of sensor-1")
        );
        let gone = Discarded {
            missing: vec!["m-1".to_owned()],
            ..Discarded::default()
        };
        let end = ended(DeadLetterQueue::Registry, &Chosen::All, gone);
        assert_eq!(end.unwrap_err().to_string(), "not in registry: m-1");
    }
}
