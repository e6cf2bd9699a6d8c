//! Makes the zips that Lambda takes a function's code from.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// What Lambda runs of a function for the `provided` runtimes.
const BOOTSTRAP: &str = "bootstrap";

/// A zip at `path` whose bootstrap runs `program`, which is kept beside it. The programs themselves, of a debug build some 50 MB
/// each, would have the emulator's S3 busy for most of the time that a stack takes to start.
pub fn of_program(program: &Path, path: &Path) -> io::Result<()> {
    let kept = path.with_extension("");
    keep(program, &kept)?;
    let options = SimpleFileOptions::default().unix_permissions(0o755);
    let mut zip = ZipWriter::new(File::create(path)?);
    zip.start_file(BOOTSTRAP, options)?;
    zip.write_all(&runs(&kept))?;
    zip.finish()?;
    Ok(())
}

/// Keeps a program as it is now: whatever is built later, a stack's functions are of one build.
fn keep(program: &Path, kept: &Path) -> io::Result<()> {
    // A compiler makes a new file, and leaves the old one to whoever has a link to it.
    match std::fs::hard_link(program, kept) {
        // Over a link, a copy would write into the program itself.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Two file systems, or one without links.
        Err(_) => std::fs::copy(program, kept).map(drop),
        Ok(()) => Ok(()),
    }
}

/// A script that becomes `program`, whatever characters are in its path.
fn runs(program: &Path) -> Vec<u8> {
    let mut script = b"#!/bin/sh\nexec '".to_vec();
    for byte in program.as_os_str().as_bytes() {
        match byte {
            b'\'' => script.extend(br"'\''"),
            other => script.push(*other),
        }
    }
    script.extend(b"'\n");
    script
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
    use crate::local::testing::program;
    use std::io::Read;
    use std::process::Command;

    #[test]
    fn a_functions_bootstrap_becomes_its_program_as_it_was_when_it_was_packed() {
        let directory = tempfile::tempdir().unwrap();
        let built = directory.path().join("built");
        program(&built, "#!/bin/sh\necho the first\n");
        let stack = directory.path().join("Somebody's stack in $HOME");
        std::fs::create_dir(&stack).unwrap();
        let path = stack.join("claim-intake.zip");

        of_program(&built, &path).unwrap();
        std::fs::remove_file(&built).unwrap();
        program(&built, "#!/bin/sh\necho the next\n");

        let mut zip = zip::ZipArchive::new(File::open(&path).unwrap()).unwrap();
        let mut bootstrap = zip.by_name("bootstrap").unwrap();
        assert_eq!(bootstrap.unix_mode().unwrap() & 0o777, 0o755);
        let mut script = String::new();
        bootstrap.read_to_string(&mut script).unwrap();
        let ran = Command::new("/bin/sh").args(["-c", &script]).output();
        assert_eq!(ran.unwrap().stdout, b"the first\n");
    }

    #[test]
    fn what_a_stack_has_kept_is_not_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let (built, kept) = (
            directory.path().join("built"),
            directory.path().join("kept"),
        );
        std::fs::write(&built, "the program").unwrap();
        keep(&built, &kept).unwrap();

        let again = keep(&built, &kept).unwrap_err();

        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&built).unwrap(), b"the program");
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
