//! `muster dlq list`.

use super::meaning::meaning;
use super::times::{age, time};
use crate::commands::Failure;
use crate::dead_letters::{Overview, overview};
use crate::output::Output;
use crate::table;
use crate::target::Target;
use futures_util::future::join_all;
use muster_documents::dead_letters::DeadLetterQueue;
use serde_json::{Value, json};
use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

/// List the dead-letter queues: how much is in them, since when, and what it means
#[derive(Debug, clap::Args)]
pub struct Arguments {}

struct Listed {
    queue: DeadLetterQueue,
    /// The alarm's name; `None` in a stack from an older template.
    alarm: Option<String>,
    seen: Result<Overview, Failure>,
}

pub async fn run(target: &Target, now: i64, output: &Output) -> Result<ExitCode, Failure> {
    let all = join_all(DeadLetterQueue::ALL.map(async |queue| {
        let alarm = target.output(queue.names().alarm_output).ok();
        Listed {
            queue,
            alarm: alarm.map(str::to_owned),
            seen: seen(target, queue).await,
        }
    }));
    let all = all.await;
    let values: Vec<_> = all.iter().map(json_of).collect();
    output.result(&json!({ "queues": values }), &Shown { all: &all, now });
    let unseen = all.iter().find_map(|one| {
        let failure = one.seen.as_ref().err()?;
        Some(format!(
            "{} cannot be looked at: {failure}",
            one.queue.names().name
        ))
    });
    match unseen {
        None => Ok(ExitCode::SUCCESS),
        Some(failure) => Err(failure.into()),
    }
}

async fn seen(target: &Target, queue: DeadLetterQueue) -> Result<Overview, Failure> {
    Ok(overview(&target.dead_letters(queue)?).await?)
}

fn json_of(listed: &Listed) -> Value {
    let (names, meaning) = (listed.queue.names(), meaning(listed.queue));
    let seen = listed.seen.as_ref().ok();
    let oldest = seen.and_then(|seen| seen.oldest);
    json!({
        "queue": names.name, "resource": names.resource, "source": names.source, "function": names.function,
        "depth": seen.map(|seen| seen.depth),
        "oldest": oldest.map(|oldest| json!({ "sentAt": time(oldest.sent_at), "exact": oldest.exact })),
        "fedBy": meaning.fed_by, "means": meaning.means, "advice": meaning.advice, "alarm": listed.alarm,
        "failure": listed.seen.as_ref().err().map(ToString::to_string),
    })
}

struct Shown<'a> {
    all: &'a [Listed],
    now: i64,
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut shown = table::new(&["queue", "messages", "oldest", "alarm", "what one means"]);
        for one in self.all {
            let seen = one.seen.as_ref().ok();
            shown.add_row([
                one.queue.names().name,
                &seen.map_or_else(|| "?".to_owned(), messages),
                &seen.and_then(|seen| self.oldest(seen)).unwrap_or_default(),
                one.alarm.as_deref().unwrap_or("-"),
                meaning(one.queue).means,
            ]);
        }
        write!(f, "{shown}")?;
        for one in self.all {
            let full = |seen: &Overview| seen.depth.visible + seen.depth.hidden > 0;
            if one.seen.as_ref().is_ok_and(full) {
                let (names, meaning) = (one.queue.names(), meaning(one.queue));
                write!(
                    f,
                    "\n\n{}: {} takes {}, which is fed by {}\n  {}; `muster dlq show {0}` shows them",
                    names.name, names.function, names.source, meaning.fed_by, meaning.advice
                )?;
            }
        }
        Ok(())
    }
}

fn messages(seen: &Overview) -> String {
    match seen.depth.hidden {
        0 => seen.depth.visible.to_string(),
        hidden => format!("{} and {hidden} hidden", seen.depth.visible),
    }
}

impl Shown<'_> {
    fn oldest(&self, seen: &Overview) -> Option<String> {
        let oldest = seen.oldest?;
        let least = if oldest.exact { "" } else { "at least " };
        Some(format!("{least}{}", age(self.now - oldest.sent_at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letters::Oldest;
    use muster_cloud::operator::Depth;

    fn listed(queue: DeadLetterQueue, visible: u64, hidden: u64) -> Listed {
        let oldest = Oldest {
            sent_at: 0,
            exact: visible <= 10,
        };
        Listed {
            queue,
            alarm: None,
            seen: Ok(Overview {
                depth: Depth { visible, hidden },
                oldest: (visible > 0).then_some(oldest),
            }),
        }
    }

    #[test]
    fn what_is_in_a_queue_is_told_with_what_to_do_and_empty_ones_are_quiet() {
        let all = [
            listed(DeadLetterQueue::ClaimRequest, 12, 3),
            listed(DeadLetterQueue::Registry, 0, 0),
        ];
        let shown = Shown {
            all: &all,
            now: 3 * 86_400_000,
        };
        let shown = shown.to_string();
        assert!(shown.contains("12 and 3 hidden"), "{shown}");
        assert!(shown.contains("at least 3 days"), "{shown}");
        assert!(shown.contains("muster dlq show claim-request"), "{shown}");
        assert!(!shown.contains("muster dlq show registry"), "{shown}");
        assert_eq!(json_of(&all[0])["oldest"]["sentAt"], "1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_queue_that_cannot_be_looked_at_hides_none_of_the_others() {
        let gone = Listed {
            seen: Err("no such queue".into()),
            ..listed(DeadLetterQueue::Connection, 0, 0)
        };
        assert_eq!(json_of(&gone)["failure"], "no such queue");
        let all = [gone, listed(DeadLetterQueue::Registry, 1, 0)];
        let shown = Shown { all: &all, now: 0 }.to_string();
        assert!(
            shown.contains('?') && shown.contains("muster dlq show registry"),
            "{shown}"
        );
    }
}
