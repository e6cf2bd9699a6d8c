//! Finds a Python that can make the emulator's virtual environment.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

/// Names a path to the Python to use, in place of the first suitable one on `PATH`.
pub const PYTHON_VARIABLE: &str = "MUSTER_PYTHON";

/// The oldest Python that the pinned requirements support.
const OLDEST: (u32, u32) = (3, 10);

/// What is looked for on `PATH`, in this order.
const NAMES: [&str; 6] = [
    "python3",
    "python3.14",
    "python3.13",
    "python3.12",
    "python3.11",
    "python3.10",
];

/// Prints the version, the interpreter's own path and whether a virtual environment with pip can be made.
/// It must run on any Python 3, as its answer says which one it is.
const QUESTION: &str = "\
import importlib.util, sys
print('%d.%d' % sys.version_info[:2])
print(sys.executable)
print(all(importlib.util.find_spec(name) for name in ('venv', 'ensurepip')))";

/// A Python that is new enough and has `venv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    /// The interpreter itself, not a shim that chooses one.
    pub executable: PathBuf,
    /// For instance `3.12`.
    pub version: String,
}

/// Why there is no Python for the local stack, and what to install.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// Nothing on `PATH` answers to any of the names.
    #[error(
        "the local stack needs Python 3.10 or newer, and there is no `python3` on the PATH. Install it: \
         `apt install python3 python3-venv` on Debian and Ubuntu, `dnf install python3` on Fedora, \
         `brew install python` on macOS"
    )]
    Missing,
    /// Every Python that was found is older than 3.10.
    #[error(
        "the local stack needs Python 3.10 or newer, and {found} is all there is. Install a newer one, \
         or name one that is not on the PATH: {PYTHON_VARIABLE}=/path/to/python3"
    )]
    TooOld {
        /// The Pythons that were found, with their versions.
        found: String,
    },
    /// New enough, but its distribution packages `venv` or `ensurepip` separately.
    #[error(
        "{} (Python {version}) cannot make virtual environments: its `venv` or `ensurepip` module is missing. \
         Install it: `apt install python3-venv` (or `python{version}-venv`) on Debian and Ubuntu",
        executable.display()
    )]
    WithoutVenv {
        /// The Python in question.
        executable: PathBuf,
        /// Its version, for instance `3.11`.
        version: String,
    },
    /// The one that the environment names does not run.
    #[error("{PYTHON_VARIABLE} names {}, which does not run as Python 3. Correct it or unset it", named.display())]
    Unusable {
        /// What the variable names.
        named: PathBuf,
    },
}

/// The Python that `MUSTER_PYTHON` names, else the first suitable one on `PATH`.
pub fn find() -> Result<Python, PythonError> {
    if let Some(named) = std::env::var_os(PYTHON_VARIABLE).filter(|name| !name.is_empty()) {
        let answer = ask(&named).ok_or_else(|| PythonError::Unusable {
            named: named.into(),
        })?;
        return first_suitable([answer]);
    }
    first_suitable(NAMES.iter().filter_map(|name| ask(name.as_ref())))
}

/// What one interpreter said of itself.
struct Answer {
    python: Python,
    release: (u32, u32),
    makes_environments: bool,
}

/// `None` if there is no such program or it is not a Python 3 that works.
fn ask(program: &OsStr) -> Option<Answer> {
    let output = Command::new(program)
        .args(["-I", "-c", QUESTION])
        .output()
        .ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    let mut lines = answer.lines();
    let version = lines.next()?.to_owned();
    let executable = PathBuf::from(lines.next()?);
    let makes_environments = lines.next()? == "True";
    let (major, minor) = version.split_once('.')?;
    let release = (major.parse().ok()?, minor.parse().ok()?);
    Some(Answer {
        python: Python {
            executable,
            version,
        },
        release,
        makes_environments,
    })
}

/// Asks no further than the first that will do; else says what is wrong with the one that came nearest.
fn first_suitable(answers: impl IntoIterator<Item = Answer>) -> Result<Python, PythonError> {
    let mut too_old = Vec::new();
    let mut without_venv = None;
    for Answer {
        python,
        release,
        makes_environments,
    } in answers
    {
        if release < OLDEST {
            too_old.push(format!(
                "{} (Python {})",
                python.executable.display(),
                python.version
            ));
        } else if makes_environments {
            return Ok(python);
        } else {
            without_venv.get_or_insert(python);
        }
    }
    if let Some(Python {
        executable,
        version,
    }) = without_venv
    {
        return Err(PythonError::WithoutVenv {
            executable,
            version,
        });
    }
    if too_old.is_empty() {
        return Err(PythonError::Missing);
    }
    too_old.dedup();
    Err(PythonError::TooOld {
        found: too_old.join(", "),
    })
}
