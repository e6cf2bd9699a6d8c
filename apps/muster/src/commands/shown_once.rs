//! Secrets that are shown once: to who had them issued, and never again.

use super::Failure;
use super::new_file::new_file;
use crate::output::Output;
use crate::table;
use muster_documents::Serial;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A secret that was just issued.
pub trait Issued {
    /// What it is called; an `s` makes it several.
    const NAME: &'static str;

    /// The device that it is for; `None`: any.
    fn serial(&self) -> Option<&Serial>;

    /// What the device has to show.
    fn text(&self) -> &SecretString;

    /// By what the ledger knows it, if that can be told.
    fn hash(&self) -> Option<&str> {
        None
    }
}

/// What secrets are written on, one after the other.
pub struct Sheet<T> {
    place: Place,
    issued: Vec<T>,
}

enum Place {
    Screen,
    StandardOutput(Rows),
    File(PathBuf, Rows),
}

type Rows = csv::Writer<Box<dyn Write>>;

impl<T: Issued> Sheet<T> {
    /// A new CSV file that only its owner can read, standard output as CSV (`-`), or a table at the end. To be had before
    /// anything is issued: a secret that cannot be written would be lost.
    pub fn open(csv: Option<&Path>) -> Result<Self, Failure> {
        let mut place = match csv {
            None => Place::Screen,
            Some(path) if path == Path::new("-") => {
                Place::StandardOutput(Rows::from_writer(Box::new(std::io::stdout())))
            }
            Some(path) => {
                let file = new_file(path, 0o600)?;
                Place::File(path.to_owned(), Rows::from_writer(Box::new(file)))
            }
        };
        place.write(["serial", T::NAME])?;
        Ok(Self {
            place,
            issued: Vec::new(),
        })
    }

    /// Writes a secret at once, so that it is there even if the command is broken off.
    pub fn add(&mut self, issued: T) -> Result<(), Failure> {
        self.place.write(row(&issued))?;
        self.issued.push(issued);
        Ok(())
    }

    /// Says what was issued, that it is good until `until`, in seconds since 1970, and what else there is to say in JSON.
    pub fn close(
        self,
        until: i64,
        mut said: Map<String, Value>,
        output: &Output,
    ) -> Result<(), Failure> {
        let until = jiff::Timestamp::from_second(until)?.to_string();
        said.insert("until".to_owned(), json!(until));
        match self.place {
            Place::StandardOutput(_) => {}
            Place::File(path, _) => {
                let count = self.issued.len();
                said.insert("issued".to_owned(), json!(count));
                said.insert("file".to_owned(), json!(path));
                let text = format!(
                    "{count} {}s, good until {until}, in {} (keep it out of repositories and logs)",
                    T::NAME,
                    path.display()
                );
                output.result(&said, &text);
            }
            Place::Screen => {
                let all: Vec<_> = self.issued.iter().map(json_of).collect();
                said.insert(format!("{}s", T::NAME), json!(all));
                output.result(&said, &table_of(&self.issued, &until));
            }
        }
        Ok(())
    }
}

impl Place {
    fn write(&mut self, row: [&str; 2]) -> Result<(), Failure> {
        let (name, rows) = match self {
            Self::Screen => return Ok(()),
            Self::StandardOutput(rows) => ("standard output".into(), rows),
            Self::File(path, rows) => (path.display().to_string(), rows),
        };
        let written = rows.write_record(row);
        let written = written.and_then(|()| Ok(rows.flush()?));
        written.map_err(|error| format!("cannot write {name}: {error}").into())
    }
}

/// The one place where secrets are written out: for who had them issued.
fn row(issued: &impl Issued) -> [&str; 2] {
    let serial = issued.serial().map_or("", Serial::as_str);
    [serial, issued.text().expose_secret()]
}

fn json_of<T: Issued>(issued: &T) -> Value {
    let [_, text] = row(issued);
    let mut shown = json!({ "serial": issued.serial(), T::NAME: text });
    if let Some(hash) = issued.hash() {
        shown["hash"] = json!(hash);
    }
    shown
}

fn table_of<T: Issued>(issued: &[T], until: &str) -> String {
    if issued.is_empty() {
        return format!("no {}s", T::NAME);
    }
    let mut shown = table::new(&["serial", T::NAME]);
    for one in issued {
        let [serial, text] = row(one);
        shown.add_row([if serial.is_empty() { "any" } else { serial }, text]);
    }
    format!("{shown}\ngood until {until}; shown now and never again")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[derive(Debug)]
    struct Key(Option<Serial>, SecretString);

    impl Issued for Key {
        const NAME: &'static str = "key";

        fn serial(&self) -> Option<&Serial> {
            self.0.as_ref()
        }

        fn text(&self) -> &SecretString {
            &self.1
        }
    }

    fn keys() -> [Key; 2] {
        let key = |serial: Option<&str>, text: &str| {
            let serial = serial.map(|serial| Serial::new(serial).unwrap());
            Key(serial, text.to_owned().into())
        };
        [key(Some("sensor-1"), "7QX2"), key(None, "8RY3")]
    }

    #[test]
    fn a_file_has_each_secret_as_soon_as_it_is_there_and_is_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keys.csv");
        let mut sheet = Sheet::open(Some(&path)).unwrap();
        for (key, lines) in keys().into_iter().zip([
            "serial,key\nsensor-1,7QX2\n",
            "serial,key\nsensor-1,7QX2\n,8RY3\n",
        ]) {
            sheet.add(key).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), lines);
        }
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(Sheet::<Key>::open(Some(&path)).is_err(), "it is there");
    }

    #[test]
    fn a_table_says_that_it_is_not_shown_again() {
        let shown = table_of(&keys(), "2026-01-01T00:00:00Z");
        assert!(shown.contains("sensor-1  7QX2"), "{shown}");
        assert!(shown.contains("any       8RY3"), "{shown}");
        assert!(shown.ends_with("good until 2026-01-01T00:00:00Z; shown now and never again"));
        assert_eq!(table_of::<Key>(&[], "-"), "no keys");
    }

    #[test]
    fn json_has_the_secret_under_its_name() {
        let [of_one, of_any] = keys().map(|key| json_of(&key));
        assert_eq!(of_one, json!({ "serial": "sensor-1", "key": "7QX2" }));
        assert_eq!(of_any, json!({ "serial": null, "key": "8RY3" }));
    }
}
