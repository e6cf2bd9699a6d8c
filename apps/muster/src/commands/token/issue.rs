//! `muster token issue`.

use super::batch::{Stopped, each};
use super::devices::Devices;
use super::listed;
use crate::commands::Failure;
use crate::commands::shown_once::{Issued, Sheet};
use crate::output::Output;
use crate::target::Target;
use clap::ValueEnum;
use muster_cloud::operator::{Device, IssuedToken, Terms};
use muster_documents::Serial;
use muster_onboarding::ledger::WayIn;
use muster_onboarding::tokens::Opens;
use secrecy::SecretString;
use serde_json::{Map, json};
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// What the ledger knows of devices, by serial.
type Known = HashMap<String, Device>;

/// In seconds.
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Issue tokens, one for each device; they are shown now and never again
///
/// A device has one token: what was issued for it before is good no more. A device that has a certificate already gets
/// another one with its token. The old one is retired when the device has connected with the new one.
#[derive(Debug, clap::Args)]
#[expect(clippy::doc_markdown, reason = "--help shows it as it stands")]
pub struct Arguments {
    #[command(flatten)]
    devices: Devices,
    /// What they open: one certificate, the device's shadow over HTTPS, or both
    #[arg(long = "for", value_name = "WHAT", value_enum, default_value_t = For::Certificate)]
    opens: For,
    /// How long they are good, 1 to 3650
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=3650))]
    days: i64,
    /// How long they are good, where days are too long, 1 to 8760
    #[arg(long, conflicts_with = "days", value_parser = clap::value_parser!(i64).range(1..=8760))]
    hours: Option<i64>,
    /// Where the device has a certificate already: retire it so many hours after the new one was given, 1 to 8640 and at most
    /// 24 times the stack's RotationProofDays, even if the device has not connected with the new one. Without it the old one
    /// stays until the device has
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=8640))]
    retire_after: Option<u32>,
    /// Write them into a new file, with the columns serial and token; - writes standard output
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
}

/// As the command line names what a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum For {
    Certificate,
    Shadow,
    Both,
}

impl From<For> for Opens {
    fn from(opens: For) -> Self {
        match opens {
            For::Certificate => Self::Certificate,
            For::Shadow => Self::Shadow,
            For::Both => Self::Both,
        }
    }
}

impl Issued for IssuedToken {
    const NAME: &'static str = "token";

    fn serial(&self) -> Option<&Serial> {
        Some(&self.serial)
    }

    fn text(&self) -> &SecretString {
        &self.text
    }
}

impl Arguments {
    fn terms(&self, now: i64) -> Result<Terms, Failure> {
        if self.opens == For::Shadow && self.retire_after.is_some() {
            return Err(
                "--retire-after goes with a certificate, and --for shadow gives none".into(),
            );
        }
        let life = self.hours.map_or(self.days * DAY, |hours| hours * HOUR);
        Ok(Terms {
            opens: self.opens.into(),
            created_at: now,
            expires_at: now + life,
            retire_after_hours: self.retire_after,
        })
    }
}

/// Which devices got no token, and why the first of them did not.
#[derive(Debug, thiserror::Error)]
#[error(
    "no new token for {}; run the command again for these, since one that they had may be good no more",
    listed(serials)
)]
struct Unissued {
    serials: Vec<Serial>,
    #[source]
    source: Failure,
}

impl From<Stopped> for Unissued {
    fn from(Stopped { serials, source }: Stopped) -> Self {
        Self { serials, source }
    }
}

/// Refuses a deadline of so many hours that would come after the undo of the certificate that it is about, `proof` days.
fn before_the_undo(hours: u32, proof: i64) -> Result<(), Failure> {
    let most = proof.saturating_mul(24);
    if i64::from(hours) <= most {
        return Ok(());
    }
    Err(format!(
        "--retire-after {hours} is more than this stack's {most} hours (24 times RotationProofDays): a new certificate that \
         nobody has connected with is undone then, and the deadline with it, so that the old one would stay"
    )
    .into())
}

pub async fn run(
    target: &Target,
    asked: Arguments,
    now: i64,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let terms = asked.terms(now)?;
    if let Some(hours) = terms.retire_after_hours {
        before_the_undo(hours, target.rotation_policy()?.proof)?;
    }
    let (tokens, keys) = (target.tokens()?, target.token_keys()?);
    let (mut serials, mut refused) = asked.devices.read()?;
    if terms.opens.covers(Opens::Certificate) {
        let known = target.devices()?.known(&serials).await?.into_iter();
        let known = known
            .map(|device| (device.serial.clone(), device))
            .collect();
        refused.extend(of_other_ways(&mut serials, &known));
        warn_of_reissues(&serials, &known, &terms, output);
    }
    if serials.is_empty() {
        refused.insert(0, "there is no serial to issue a token for".to_owned());
        return Err(refused.join("\n  ").into());
    }
    for why in &refused {
        output.progress(&format!("{why}; it gets no token"));
    }
    let mut sheet = Sheet::open(asked.csv.as_deref())?;
    let issue = async |serial: &Serial| tokens.issue(&keys, serial, &terms).await;
    let issued = each(serials, issue, |_, token| sheet.add(token)).await;
    // Those that were issued before one failed are good, and are shown now or never.
    let without = issued.as_ref().err().map(|stopped| &stopped.serials);
    let said = Map::from_iter([
        ("opens".to_owned(), json!(terms.opens.name())),
        ("refused".to_owned(), json!(refused)),
        ("without".to_owned(), json!(without.unwrap_or(&Vec::new()))),
    ]);
    sheet.close(terms.expires_at, said, output)?;
    issued.map_err(Unissued::from)?;
    Ok(if refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Takes the serials out that were imported for another way in alone, and says so of each.
fn of_other_ways(serials: &mut Vec<Serial>, known: &Known) -> Vec<String> {
    let mut refused = Vec::new();
    serials.retain(|serial| {
        let device = known.get(serial.as_str());
        let route = device.and_then(|device| device.route.as_deref());
        let other = route.filter(|route| *route != WayIn::Token.name());
        refused.extend(other.map(|route| {
            format!(
                "{serial} was imported for another way in alone ({route}); `muster device import FILE --only-by token` or \
                 `--only-by any` changes that"
            )
        }));
        other.is_none()
    });
    refused
}

/// Which of the devices have a certificate, which a token replaces.
fn warn_of_reissues(serials: &[Serial], known: &Known, terms: &Terms, output: &Output) {
    let has_one = |serial: &&Serial| {
        let device = known.get(serial.as_str());
        device.is_some_and(|device| device.certificate_id.is_some())
    };
    let reissued: Vec<_> = serials.iter().filter(has_one).cloned().collect();
    if reissued.is_empty() {
        return;
    }
    let at_latest = terms.retire_after_hours.map_or_else(String::new, |hours| {
        format!(", or {hours} hours after that was given")
    });
    output.progress(&format!(
        "with a certificate already: {}. A token gives such a device another one; the old one is retired when the device has \
         connected with the new one{at_latest}",
        listed(&reissued)
    ));
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
        let words = ["issue"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.asked)
    }

    fn serials(names: &[&str]) -> Vec<Serial> {
        let serials = names.iter().map(|name| Serial::new(*name).unwrap());
        serials.collect()
    }

    fn imported(serial: &str, route: Option<&str>) -> (String, Device) {
        let device = Device {
            serial: serial.to_owned(),
            route: route.map(str::to_owned),
            ..Device::default()
        };
        (serial.to_owned(), device)
    }

    #[test]
    fn a_token_is_for_a_certificate_and_thirty_days_unless_something_else_is_said() {
        let terms = read("a-1").unwrap().terms(100).unwrap();
        let certificate = Terms {
            opens: Opens::Certificate,
            created_at: 100,
            expires_at: 100 + 30 * 86_400,
            retire_after_hours: None,
        };
        assert_eq!(terms, certificate);
        let asked = read("a-1 --for both --hours 2 --retire-after 48").unwrap();
        let terms = asked.terms(100).unwrap();
        assert_eq!((terms.opens, terms.expires_at), (Opens::Both, 7300));
        assert_eq!(terms.retire_after_hours, Some(48));
        for line in [
            "a-1 --days 2 --hours 2",
            "a-1 --days 0",
            "a-1 --days 3651",
            "a-1 --hours 0",
            "a-1 --retire-after 0",
            "a-1 --retire-after 8641",
            "a-1 --for everything",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
        let retires_none = read("a-1 --for shadow --retire-after 2").unwrap();
        assert!(retires_none.terms(0).is_err());
    }

    #[test]
    fn a_deadline_that_comes_after_the_undo_of_what_it_waits_for_is_refused() {
        assert!(before_the_undo(1, 14).is_ok());
        assert!(before_the_undo(14 * 24, 14).is_ok());
        let refused = before_the_undo(14 * 24 + 1, 14).unwrap_err().to_string();
        assert!(refused.starts_with("--retire-after 337 is more than this stack's 336 hours"));
        assert!(refused.contains("undone then, and the deadline with it"));
    }

    #[test]
    fn who_got_no_token_is_named() {
        let unissued = Unissued::from(Stopped {
            serials: serials(&["a-1", "a-2"]),
            source: "no key".into(),
        });
        assert!(
            unissued
                .to_string()
                .starts_with("no new token for a-1, a-2; ")
        );
    }

    #[test]
    fn a_serial_that_was_imported_for_another_way_in_alone_gets_no_token() {
        let known = Known::from([
            imported("any", None),
            imported("claim", Some("claim")),
            imported("token", Some("token")),
        ]);
        let mut names = serials(&["any", "claim", "new", "token"]);
        let refused = of_other_ways(&mut names, &known);
        assert_eq!(names, serials(&["any", "new", "token"]));
        assert_eq!(refused.len(), 1);
        assert!(refused[0].starts_with("claim was imported for another way in alone (claim)"));
    }
}
