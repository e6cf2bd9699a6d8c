//! Whose tokens a command is about.

use crate::commands::{Failure, given_file, serials};
use muster_documents::Serial;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Whose tokens a command is about.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Devices {
    /// The devices
    #[arg(value_name = "SERIAL", value_parser = serials::argument)]
    serials: Vec<Serial>,
    /// Those in a file: a serial on each line, or CSV with the column serial; - reads standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

impl Devices {
    /// The serials, and why lines of the file are none.
    pub fn read(self) -> Result<(Vec<Serial>, Vec<String>), Failure> {
        let Some(file) = self.from else {
            return Ok((once(self.serials), Vec::new()));
        };
        let found = serials::read(&given_file::read(&file)?)?;
        Ok((once(found.serials), found.refused))
    }
}

/// Each serial where it comes first: of two tokens for one device only the second would be good.
fn once(serials: Vec<Serial>) -> Vec<Serial> {
    let mut seen = BTreeSet::new();
    let new = |serial: &Serial| seen.insert(serial.clone());
    serials.into_iter().filter(new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        devices: Devices,
    }

    fn read(line: &str) -> Result<Devices, clap::Error> {
        let words = ["issue"].into_iter().chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.devices)
    }

    fn serials(names: &[&str]) -> Vec<Serial> {
        let serials = names.iter().map(|name| Serial::new(*name).unwrap());
        serials.collect()
    }

    #[test]
    fn devices_are_named_or_those_of_a_file_and_never_nobody() {
        assert!(read("").is_err());
        assert!(read("a/1").is_err());
        assert!(read("a-1 --from -").is_err());
        let (named, refused) = read("a-1 a-2").unwrap().read().unwrap();
        assert_eq!((named, refused), (serials(&["a-1", "a-2"]), Vec::new()));
    }

    #[test]
    fn a_file_names_its_devices_and_which_lines_are_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("leaked.csv");
        std::fs::write(
            &path,
            "serial,token\na-1,7QX2\na/2,8RY3\na-1,7QX2\na-4,9SZ4\n",
        )
        .unwrap();
        let line = format!("--from {}", path.display());
        let (found, refused) = read(&line).unwrap().read().unwrap();
        assert_eq!(found, serials(&["a-1", "a-4"]));
        assert_eq!(refused.len(), 1);
        assert!(refused[0].starts_with("line 3: "), "{refused:?}");
    }

    #[test]
    fn a_serial_that_is_named_twice_is_seen_to_once() {
        let names = serials(&["b", "a", "b", "c", "a"]);
        assert_eq!(once(names), serials(&["b", "a", "c"]));
    }
}
