//! Virtual environments, the emulator's among them: each made once from pinned, hash-checked requirements.

use super::checkout::Checkout;
use super::lock;
use super::python::Python;
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// How packages are installed. Wheels only: building a package from source would run code that no hash was checked for. With
/// bytecode, which each start of the emulator would compile anew.
const INSTALL: [&str; 9] = [
    "-I",
    "-m",
    "pip",
    "install",
    "--quiet",
    "--no-input",
    "--disable-pip-version-check",
    "--require-hashes",
    "--only-binary=:all:",
];

/// Written last, so that an environment without it is half-made.
const COMPLETE: &str = "complete";

/// A virtual environment with the packages of a requirements file in it.
#[derive(Debug, Clone)]
pub struct Environment {
    directory: PathBuf,
}

/// Why the environment could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// A file of the environment, its lock or the requirements.
    #[error("cannot prepare the Python environment in {}", path.display())]
    Files {
        /// What was read or written.
        path: PathBuf,
        #[source]
        /// What the system said.
        source: io::Error,
    },
    /// Python or pip ended with an error.
    #[error(
        "cannot {step}. Python said:\n{output}\nIf a package could not be fetched, check the network or pip's own \
         configuration (`pip config list`) and try again"
    )]
    Step {
        /// What was being done.
        step: &'static str,
        /// The end of what was printed.
        output: String,
    },
}

impl Environment {
    /// Makes the environment of a requirements file, or takes the one that was made from the same requirements with the
    /// same Python. It is kept in the checkout's state.
    ///
    /// Processes that ask at the same time wait for the one that makes it. `say` is told when it has to be made,
    /// which takes about ten seconds and, for the emulator's, 130 MB.
    pub async fn prepare(
        checkout: &Checkout,
        requirements: &Path,
        python: &Python,
        say: impl Fn(&str),
    ) -> Result<Self, EnvironmentError> {
        let pinned = std::fs::read(requirements).map_err(|source| files(requirements, source))?;
        let parent = checkout.state().join("environments");
        std::fs::create_dir_all(&parent).map_err(|source| files(&parent, source))?;

        // A directory for each set of requirements: an emulator that still runs from an older one keeps its files.
        let environment = Self {
            directory: parent.join(key(&pinned, python)),
        };
        let lock_file = environment.directory.with_extension("lock");
        let _making = lock::wait(&lock_file)
            .await
            .map_err(|source| files(&lock_file, source))?;
        if environment.is_complete().await {
            return Ok(environment);
        }
        say("making a Python environment (once, some ten seconds)");
        environment.make(python, requirements).await?;
        Ok(environment)
    }

    /// Its Python, in which the modules of its packages can be imported.
    pub fn python(&self) -> PathBuf {
        self.directory.join("bin/python")
    }

    /// Whether it was made to the end, and the Python that it was made with is still installed.
    async fn is_complete(&self) -> bool {
        self.directory.join(COMPLETE).is_file()
            && Command::new(self.python())
                .arg("--version")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .await
                .is_ok_and(|status| status.success())
    }

    async fn make(&self, python: &Python, requirements: &Path) -> Result<(), EnvironmentError> {
        let directory = &self.directory;
        match std::fs::remove_dir_all(directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(files(directory, error));
            }
            _ => {}
        }
        run(
            "make a virtual environment",
            Command::new(&python.executable)
                .args(["-I", "-m", "venv"])
                .arg(directory),
        )
        .await?;
        run(
            "install the pinned packages",
            Command::new(self.python())
                .args(INSTALL)
                .arg("--requirement")
                .arg(requirements),
        )
        .await?;
        let complete = directory.join(COMPLETE);
        std::fs::write(&complete, "").map_err(|source| files(&complete, source))
    }
}

/// Changes when the requirements, the Python or how packages are installed does.
fn key(requirements: &[u8], python: &Python) -> String {
    let mut digest = Sha256::new();
    digest.update(requirements);
    digest.update(python.version.as_bytes());
    digest.update(python.executable.as_os_str().as_encoded_bytes());
    digest.update(INSTALL.join(" "));
    hex::encode(&digest.finalize()[..8])
}

async fn run(step: &'static str, command: &mut Command) -> Result<(), EnvironmentError> {
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| EnvironmentError::Step {
            step,
            output: error.to_string(),
        })?;
    if output.status.success() {
        return Ok(());
    }
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    let lines: Vec<_> = printed.lines().collect();
    let end = lines[lines.len().saturating_sub(20)..].join("\n");
    Err(EnvironmentError::Step { step, output: end })
}

fn files(path: &Path, source: io::Error) -> EnvironmentError {
    EnvironmentError::Files {
        path: path.to_path_buf(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::testing::program;
    use std::fs;

    /// Stands in for Python: makes a "virtual environment" with itself in it, and notes each installation.
    const STAND_IN: &str = r#"#!/bin/sh
case "$*" in
    *"-m venv "*) for directory; do :; done; mkdir -p "$directory/bin"; cp "$0" "$directory/bin/python" ;;
    *"-m pip "*) sleep 0.1; echo installed >> "$(dirname "$0")/../../../../installations" ;;
esac
"#;

    struct Scratch {
        root: tempfile::TempDir,
        checkout: Checkout,
        python: Python,
    }

    impl Scratch {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let executable = root.path().join("python3");
            program(&executable, STAND_IN);
            fs::create_dir(root.path().join("local")).unwrap();
            fs::write(root.path().join("local/requirements.txt"), "ministack").unwrap();
            let checkout = Checkout::above(root.path()).unwrap();
            let python = Python {
                executable,
                version: "3.12".to_owned(),
            };
            Self {
                root,
                checkout,
                python,
            }
        }

        async fn prepare(&self) -> Environment {
            let requirements = self.checkout.requirements();
            Environment::prepare(&self.checkout, &requirements, &self.python, |_| {})
                .await
                .unwrap()
        }

        fn installations(&self) -> usize {
            let noted = fs::read_to_string(self.root.path().join("installations"));
            noted.unwrap_or_default().lines().count()
        }
    }

    #[tokio::test]
    async fn an_environment_is_made_once_for_the_same_requirements() {
        let scratch = Scratch::new();
        let first = scratch.prepare().await;
        let second = scratch.prepare().await;
        assert_eq!(first.python(), second.python());
        assert_eq!(scratch.installations(), 1);
    }

    #[tokio::test]
    async fn other_requirements_get_an_environment_of_their_own() {
        let scratch = Scratch::new();
        let old = scratch.prepare().await;
        fs::write(scratch.checkout.requirements(), "ministack cryptography").unwrap();
        let new = scratch.prepare().await;
        assert_ne!(old.python(), new.python());
        assert_eq!(scratch.installations(), 2);
    }

    #[tokio::test]
    async fn a_half_made_environment_is_made_again_from_nothing() {
        let scratch = Scratch::new();
        let environment = scratch.prepare().await;
        fs::remove_file(environment.directory.join(COMPLETE)).unwrap();
        fs::write(environment.directory.join("leaving"), "").unwrap();

        scratch.prepare().await;

        assert_eq!(scratch.installations(), 2);
        assert!(!environment.directory.join("leaving").exists());
    }

    #[tokio::test]
    async fn an_environment_whose_python_was_removed_is_made_again() {
        let scratch = Scratch::new();
        let environment = scratch.prepare().await;
        fs::remove_file(environment.python()).unwrap();
        scratch.prepare().await;
        assert_eq!(scratch.installations(), 2);
    }

    #[tokio::test]
    async fn of_two_at_once_one_makes_it_and_the_other_waits() {
        let scratch = Scratch::new();
        let (first, second) = tokio::join!(scratch.prepare(), scratch.prepare());
        assert_eq!(first.python(), second.python());
        assert_eq!(scratch.installations(), 1);
    }

    #[tokio::test]
    async fn what_python_said_is_told_when_it_fails() {
        let scratch = Scratch::new();
        let failing = "#!/bin/sh\necho 'no room on the disk' >&2; exit 1\n";
        program(&scratch.python.executable, failing);
        let requirements = scratch.checkout.requirements();
        let failure =
            Environment::prepare(&scratch.checkout, &requirements, &scratch.python, |_| {}).await;
        let told = failure.unwrap_err().to_string();
        assert!(told.contains("cannot make a virtual environment"), "{told}");
        assert!(told.contains("no room on the disk"), "{told}");
    }
}
