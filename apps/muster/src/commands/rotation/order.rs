//! `muster rotation order`.

use super::run::start;
use crate::commands::ran::Ran;
use crate::commands::{Failure, given_file, serials};
use crate::output::Output;
use crate::rotation::{Ordered, claimed, order, today};
use crate::table;
use crate::target::Target;
use clap::builder::NonEmptyStringValueParser;
use muster_cloud::operator::Order;
use muster_documents::Serial;
use serde::Serialize;
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::process::ExitCode;

/// Have devices renew their certificates before their time: at the next run, and every day until they have
///
/// An order stands until the device has connected with its new certificate. Ordering it again changes nothing.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    devices: Devices,
    /// Start a run after it, without its window, and wait for its end
    #[arg(long)]
    run: bool,
}

/// Whose rotations are ordered.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Devices {
    /// The devices
    #[arg(value_name = "SERIAL", value_parser = serials::argument)]
    serials: Vec<Serial>,
    /// All devices that came in with this claim certificate, revoked or not: its id, or enough of its beginning.
    /// Reads the whole ledger
    #[arg(long, value_name = "CERTIFICATE-ID", value_parser = NonEmptyStringValueParser::new())]
    claim: Option<String>,
    /// Those in a file: a serial on each line, or CSV with the column serial; - reads standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

pub async fn run(target: &Target, asked: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let rotations = target.rotations()?;
    let Devices {
        serials,
        claim,
        file,
    } = asked.devices;
    let (serials, refused) = match (claim, file) {
        (Some(claim), _) => (claimed(&rotations, &claim).await?, Vec::new()),
        (None, Some(file)) => {
            let found = serials::read(&given_file::read(&file)?)?;
            (found.serials, found.refused)
        }
        (None, None) => (serials, Vec::new()),
    };
    let now = jiff::Timestamp::now().to_string();
    let orders = order(&rotations, serials, today(), &now).await?;
    let run = if asked.run {
        output.progress(&format!("{} devices are seen to", orders.len()));
        Some(start(target, true, true, output).await?)
    } else {
        None
    };
    let shown = Shown {
        orders,
        refused,
        run,
    };
    output.result(&shown, &shown);
    Ok(shown.exit_code())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    orders: Vec<Ordered>,
    /// Why lines of the file are no serials.
    refused: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<Ran>,
}

impl Shown {
    fn exit_code(&self) -> ExitCode {
        let stands =
            |ordered: &Ordered| matches!(ordered.order, Order::Ordered | Order::AlreadyOrdered);
        if !self.refused.is_empty() || !self.orders.iter().all(stands) {
            return ExitCode::FAILURE;
        }
        self.run.as_ref().map_or(ExitCode::SUCCESS, Ran::exit_code)
    }
}

impl Display for Shown {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut shown = table::new(&["serial", "order"]);
        for Ordered { serial, order } in &self.orders {
            shown.add_row([serial.as_str(), said(*order)]);
        }
        write!(f, "{}", table::or(&shown, "no devices"))?;
        for line in &self.refused {
            write!(f, "\n  {line}")?;
        }
        match &self.run {
            Some(run) => write!(f, "\n{run}"),
            None => Ok(()),
        }
    }
}

fn said(order: Order) -> &'static str {
    match order {
        Order::Ordered => "ordered",
        Order::AlreadyOrdered => "already ordered",
        Order::Unknown => "unknown; `muster device import` makes it known",
        Order::NoCertificate => "has no certificate",
        Order::Undoing => "its certificate is being taken away; look at `muster device show`",
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
        let words = ["order"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.asked)
    }

    #[test]
    fn devices_are_named_in_one_way_and_not_left_out() {
        assert!(read("").is_err());
        assert!(read("--run").is_err());
        assert!(read("a/1").is_err());
        assert!(read("a-1 --claim ab").is_err());
        assert!(read("--claim ab --file -").is_err());
        assert!(read("--claim=").is_err(), "the beginning of every id");
        assert_eq!(read("a-1 a-2 --run").unwrap().devices.serials.len(), 2);
        assert!(read("--claim ab").unwrap().devices.claim.is_some());
    }
}
