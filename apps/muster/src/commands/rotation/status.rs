//! `muster rotation status`.

use super::chart::{Chart, width};
use super::run::TOTALS;
use crate::commands::Failure;
use crate::output::Output;
use crate::rotation::{RotationStatus, status, today};
use crate::table;
use crate::target::Target;
use muster_cloud::operator::RotationRecord;
use serde_json::Value;
use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

/// Show how many devices are due when, who has not renewed its certificate in time, and how the last runs went
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// For how many days to come; more than 45 are shown by week
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=3650))]
    days: i64,
}

pub async fn run(target: &Target, asked: &Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let status = status(target, today(), asked.days).await?;
    let shown = Shown {
        status: &status,
        width: width(),
    };
    output.result(&status, &shown);
    Ok(ExitCode::SUCCESS)
}

struct Shown<'a> {
    status: &'a RotationStatus,
    width: usize,
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { status, width } = *self;
        let stretches = &status.due;
        let devices: usize = stretches.iter().map(|stretch| stretch.devices).sum();
        write!(f, "{devices} devices are due")?;
        if let Some(last) = stretches.last() {
            write!(f, " until {}", last.to)?;
        }
        writeln!(f)?;
        writeln!(f, "{}\n", Chart { stretches, width })?;
        let counts = &status.devices;
        write!(f, "  notified     {}", counts.notified)?;
        if let Some(since) = counts.notified_since {
            write!(f, ", the first of them on {since}")?;
        }
        writeln!(f, "\n  ordered      {}", counts.ordered)?;
        writeln!(
            f,
            "  overdue      {} (in quarantine {}, deactivated {}; the stack's action is {})",
            counts.overdue, counts.quarantined, counts.deactivated, status.overdue_action
        )?;
        writeln!(
            f,
            "  unproven     {} next certificates without a connection",
            counts.unproven
        )?;
        writeln!(f, "  to delete    {} certificates", status.certificates)?;
        let announced = if status.changes_announced {
            "announced: an edited cert_issuance makes a device due"
        } else {
            "not announced: an edited cert_issuance is not seen; `muster rotation follow` has AWS IoT announce them"
        };
        writeln!(f, "  changes      {announced}\n")?;
        write!(f, "{}", runs(&status.runs))
    }
}

fn runs(records: &[RotationRecord]) -> String {
    let headings = [&["run ended", "day"], TOTALS.as_slice(), &["failure"]].concat();
    let mut shown = table::new(&headings);
    for record in records {
        let mut row = vec![record.at.clone(), record.day.clone()];
        row.extend(TOTALS.map(|name| counted(&record.totals[name])));
        row.push(record.failure.clone().unwrap_or_default());
        shown.add_row(row);
    }
    table::or(&shown, "no run yet; `muster rotation run` starts one")
}

/// A run that ended early has counted nothing.
fn counted(total: &Value) -> String {
    total
        .as_u64()
        .map_or_else(|| "-".to_owned(), |total| total.to_string())
}
