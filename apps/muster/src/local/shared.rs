//! The checkout's one stack that `muster up` starts: who may start it, whether it runs, and how another program ends it.

use super::checkout::Checkout;
use super::directory::StackDirectory;
use super::emulator::end_group;
use super::lock::{self, Lock};
use super::state::StackState;
use rustix::process::Pid;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// How long the emulator may take to be gone once it was ended.
const END_LIMIT: Duration = Duration::from_secs(10);

/// Held by the `muster up` that may use the shared directory.
#[derive(Debug)]
pub struct StarterLock {
    _lock: Lock,
}

/// Whether the shared stack runs.
#[derive(Debug)]
pub enum Running {
    /// Nothing runs.
    No,
    /// A `muster up` has not come as far as an emulator that answers.
    Starting,
    /// It runs.
    Yes(Box<StackState>),
}

/// Why the shared stack cannot be started or ended.
#[derive(Debug, thiserror::Error)]
pub enum SharedError {
    /// It runs already.
    #[error("a local stack runs already, at {0}. `muster status` shows it, `muster down` ends it")]
    Runs(String),
    /// Another `muster up` is at it.
    #[error(
        "another `muster up` is starting a local stack in this checkout. Wait for it, or end it with Ctrl-C"
    )]
    Starts,
    /// Its directory cannot be used.
    #[error("cannot use {} for the local stack", path.display())]
    Directory {
        /// The directory or lock.
        path: PathBuf,
        #[source]
        /// What the system said.
        source: io::Error,
    },
    /// The emulator was ended but is still there.
    #[error(
        "the emulator, process {process_id}, does not end. Look at it with `ps -fp {process_id}`"
    )]
    DoesNotEnd {
        /// Its process id.
        process_id: u32,
    },
}

/// The shared directory, for the one program that may start a stack in it now.
pub fn claim(checkout: &Checkout) -> Result<(StackDirectory, StarterLock), SharedError> {
    let directory = StackDirectory::shared(checkout);
    let unusable = |path: PathBuf| move |source| SharedError::Directory { path, source };
    std::fs::create_dir_all(directory.path()).map_err(unusable(directory.path().to_path_buf()))?;
    match running(checkout) {
        Running::No => {}
        Running::Starting => return Err(SharedError::Starts),
        Running::Yes(state) => return Err(SharedError::Runs(state.gateway)),
    }
    let lock = lock::try_take(&directory.starter()).map_err(unusable(directory.starter()))?;
    let lock = lock.ok_or(SharedError::Starts)?;
    directory.forget();
    Ok((directory, StarterLock { _lock: lock }))
}

/// Whether the shared stack runs, and where.
pub fn running(checkout: &Checkout) -> Running {
    let directory = StackDirectory::shared(checkout);
    match directory.read_state() {
        Some(state) if directory.is_running() => Running::Yes(Box::new(state)),
        _ if lock::is_held(&directory.starter()) || directory.is_running() => Running::Starting,
        _ => Running::No,
    }
}

/// Ends the shared stack, whoever started it. Answers what it was, or `None` if nothing ran.
pub async fn end(checkout: &Checkout) -> Result<Option<StackState>, SharedError> {
    let directory = StackDirectory::shared(checkout);
    let state = match running(checkout) {
        Running::No => {
            // What a crash has left.
            directory.forget();
            return Ok(None);
        }
        Running::Starting => return Err(SharedError::Starts),
        Running::Yes(state) => *state,
    };
    // Forgotten first: by that a `muster up` in the foreground sees that this was no crash.
    directory.forget();
    // The lock was held when the state was read, so the process id is still the emulator's.
    if let Some(group) = i32::try_from(state.process_id).ok().and_then(Pid::from_raw) {
        end_group(group);
    }
    let ended = async {
        while directory.is_running() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(END_LIMIT, ended).await.is_err() {
        return Err(SharedError::DoesNotEnd {
            process_id: state.process_id,
        });
    }
    directory.forget();
    Ok(Some(state))
}
