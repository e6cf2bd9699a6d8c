//! Files into a zip.

use crate::contents::File;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// Why there is no zip.
#[derive(Debug, thiserror::Error)]
#[error("{file} could not be written into the zip")]
pub struct PackingError {
    file: &'static str,
    #[source]
    source: zip::result::ZipError,
}

/// A zip of the files, which says no time and so is the same for the same files.
pub(crate) fn zip(files: Vec<File>) -> Result<Vec<u8>, PackingError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for File {
        name,
        mode,
        contents,
    } in files
    {
        let failed = |source| PackingError { file: name, source };
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(mode);
        archive.start_file(name, options).map_err(failed)?;
        archive
            .write_all(&contents)
            .map_err(|error| failed(error.into()))?;
    }
    let finished = archive.finish().map_err(|source| PackingError {
        file: "the end",
        source,
    })?;
    Ok(finished.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use zip::ZipArchive;

    fn files() -> Vec<File> {
        let file = |name, mode| File {
            name,
            mode,
            contents: name.into(),
        };
        vec![file("start.sh", 0o755), file("claim.key.pem", 0o600)]
    }

    #[test]
    fn the_same_files_make_the_same_zip_and_keep_their_permissions() {
        let packed = zip(files()).unwrap();
        assert_eq!(packed, zip(files()).unwrap());
        let mut archive = ZipArchive::new(Cursor::new(packed)).unwrap();
        let mut key = archive.by_name("claim.key.pem").unwrap();
        assert_eq!(key.unix_mode().map(|mode| mode & 0o777), Some(0o600));
        let mut text = String::new();
        key.read_to_string(&mut text).unwrap();
        assert_eq!(text, "claim.key.pem");
    }
}
