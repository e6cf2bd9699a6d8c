//! Makes the zips that Lambda takes a function's code from.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// What Lambda runs of a function for the `provided` runtimes.
const BOOTSTRAP: &str = "bootstrap";

/// A zip at `path` with `binary` as the function's bootstrap.
pub fn of_binary(binary: &Path, path: &Path) -> io::Result<()> {
    let mut zip = ZipWriter::new(File::create(path)?);
    add_file(&mut zip, BOOTSTRAP, binary)?;
    zip.finish()?;
    Ok(())
}

/// A zip at `path` with all that is in `directory`.
pub fn of_directory(directory: &Path, path: &Path) -> io::Result<()> {
    let mut zip = ZipWriter::new(File::create(path)?);
    add_directory(&mut zip, directory, directory)?;
    zip.finish()?;
    Ok(())
}

/// Stored, not compressed: it travels no further than this machine. Its permissions go with it, as Lambda refuses a
/// bootstrap that is not executable.
fn add_file(zip: &mut ZipWriter<File>, name: &str, path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mode = file.metadata()?.permissions().mode();
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(mode);
    zip.start_file(name, options)?;
    io::copy(&mut file, zip)?;
    Ok(())
}

fn add_directory(zip: &mut ZipWriter<File>, root: &Path, directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            add_directory(zip, root, &path)?;
        } else {
            let name = path.strip_prefix(root).map_err(io::Error::other)?;
            add_file(zip, &name.to_string_lossy(), &path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::io::Read;

    #[test]
    fn a_function_is_packed_as_an_executable_bootstrap() {
        let directory = tempfile::tempdir().unwrap();
        let binary = directory.path().join("claim-intake");
        std::fs::write(&binary, "the program").unwrap();
        std::fs::set_permissions(&binary, Permissions::from_mode(0o755)).unwrap();
        let path = directory.path().join("claim-intake.zip");

        of_binary(&binary, &path).unwrap();

        let mut zip = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
        let mut bootstrap = zip.by_name("bootstrap").unwrap();
        assert_eq!(bootstrap.unix_mode().unwrap() & 0o777, 0o755);
        let mut packed = String::new();
        bootstrap.read_to_string(&mut packed).unwrap();
        assert_eq!(packed, "the program");
    }

    #[test]
    fn a_directory_is_packed_with_paths_from_its_root() {
        let directory = tempfile::tempdir().unwrap();
        let code = directory.path().join("code");
        std::fs::create_dir_all(code.join("inner")).unwrap();
        std::fs::write(code.join("inner/part.py"), "").unwrap();
        let path = directory.path().join("code.zip");

        of_directory(&code, &path).unwrap();

        let mut zip = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
        assert!(zip.by_name("inner/part.py").is_ok());
    }
}
