//! `muster dlq redrive`.

use super::queue::Queue;
use crate::commands::Failure;
use crate::dead_letters::{Chosen, Interrupt, Named, PutBack, Putting, Stayed, put_back};
use crate::output::Output;
use crate::table;
use crate::target::Target;
use muster_documents::dead_letters::DeadLetterQueue;
use serde_json::{Value, json};
use std::cell::Cell;
use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How many messages that stayed are shown.
const SHOWN: usize = 20;

/// How long the command says nothing of how far it is.
const SILENCE: Duration = Duration::from_secs(5);

/// Put messages back into the queue that they came from, each once
///
/// What no function can read, topic rules' reports and requests without a CSR stay, unless they are chosen by their ids. Broken
/// off, it loses nothing; run again, it goes on. Exit status 1 says that something which was chosen is still there.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The dead-letter queue
    #[arg(value_enum, ignore_case = true)]
    queue: Queue,
    #[command(flatten)]
    which: Which,
    /// Say what would be put back, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// How many in a second at most, 1 to 100: AWS IoT takes 10 to 15 of most calls
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    per_second: u32,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Those of a device, by its serial or its client id
    #[arg(long)]
    serial: Option<String>,
    /// Those with these ids, as `muster dlq show` names them; may be given again
    #[arg(long, value_name = "ID")]
    message: Vec<String>,
    /// All
    #[arg(long)]
    all: bool,
}

impl Which {
    fn chosen(self) -> Chosen {
        match self.serial {
            Some(serial) => Chosen::Device(serial),
            None if self.all => Chosen::All,
            None => Chosen::Messages(self.message.into_iter().collect()),
        }
    }
}

pub async fn run(
    target: &Target,
    asked: Arguments,
    now: i64,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let Queue(queue) = asked.queue;
    let putting = Putting {
        queue,
        chosen: asked.which.chosen(),
        before: now,
        per_second: asked.per_second,
        dry_run: asked.dry_run,
    };
    let letters = target.dead_letters(queue)?;
    let said_at = Cell::new(Instant::now());
    let told = |count| {
        if said_at.get().elapsed() >= SILENCE {
            said_at.set(Instant::now());
            output.progress(&format!("{count} put back"));
        }
    };
    let done = put_back(&letters, &putting, &Interrupt::by_ctrl_c(), told).await;
    output.result(&json_of(queue, &done), &Shown { queue, done: &done });
    if let Some(failure) = done.stopped {
        return Err(failure.into());
    }
    if let (Chosen::Device(device), true) = (&putting.chosen, done.is_nothing()) {
        return Err(nothing_of(queue, device).into());
    }
    Ok(if done.is_whole() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// That a device has no message in a queue.
pub fn nothing_of(queue: DeadLetterQueue, device: &str) -> String {
    let name = queue.names().name;
    let hint = match queue {
        DeadLetterQueue::Registration => {
            "; its messages name certificates and no devices, so that they are chosen by their ids"
        }
        _ => "",
    };
    format!("no message of {device} is in {name}; `muster dlq show {name}` shows what is{hint}")
}

fn json_of(queue: DeadLetterQueue, done: &PutBack) -> Value {
    let mut value = serde_json::to_value(done).unwrap_or_default();
    value["queue"] = json!(queue.names().name);
    value["to"] = json!(queue.names().source);
    value
}

struct Shown<'a> {
    queue: DeadLetterQueue,
    done: &'a PutBack,
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (names, done) = (self.queue.names(), self.done);
        let (is, are) = if done.dry_run {
            ("would be", "would be")
        } else {
            ("is", "are")
        };
        let source = names.source;
        match done.put_back.len() {
            0 => write!(f, "nothing {is} put back into {source}")?,
            1 => write!(f, "1 message {is} put back into {source}")?,
            count => write!(f, "{count} messages {are} put back into {source}")?,
        }
        if !done.stayed.is_empty() {
            let mut stayed = table::new(&["stays", "device", "why"]);
            for Stayed { message, why } in done.stayed.iter().take(SHOWN) {
                stayed.add_row([message.id.as_str(), &devices(message), why]);
            }
            write!(f, "\n{stayed}")?;
        }
        let more = done.stayed.len().saturating_sub(SHOWN);
        if more > 0 {
            write!(f, "\nand {more} more stay; --json names them")?;
        }
        for id in &done.missing {
            write!(f, "\n{id} is not in {}", names.name)?;
        }
        if done.came_meanwhile > 0 {
            write!(f, "\n{} came only meanwhile and stay", done.came_meanwhile)?;
        }
        if done.interrupted {
            write!(
                f,
                "\ninterrupted: what was not put back is there; run the command again"
            )?;
        }
        Ok(())
    }
}

fn devices(message: &Named) -> String {
    match message.devices.as_slice() {
        [] => "-".to_owned(),
        devices => devices.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        asked: Arguments,
    }

    fn read(line: &str) -> Result<Arguments, clap::Error> {
        let words = ["redrive"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.asked)
    }

    #[test]
    fn what_is_put_back_is_said_and_never_two_things() {
        assert!(read("connection").is_err());
        assert!(read("connection --all --serial a").is_err());
        assert!(read("connection --all --per-second 0").is_err());
        let asked = read("ConnectionDeadLetterQueue --message a --message b").unwrap();
        assert_eq!(asked.queue.0, DeadLetterQueue::Connection);
        let ids = ["a".to_owned(), "b".to_owned()].into();
        assert_eq!(asked.which.chosen(), Chosen::Messages(ids));
        assert_eq!(read("registry --all").unwrap().which.chosen(), Chosen::All);
    }

    #[test]
    fn a_queue_that_is_none_names_those_that_there_are() {
        let error = read("claims --all").unwrap_err().to_string();
        for queue in DeadLetterQueue::ALL {
            assert!(error.contains(queue.names().name), "{error}");
        }
    }

    #[test]
    fn what_stayed_is_told_with_its_device_and_the_rest_is_counted() {
        let stayed = |number| Stayed {
            message: Named {
                id: format!("m-{number}"),
                devices: vec!["sensor-1".to_owned()],
            },
            why: "unreadable".to_owned(),
        };
        let done = PutBack {
            stayed: (0..23).map(stayed).collect(),
            missing: vec!["m-99".to_owned()],
            ..PutBack::default()
        };
        let queue = DeadLetterQueue::Registry;
        let said = Shown { queue, done: &done }.to_string();
        assert!(
            said.starts_with("nothing is put back into RegistryQueue\n"),
            "{said}"
        );
        assert!(said.contains("m-19") && !said.contains("m-20"), "{said}");
        assert!(said.contains("and 3 more stay"), "{said}");
        assert!(said.ends_with("m-99 is not in registry"), "{said}");
        assert_eq!(json_of(queue, &done)["stayed"][0]["id"], "m-0");
    }
}
