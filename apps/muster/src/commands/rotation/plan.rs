//! `muster rotation plan`.

use crate::commands::Failure;
use crate::output::Output;
use crate::rotation::{Planned, Standing, plan, today};
use crate::table;
use crate::target::Target;
use muster_documents::FleetName;
use muster_onboarding::rotation::Day;
use serde_json::json;
use std::process::ExitCode;

/// List the devices that are due, by day
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// For how many days to come; 0 are those that are due today or were before
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(0..=3650))]
    days: i64,
    /// Only those of this fleet
    #[arg(long, value_name = "NAME")]
    fleet: Option<String>,
}

pub async fn run(target: &Target, asked: &Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let fleet = asked.fleet.as_deref().map(FleetName::new).transpose()?;
    let today = today();
    let last = today.plus(asked.days);
    let planned = plan(target, today, last, fleet.as_ref()).await?;
    let mut shown = table::new(&[
        "serial",
        "fleet",
        "in force since",
        "due",
        "notified since",
        "deadline",
        "standing",
    ]);
    let day = |day: Option<Day>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
    for one in &planned {
        let rotation = &one.device.rotation;
        shown.add_row([
            one.device.serial.as_str(),
            one.device.fleet.as_deref().unwrap_or("-"),
            &day(rotation.issued_on),
            &day(rotation.rotation_day),
            &day(rotation.asked_since),
            &day(one.deadline),
            &standing(one),
        ]);
    }
    output.result(
        &json!({ "devices": planned }),
        &table::or(&shown, &format!("no device is due until {last}")),
    );
    Ok(ExitCode::SUCCESS)
}

/// Where it stands, and what was done about it.
fn standing(one: &Planned) -> String {
    let rotation = &one.device.rotation;
    let name = one.standing.name();
    match (&one.standing, &rotation.overdue_action) {
        (Standing::Overdue, Some(action)) if rotation.overdue_done => format!("{name}, {action}"),
        (Standing::Overdue, Some(action)) => format!("{name}, {action} not finished"),
        _ if rotation.next_certificate_id.is_some() => format!("{name}, next certificate unproven"),
        _ => name.to_owned(),
    }
}
