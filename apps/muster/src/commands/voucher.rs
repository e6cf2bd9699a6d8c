//! `muster voucher`: what lets a device into a fleet, once.

use super::shown_once::{Issued, Sheet};
use super::{Failure, serials};
use crate::output::Output;
use crate::table;
use crate::target::{Target, TargetArguments};
use clap::{Args, Subcommand};
use muster_cloud::operator::{IssuedVoucher, Voucher, Vouchers};
use muster_documents::{Admission, FleetName, MalformedName, Serial};
use secrecy::SecretString;
use serde_json::{Map, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// A day, in seconds.
const DAY: i64 = 86_400;

/// How much of a voucher's hash is shown.
const SHOWN: usize = 12;

/// Issue, list and revoke vouchers, which let devices into a fleet
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    target: TargetArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Issue vouchers, each good for one device and one time; they are shown now and never again
    Issue(Issue),
    /// List a fleet's vouchers, without their texts, which nobody has
    List {
        /// The fleet
        #[arg(long, value_parser = fleet_name)]
        fleet: FleetName,
    },
    /// Make a voucher good for nothing; the certificate of a device that has spent it stays
    Revoke {
        /// The serial that it is for or that has spent it, or its hash's beginning, 8 characters or more
        #[arg(value_name = "SERIAL|HASH")]
        voucher: String,
        /// The fleet, where several have one for the serial
        #[arg(long, value_parser = fleet_name)]
        fleet: Option<FleetName>,
    },
}

#[derive(Debug, Args)]
struct Issue {
    /// The devices that they are for; what was issued for a device before is good no more then
    #[arg(required_unless_present = "any", value_parser = serials::argument)]
    serials: Vec<Serial>,
    /// The fleet
    #[arg(long, value_parser = fleet_name)]
    fleet: FleetName,
    /// So many that are good for any device
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    any: Option<u32>,
    /// How long they are good
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(i64).range(1..=3650))]
    days: i64,
    /// Write them into a new file, with the columns serial and voucher; - writes standard output
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

fn fleet_name(argument: &str) -> Result<FleetName, MalformedName> {
    FleetName::new(argument)
}

/// Runs the command.
pub async fn run(arguments: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let target = Target::choose(&arguments.target).await?;
    let vouchers = target.vouchers()?;
    match arguments.command {
        Command::Issue(asked) => issue(&vouchers, asked, output).await?,
        Command::List { fleet } => list(&vouchers, &fleet, output).await?,
        Command::Revoke { voucher, fleet } => {
            let voucher = find(vouchers.find(&voucher).await?, &voucher, fleet.as_ref())?;
            vouchers.revoke(&voucher).await?;
            output.result(
                &json!({ "revoked": voucher.hash }),
                &format!(
                    "revoked {} of the fleet {}",
                    short(&voucher.hash),
                    voucher.fleet
                ),
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn issue(vouchers: &Vouchers, asked: Issue, output: &Output) -> Result<(), Failure> {
    let fleet = &asked.fleet;
    let settings = vouchers.fleet(fleet).await?;
    let settings = settings.ok_or_else(|| format!("there is no fleet {fleet}"))?;
    if settings.admission != Admission::Voucher {
        let lets_in = settings.admission.name();
        output.progress(&format!(
            "the fleet {fleet} does not ask for vouchers: its admission is {lets_in}"
        ));
    }
    let mut sheet = Sheet::open(asked.csv.as_deref())?;
    let now = jiff::Timestamp::now().as_second();
    let until = now + asked.days * DAY;
    let each = asked.serials.iter().map(Some);
    let any = (0..asked.any.unwrap_or_default()).map(|_| None);
    let mut failed = None;
    for serial in each.chain(any) {
        match vouchers.issue(fleet, serial, now, until).await {
            Ok(voucher) => sheet.add(voucher)?,
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    // Those that were issued before one failed are good, and are shown now or never.
    let of_fleet = Map::from_iter([("fleet".to_owned(), json!(fleet))]);
    sheet.close(until, of_fleet, output)?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

impl Issued for IssuedVoucher {
    const NAME: &'static str = "voucher";

    fn serial(&self) -> Option<&Serial> {
        self.serial.as_ref()
    }

    fn text(&self) -> &SecretString {
        &self.text
    }

    fn hash(&self) -> Option<&str> {
        Some(&self.hash)
    }
}

async fn list(vouchers: &Vouchers, fleet: &FleetName, output: &Output) -> Result<(), Failure> {
    let all = vouchers.list(fleet).await?;
    let time = |seconds: i64| jiff::Timestamp::from_second(seconds).map(|time| time.to_string());
    let mut shown = table::new(&["hash", "serial", "issued", "good until", "spent by"]);
    for voucher in &all {
        shown.add_row([
            short(&voucher.hash),
            voucher.serial.as_deref().unwrap_or("any"),
            &time(voucher.created_at)?,
            &time(voucher.expires_at)?,
            voucher.spent_by.as_deref().unwrap_or_default(),
        ]);
    }
    let none = format!("no vouchers; `muster voucher issue --fleet {fleet}` makes some");
    output.result(&json!({ "vouchers": all }), &table::or(&shown, &none));
    Ok(())
}

/// The voucher that is meant: a serial comes before the beginning of a hash.
fn find(found: Vec<Voucher>, given: &str, fleet: Option<&FleetName>) -> Result<Voucher, Failure> {
    let of_fleet = found
        .into_iter()
        .filter(|voucher| fleet.is_none_or(|fleet| *fleet == voucher.fleet));
    let (serials, hashes): (Vec<_>, Vec<_>) = of_fleet.partition(|voucher| voucher.is_of(given));
    let mut meant = if serials.is_empty() { hashes } else { serials };
    match (meant.len(), meant.pop()) {
        (1, Some(voucher)) => Ok(voucher),
        (0, _) => Err(format!(
            "no voucher is for {given}, was spent by it, or has a hash that begins so; `muster voucher list` shows them"
        )
        .into()),
        (many, _) => Err(format!(
            "{many} vouchers are for {given}, were spent by it, or have a hash that begins so; give more of the hash, or --fleet"
        )
        .into()),
    }
}

fn short(hash: &str) -> &str {
    hash.get(..SHOWN).unwrap_or(hash)
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

    fn read(line: &str) -> Result<Command, clap::Error> {
        let words = ["voucher"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.asked.command)
    }

    fn voucher(hash: &str, fleet: &str, serial: Option<&str>) -> Voucher {
        Voucher {
            hash: hash.to_owned(),
            fleet: FleetName::new(fleet).unwrap(),
            serial: serial.map(str::to_owned),
            created_at: 0,
            expires_at: 0,
            spent_by: None,
            spent_at: None,
        }
    }

    #[test]
    fn vouchers_are_issued_for_serials_or_for_any_number_but_not_for_nobody() {
        assert!(read("issue --fleet plant-7").is_err());
        assert!(read("issue --fleet plant-7 --any 0").is_err());
        assert!(read("issue --fleet plant-7 a/b").is_err());
        assert!(read("issue sensor-1").is_err(), "no fleet");
        let Ok(Command::Issue(asked)) = read("issue --fleet plant-7 sensor-1 sensor-2 --any 3")
        else {
            panic!("not read")
        };
        assert_eq!(
            (asked.serials.len(), asked.any, asked.days),
            (2, Some(3), 90)
        );
    }

    #[test]
    fn the_voucher_that_is_revoked_is_the_one_that_is_meant_or_none() {
        let all = || {
            vec![
                voucher("aa01", "plant-7", Some("aa")),
                voucher("aa02", "plant-8", Some("aa")),
                voucher("aa03", "plant-7", None),
                voucher("ab04", "plant-7", None),
            ]
        };
        let plant_8 = FleetName::new("plant-8").unwrap();
        assert!(find(all(), "aa", None).is_err(), "of which fleet?");
        assert_eq!(find(all(), "aa", Some(&plant_8)).unwrap().hash, "aa02");
        let one_serial = all().into_iter().skip(1).collect();
        assert_eq!(find(one_serial, "aa", None).unwrap().hash, "aa02");
        assert!(find(Vec::new(), "cc", None).is_err());
    }
}
