//! `muster fleet import`.

use crate::adoption::{Report, Wanted, Which, adopt};
use crate::commands::{Failure, given_file, serials};
use crate::output::Output;
use crate::table;
use crate::target::Target;
use clap::builder::NonEmptyStringValueParser;
use muster_cloud::operator::Listed;
use muster_documents::{FleetName, ModelName};
use serde::Serialize;
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::process::ExitCode;

/// How many things that are not adopted are shown; --json has all.
const SHOWN: usize = 20;
/// After how many things it is said how far it is, at least, and how often at most.
const STEP: usize = 100;
const STEPS: usize = 100;

/// Have the ledger know devices that AWS IoT has already, so that their certificates are cared for
///
/// A thing with one active certificate, which no other thing has, is a device from then on, with the thing's name as its
/// serial. Its certificate stays as it is. What the ledger knows already is left alone: run it again at any time. Looks at
/// five things a second.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    things: Things,
    /// The fleet by whose template they renew their certificates from now on [default: none; they do so in chunks]
    #[arg(long, value_name = "NAME")]
    fleet: Option<String>,
    /// What model they are; one that is known keeps its own
    #[arg(long)]
    model: Option<String>,
    /// Change nothing, and say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Attach the policy that renewing takes to certificates that lack it, beside those that they have: the fleet's device
    /// policy, or the stack's
    #[arg(long)]
    attach_policy: bool,
    /// Write since when the certificate is in force into things that do not say so, if they have room for it
    #[arg(long)]
    date_things: bool,
    /// Over how many days, from today on, those are spread that are due already; 1 has all of them due today
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    spread_days: u32,
}

/// Which things.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Things {
    /// The things
    #[arg(value_name = "THING")]
    names: Vec<String>,
    /// Those in a file: a name on each line, or CSV with the column serial; - reads standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// All things of the account and region
    #[arg(long)]
    all: bool,
    /// Those of this thing type
    #[arg(long, value_name = "TYPE", value_parser = NonEmptyStringValueParser::new())]
    thing_type: Option<String>,
    /// Those that have this attribute with this value
    #[arg(long, value_name = "NAME=VALUE", value_parser = attribute)]
    attribute: Option<Listed>,
    /// Those in this thing group, its child groups left aside
    #[arg(long, value_name = "GROUP", value_parser = NonEmptyStringValueParser::new())]
    thing_group: Option<String>,
}

fn attribute(argument: &str) -> Result<Listed, &'static str> {
    match argument.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok(Listed::With {
            attribute: name.to_owned(),
            value: value.to_owned(),
        }),
        _ => Err("it has to be NAME=VALUE, for example site=plant-7"),
    }
}

impl Things {
    /// The things, and which lines of the file name none.
    fn which(self) -> Result<(Which, Vec<String>), Failure> {
        if let Some(file) = self.file {
            let found = serials::read(&given_file::read(&file)?)?;
            let names = found.serials.into_iter().map(String::from);
            return Ok((Which::Named(names.collect()), found.refused));
        }
        let listed = (self.attribute)
            .or(self.thing_type.map(Listed::OfType))
            .or(self.thing_group.map(Listed::InGroup))
            .or(self.all.then_some(Listed::All));
        let which = listed.map_or(Which::Named(self.names), Which::Listed);
        Ok((which, Vec::new()))
    }
}

pub async fn run(target: &Target, asked: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let (which, refused) = asked.things.which()?;
    let wanted = Wanted {
        which,
        fleet: asked.fleet.map(FleetName::new).transpose()?,
        model: asked.model.map(ModelName::new).transpose()?,
        spread_days: asked.spread_days,
        attach_policy: asked.attach_policy,
        date_things: asked.date_things,
        dry_run: asked.dry_run,
    };
    let told = |done: usize, of: usize| {
        if done.is_multiple_of(STEP.max(of / STEPS)) {
            output.progress(&format!("{done} of {of} things are seen to"));
        }
    };
    let now = jiff::Timestamp::now().as_millisecond();
    let report = adopt(target, &wanted, now, told).await?;
    let shown = Shown { report, refused };
    output.result(&shown, &shown);
    Ok(if shown.report.failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    #[serde(flatten)]
    report: Report,
    /// Why lines of the file name no thing.
    refused: Vec<String>,
}

impl Display for Shown {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Report {
            dry_run,
            adopted,
            already_there,
            not_adopted,
            failed,
            policy,
            ..
        } = &self.report;
        if *dry_run {
            writeln!(f, "nothing is changed; without --dry-run it would be so:")?;
        }
        writeln!(f, "  adopted        {}", adopted.len())?;
        writeln!(f, "  already there  {already_there}")?;
        writeln!(
            f,
            "  not adopted    {}",
            not_adopted.len() + self.refused.len()
        )?;
        write!(f, "  failed         {}", failed.len())?;
        self.write_extras(f, policy)?;
        self.write_outlook(f)?;
        for line in self.refused.iter().take(SHOWN) {
            write!(f, "\n  {line}")?;
        }
        let mut shown = table::new(&["thing", "why"]);
        for one in failed.iter().take(SHOWN) {
            shown.add_row([
                &one.thing,
                &format!("failed: {}; run it again", one.message),
            ]);
        }
        for one in not_adopted.iter().take(SHOWN) {
            shown.add_row([&one.thing, &one.message]);
        }
        if !shown.is_empty() {
            write!(f, "\n\n{shown}")?;
        }
        let longest = [failed.len(), not_adopted.len(), self.refused.len()];
        if longest.iter().any(|length| *length > SHOWN) {
            write!(f, "\nof each, the first {SHOWN} are shown; --json has all")?;
        }
        Ok(())
    }
}

impl Shown {
    fn write_outlook(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(first) = self.report.first_notice() else {
            return Ok(());
        };
        write!(
            f,
            "\n\nThe first are told to renew their certificates on {first}. Whoever never has is told of past its deadline, and \
             keeps what it can do"
        )
    }

    fn write_extras(&self, f: &mut Formatter<'_>, policy: &str) -> fmt::Result {
        let report = &self.report;
        if report.policies_attached > 0 {
            write!(
                f,
                "\n  policy         {policy} attached to {} certificates",
                report.policies_attached
            )?;
        }
        if report.policies_lacking > 0 {
            write!(
                f,
                "\n  policy         {} certificates lack {policy}: unless they have its permissions by another, their devices \
                 hear of nothing; --attach-policy attaches it",
                report.policies_lacking
            )?;
        }
        for (policy, count) in report.own_policies() {
            write!(
                f,
                "\n  policy         {count} certificates have {policy}: their next ones will not, unless it is attached to a thing \
                 group of the devices"
            )?;
        }
        if report.things_dated > 0 {
            write!(f, "\n  dates          {} things dated", report.things_dated)?;
        }
        if report.dates_lacking > 0 {
            write!(
                f,
                "\n  dates          {} things do not say since when their certificate is in force; the ledger does",
                report.dates_lacking
            )?;
        }
        Ok(())
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
        let words = ["import"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.asked)
    }

    fn which(line: &str) -> Which {
        read(line).unwrap().things.which().unwrap().0
    }

    #[test]
    fn things_are_named_in_one_way_and_not_left_out() {
        assert!(read("").is_err(), "not every thing by an omission");
        assert!(read("--fleet plant-7").is_err());
        assert!(read("--all a-1").is_err());
        assert!(read("--all --thing-type sensor").is_err());
        assert!(read("--thing-type=").is_err());
        assert_eq!(which("--all"), Which::Listed(Listed::All));
        assert_eq!(
            which("a-1 a-2 --fleet plant-7"),
            Which::Named(vec!["a-1".to_owned(), "a-2".to_owned()])
        );
        assert_eq!(
            which("--thing-group cellar"),
            Which::Listed(Listed::InGroup("cellar".to_owned()))
        );
    }

    #[test]
    fn an_attribute_is_given_with_its_value() {
        assert!(read("--attribute site").is_err());
        assert!(read("--attribute =plant").is_err());
        assert_eq!(
            which("--attribute site=a=b"),
            Which::Listed(Listed::With {
                attribute: "site".to_owned(),
                value: "a=b".to_owned(),
            })
        );
    }

    #[test]
    fn who_is_due_already_is_spread_over_a_day_at_least() {
        assert_eq!(read("--all").unwrap().spread_days, 30);
        assert!(read("--all --spread-days 0").is_err());
        assert!(read("--all --spread-days 1").is_ok());
    }

    #[test]
    fn what_is_left_is_told_with_its_reason_and_not_all_of_it_on_the_screen() {
        let left = |number| crate::adoption::Left {
            thing: format!("sensor-{number:02}"),
            reason: "ThingMissing",
            message: "there is no thing of this name".to_owned(),
        };
        let report = Report {
            dry_run: true,
            not_adopted: (0..30).map(left).collect(),
            policies_lacking: 7,
            policy: "muster_device".to_owned(),
            ..Report::default()
        };
        let text = Shown {
            report,
            refused: Vec::new(),
        }
        .to_string();
        assert!(text.starts_with("nothing is changed"), "{text}");
        assert!(text.contains("not adopted    30"), "{text}");
        assert!(text.contains("7 certificates lack muster_device"), "{text}");
        assert!(
            text.contains("sensor-19") && !text.contains("sensor-20"),
            "{text}"
        );
        assert!(text.contains("--json has all"), "{text}");
    }
}
