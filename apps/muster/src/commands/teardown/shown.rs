//! What a teardown would do, or has done, for people and as JSON.

use crate::table;
use crate::teardown::{Kept, Kind, Left, Place, Report};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};

/// How many names of a kind people are shown.
const NAMES: usize = 20;

/// A report with what is said beside it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown<'a> {
    #[serde(flatten)]
    place: &'a Place,
    dry_run: bool,
    clean: bool,
    kinds: Vec<Group<'a>>,
    kept: Vec<Kept>,
    left: &'a [Left],
    not_begun: Vec<&'static str>,
    stays: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Group<'a> {
    kind: Kind,
    done: &'static str,
    count: usize,
    names: &'a BTreeSet<String>,
}

impl<'a> Shown<'a> {
    /// What would be done. `announced` is whether AWS IoT announces changes of things, `key_days` after how many days the
    /// keys are deleted.
    pub fn planned(report: &'a Report, announced: bool, key_days: i32) -> Self {
        Self::new(report, true, announced, key_days)
    }

    /// What was done.
    pub fn done(report: &'a Report, announced: bool, key_days: i32) -> Self {
        Self::new(report, false, announced, key_days)
    }

    fn new(report: &'a Report, dry_run: bool, announced: bool, key_days: i32) -> Self {
        let group = |(kind, names): (Kind, &'a BTreeSet<String>)| Group {
            kind,
            done: kind.done(),
            count: names.len(),
            names,
        };
        Self {
            place: &report.place,
            dry_run,
            clean: !dry_run && report.is_clean(),
            kinds: report.in_order().map(group).collect(),
            kept: kept_of(report),
            left: &report.left,
            not_begun: report.not_begun.iter().map(|stage| stage.name()).collect(),
            stays: stays(report, announced, key_days),
        }
    }
}

fn kept_of(report: &Report) -> Vec<Kept> {
    let kept = report.kept.iter();
    kept.map(|((kind, name), reason)| Kept {
        kind: *kind,
        name: name.clone(),
        reason,
    })
    .collect()
}

/// What a teardown does not change, and how it ends.
fn stays(report: &Report, announced: bool, key_days: i32) -> Vec<String> {
    let mut stays = Vec::new();
    if announced {
        stays.push(
            "AWS IoT announces changes of things in this account and region, which others may use; if nobody does: aws iot \
             update-event-configurations --event-configurations '{\"THING\":{\"Enabled\":false}}'"
                .to_owned(),
        );
    }
    if let Some(keys) = report.gone.get(&Kind::Key) {
        for key in keys {
            stays.push(format!(
                "KMS deletes the key {key} in {key_days} days; until then aws kms cancel-key-deletion --key-id {key} calls \
                 it off"
            ));
        }
    }
    if report.gone.contains_key(&Kind::Table) {
        stays.push(
            "DynamoDB keeps a backup of the ledger for 35 days, since its recovery to a point in time was on; nobody reads it \
             without the key"
                .to_owned(),
        );
    }
    stays
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Place {
            account,
            region,
            stack,
            status,
            devices,
        } = self.place;
        writeln!(f, "stack    {stack}, {status}")?;
        writeln!(f, "account  {account}, {region}")?;
        writeln!(f, "devices  {devices}")?;
        for group in &self.kinds {
            let will = if self.dry_run { "to be " } else { "" };
            let (count, plural, done) = (group.count, group.kind.plural(), group.done);
            write!(f, "\n{count} {plural}: {will}{done}")?;
            names(f, group.names.iter().map(String::as_str), group.count)?;
        }
        if self.kinds.is_empty() {
            write!(f, "\nnothing of it is there")?;
        }
        kept(f, &self.kept)?;
        left(f, self.left)?;
        if !self.not_begun.is_empty() {
            let parts = self.not_begun.join(", ");
            write!(f, "\n\nnot begun, since something is left: {parts}")?;
        }
        if !self.stays.is_empty() {
            write!(f, "\n\nto know")?;
        }
        for line in &self.stays {
            write!(f, "\n  {line}")?;
        }
        if self.dry_run {
            return Ok(());
        }
        f.write_str(if self.clean {
            "\n\nall of it is removed"
        } else {
            "\n\nnot all of it is removed: see to what is left, and run the command again"
        })
    }
}

fn names<'a>(
    f: &mut Formatter<'_>,
    names: impl Iterator<Item = &'a str>,
    count: usize,
) -> fmt::Result {
    for name in names.take(NAMES) {
        write!(f, "\n  {name}")?;
    }
    match count.saturating_sub(NAMES) {
        0 => Ok(()),
        more => write!(f, "\n  and {more} more, which --json names"),
    }
}

fn kept(f: &mut Formatter<'_>, kept: &[Kept]) -> fmt::Result {
    let mut reasons: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for one in kept {
        let of_reason = reasons.entry((one.kind, one.reason)).or_default();
        of_reason.push(&one.name);
    }
    for ((kind, reason), all) in reasons {
        write!(f, "\n\n{} {} kept: {reason}", all.len(), kind.plural())?;
        names(f, all.iter().copied(), all.len())?;
    }
    Ok(())
}

fn left(f: &mut Formatter<'_>, left: &[Left]) -> fmt::Result {
    if left.is_empty() {
        return Ok(());
    }
    let mut shown = table::new(&["left", "name", "why"]);
    for one in left {
        shown.add_row([one.kind.plural(), &one.name, &one.reason]);
    }
    write!(f, "\n\n{shown}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::teardown::{Piece, Stage};

    fn report() -> Report {
        let mut report = Report::new(Place {
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            stack: "muster".to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
            devices: 25,
        });
        for number in 0..25 {
            report.note(&Piece::new(Kind::Thing, format!("a-{number:02}")));
        }
        report.note(&Piece::new(Kind::Key, "key-1"));
        report.note(&Piece::new(Kind::Function, "muster-hook"));
        report.keep(&Kept {
            reason: "not Muster's",
            kind: Kind::Thing,
            name: "other".to_owned(),
        });
        report
    }

    #[test]
    fn kinds_come_in_the_order_in_which_they_go_with_counts_and_names() {
        let report = report();
        let text = Shown::planned(&report, true, 7).to_string();
        let place = |part: &str| {
            text.find(part)
                .unwrap_or_else(|| panic!("{part} in {text}"))
        };
        assert!(place("1 functions: to be shut") < place("25 things: to be removed"));
        assert!(place("25 things: to be removed") < place("1 keys"));
        for part in [
            "account  111122223333, eu-central-1",
            "devices  25",
            "a-19",
            "and 5 more, which --json names",
            "1 things kept: not Muster's\n  other",
            "update-event-configurations",
            "cancel-key-deletion --key-id key-1",
        ] {
            place(part);
        }
        assert!(
            !text.contains("a-20") && !text.contains("is removed"),
            "{text}"
        );
        assert!(
            !Shown::planned(&report, false, 7)
                .to_string()
                .contains("event-conf")
        );
        let json = serde_json::to_value(Shown::planned(&report, true, 7)).unwrap();
        assert_eq!(json["dryRun"], true);
        assert_eq!(json["stack"], "muster");
        assert_eq!(json["kinds"][1]["kind"], "thing");
        assert_eq!(json["kinds"][1]["names"].as_array().unwrap().len(), 25);
        assert_eq!(json["kept"][0]["name"], "other");
    }

    #[test]
    fn what_is_left_is_said_with_why_and_what_was_not_begun() {
        let mut report = report();
        let done = Shown::done(&report, false, 30).to_string();
        assert!(done.ends_with("all of it is removed") && !done.contains("not all"));
        report.left.push(Left {
            kind: Kind::Certificate,
            name: "c1".to_owned(),
            reason: "AWS IoT did not answer".to_owned(),
        });
        report.not_begun = vec![Stage::Shared, Stage::Stack];
        let text = Shown::done(&report, false, 30).to_string();
        for part in [
            "AWS IoT did not answer",
            "not begun, since something is left: what devices share, the stack",
            "not all of it is removed",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let json = serde_json::to_value(Shown::done(&report, false, 30)).unwrap();
        assert_eq!(
            (&json["clean"], &json["left"][0]["name"]),
            (&false.into(), &"c1".into())
        );
    }
}
