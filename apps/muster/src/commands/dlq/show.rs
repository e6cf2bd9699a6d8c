//! `muster dlq show`.

use super::meaning::kind;
use super::queue::Queue;
use super::redrive::nothing_of;
use super::times::time;
use crate::commands::Failure;
use crate::dead_letters::{Interrupt, Looked, SeenMessage, Wanted, look};
use crate::output::Output;
use crate::target::Target;
use muster_cloud::operator::{Redelivery, redeliveries};
use muster_documents::dead_letters::{DeadLetterQueue, LetterKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

/// So much of a message is shown, in characters: a CSR and what is around it.
const BODY: usize = 1200;

/// How long a function may take for its five tries, in milliseconds: as long as a queue keeps a message.
const TRIES: i64 = 86_400_000;

/// Show messages, and leave them where they are
///
/// While it looks, messages are hidden from others, for two minutes at most if it is killed. A look counts as a reception, which
/// does a message no harm here. Secrets in what devices have sent are not shown.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The dead-letter queue
    #[arg(value_enum, ignore_case = true)]
    queue: Queue,
    /// Those of a device, by its serial or its client id; looks at the whole queue
    #[arg(long)]
    serial: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Look in the functions' log why each was not taken; takes a while where there is much log
    #[arg(long)]
    why: bool,
}

/// Why messages were delivered again, by their ids.
type Why = BTreeMap<String, Redelivery>;

pub async fn run(target: &Target, asked: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let wanted = Wanted {
        queue: asked.queue.0,
        device: asked.serial,
        limit: usize::try_from(asked.limit)?,
    };
    let letters = target.dead_letters(wanted.queue)?;
    let looked = look(&letters, &wanted, &Interrupt::by_ctrl_c()).await?;
    let why = if asked.why {
        why(target, &looked.messages).await?
    } else {
        Why::new()
    };
    let shown = Shown {
        queue: wanted.queue,
        device: wanted.device.as_deref(),
        looked: &looked,
        why: &why,
    };
    output.result(&shown.json(), &shown);
    Ok(ExitCode::SUCCESS)
}

async fn why(target: &Target, messages: &[SeenMessage]) -> Result<Why, Failure> {
    let moved = || messages.iter().filter(|message| message.moved);
    let sent = moved().map(|message| message.sent_at);
    let (Some(first), Some(last)) = (sent.clone().min(), sent.max()) else {
        return Ok(Why::new());
    };
    let log = target.output("LogGroupName")?;
    let between = first..last.saturating_add(TRIES);
    Ok(redeliveries(&target.cloud.config, log, between).await?)
}

struct Shown<'a> {
    queue: DeadLetterQueue,
    device: Option<&'a str>,
    looked: &'a Looked,
    why: &'a Why,
}

impl Shown<'_> {
    fn json(&self) -> Value {
        let messages = self.looked.messages.iter().map(|message| {
            let mut value = json!(message);
            value["sentAt"] = json!(time(message.sent_at));
            value["why"] = json!(self.why.get(&message.id));
            value
        });
        json!({
            "queue": self.queue.names().name, "depth": self.looked.depth, "more": self.looked.more,
            "messages": messages.collect::<Vec<_>>(),
        })
    }

    fn write_message(&self, f: &mut Formatter<'_>, message: &SeenMessage) -> fmt::Result {
        let letter = &message.letter;
        write!(f, "{}  {}", message.id, kind(letter.kind))?;
        if let [device, others @ ..] = letter.devices.as_slice() {
            write!(f, " of {device}")?;
            for other in others {
                write!(f, " (client id {other})")?;
            }
        }
        let why = self.why.get(&message.id);
        let why = why.map(|why| format!("{}: {}", why.error, why.cause));
        let attributes = (!message.attributes.is_empty()).then(|| message.attributes.join(", "));
        for (name, value) in [
            ("sent", Some(time(message.sent_at))),
            (
                "received",
                Some(format!("{} times, this look among them", message.received)),
            ),
            ("came here", Some(self.came(message))),
            ("why", why.or_else(|| letter.failure.clone())),
            ("certificate", letter.certificate_id.clone()),
            ("attributes", attributes),
            ("body", Some(body(&letter.body))),
        ] {
            if let Some(value) = value {
                write!(f, "\n  {name:11}  {value}")?;
            }
        }
        Ok(())
    }

    fn came(&self, message: &SeenMessage) -> String {
        let names = self.queue.names();
        match (message.moved, message.letter.kind) {
            (true, _) => format!(
                "after {} failed to take it; its log has why, by this id (--why looks there)",
                names.function
            ),
            (false, LetterKind::RuleReport) => {
                format!(
                    "from the topic rule, which could not put it into {}",
                    names.source
                )
            }
            (false, LetterKind::Registration) => {
                "from the workflow jitr-activation, which failed; its executions say why".to_owned()
            }
            (false, _) => "from whoever sent it here".to_owned(),
        }
    }
}

/// A message's body, cut.
fn body(body: &Value) -> String {
    let text = match body {
        Value::String(text) => text.clone(),
        document => document.to_string(),
    };
    if text.chars().count() <= BODY {
        return text;
    }
    let cut: String = text.chars().take(BODY).collect();
    format!("{cut}… ({} bytes; --json has all)", text.len())
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (name, looked) = (self.queue.names().name, self.looked);
        for message in &looked.messages {
            self.write_message(f, message)?;
            writeln!(f)?;
        }
        match (looked.messages.len(), self.device) {
            (0, Some(device)) => write!(f, "{}", nothing_of(self.queue, device))?,
            (0, None) => write!(f, "nothing is in {name}")?,
            (count, _) if looked.more => write!(
                f,
                "{count} of about {} messages; --limit shows more",
                looked.depth.visible.max(count as u64)
            )?,
            (1, _) => write!(f, "1 message")?,
            (count, _) => write!(f, "{count} messages")?,
        }
        match looked.depth.hidden {
            0 => Ok(()),
            hidden => write!(
                f,
                "\n{hidden} more are hidden: somebody else looks at them, or has broken off; they come back within minutes"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
