//! Serials from a file or the command line.

use crate::commands::Failure;
use muster_documents::{MalformedIdentifier, Serial};

/// The serials of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Serials {
    /// Those that are well-formed.
    pub serials: Vec<Serial>,
    /// Why the others are not.
    pub refused: Vec<String>,
}

/// A serial on the command line.
pub fn argument(argument: &str) -> Result<Serial, MalformedIdentifier> {
    Serial::new(argument)
}

/// The serials in a CSV file with the column serial, or in one that has a serial on each line. A bad line loses none of
/// the others.
pub fn read(text: &[u8]) -> Result<Serials, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .has_headers(false)
        .flexible(true)
        .from_reader(text);
    let records = reader.records().collect::<Result<Vec<_>, _>>()?;
    let Some(first) = records.first() else {
        return Ok(Serials::default());
    };
    let named = first
        .iter()
        .position(|field| field.eq_ignore_ascii_case("serial"));
    if named.is_none() && first.len() > 1 {
        return Err(
            "the file has no column serial: its first line has to name the columns, for example `serial,model`".into(),
        );
    }
    let column = named.unwrap_or_default();
    let mut found = Serials::default();
    for record in records.iter().skip(usize::from(named.is_some())) {
        let serial = record.get(column).unwrap_or_default();
        match Serial::new(serial) {
            Ok(serial) => found.serials.push(serial),
            Err(why) => {
                let line = record.position().map_or(0, csv::Position::line);
                found
                    .refused
                    .push(format!("line {line}: {serial:?} is no serial: {why}"));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serials(text: &str) -> Vec<String> {
        let found = read(text.as_bytes()).unwrap();
        assert_eq!(found.refused, Vec::<String>::new());
        found.serials.into_iter().map(String::from).collect()
    }

    #[test]
    fn a_file_has_a_serial_on_each_line_or_in_its_column() {
        assert_eq!(serials("a-1\n\n  a-2  \r\na-3"), ["a-1", "a-2", "a-3"]);
        assert_eq!(serials("model,Serial\nx,a-1\ny,a-2,more\n"), ["a-1", "a-2"]);
        assert_eq!(serials("serial\na-1\n"), ["a-1"]);
        assert_eq!(serials(""), Vec::<String>::new());
    }

    #[test]
    fn columns_have_to_be_named() {
        let error = read(b"a-1,x\na-2,y\n").unwrap_err().to_string();
        assert!(error.contains("no column serial"), "{error}");
    }

    #[test]
    fn a_bad_line_is_named_and_loses_none_of_the_others() {
        let found = read(b"serial,model\na-1,x\na/2,y\n,z\na-4\n").unwrap();
        assert_eq!(found.serials.len(), 2);
        assert!(found.refused[0].starts_with("line 3: \"a/2\" is no serial"));
        assert!(found.refused[1].starts_with("line 4: \"\" is no serial"));
    }
}
