//! The directory of one local stack: its state, its log, its CA certificate and the emulator's temporary files.

use super::checkout::Checkout;
use super::lock;
use super::state::StackState;
use std::io;
use std::path::{Path, PathBuf};

/// The environment variable that names another directory for the stack of `muster up`, by an absolute path or below the
/// checkout's `.muster`, so that there can be one more.
pub const DIRECTORY_VARIABLE: &str = "MUSTER_STACK_DIRECTORY";

/// Where one local stack keeps its files.
#[derive(Debug)]
pub struct StackDirectory {
    path: PathBuf,
    /// Removes the directory of a private stack when it is dropped.
    private: Option<tempfile::TempDir>,
}

impl StackDirectory {
    /// The directory of the one stack that `muster up` starts, `status` shows and `down` ends: the checkout's, or
    /// another that [`DIRECTORY_VARIABLE`] names.
    pub fn shared(checkout: &Checkout) -> Self {
        let named = std::env::var_os(DIRECTORY_VARIABLE).filter(|name| !name.is_empty());
        let named = named.unwrap_or_else(|| "stack".into());
        Self {
            path: checkout.state().join(named),
            private: None,
        }
    }

    /// A directory for a stack of the caller's own, for as long as it is kept.
    pub fn private(checkout: &Checkout) -> io::Result<Self> {
        std::fs::create_dir_all(checkout.state())?;
        let directory = tempfile::Builder::new()
            .prefix("private-")
            .tempdir_in(checkout.state())?;
        Ok(Self {
            path: directory.path().to_path_buf(),
            private: Some(directory),
        })
    }

    /// What to remove when the program that started the stack is killed: everything of a private stack, and of the
    /// shared one what is not there to be read afterwards.
    pub fn removed_with_starter(&self) -> PathBuf {
        if self.private.is_some() {
            self.path.clone()
        } else {
            self.temporary()
        }
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the emulator and the functions' environments print.
    pub fn log(&self) -> PathBuf {
        self.path.join("emulator.log")
    }

    /// The CA that signs the MQTT listener's certificate and the devices' ones, made anew at each start.
    pub fn ca(&self) -> PathBuf {
        self.path.join("ca.pem")
    }

    /// The emulator's `TMPDIR`; it unpacks the functions here.
    pub fn temporary(&self) -> PathBuf {
        self.path.join("tmp")
    }

    /// Locked by the emulator for as long as it lives.
    pub fn alive(&self) -> PathBuf {
        self.path.join("alive.lock")
    }

    /// Locked by a `muster up` for as long as it lives.
    pub fn starter(&self) -> PathBuf {
        self.path.join("starter.lock")
    }

    /// Whether the emulator of this directory runs.
    pub fn is_running(&self) -> bool {
        lock::is_held(&self.alive())
    }

    /// Writes the state so that a reader sees the old one or the new one, whole.
    pub fn write_state(&self, state: &StackState) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
        serde_json::to_writer_pretty(&mut file, state)?;
        file.persist(self.state_file())?;
        Ok(())
    }

    /// What the stack that was started last in this directory wrote down, running or not.
    pub fn read_state(&self) -> Option<StackState> {
        serde_json::from_slice(&std::fs::read(self.state_file()).ok()?).ok()
    }

    /// Forgets the stack and its temporary files. Its log stays, to be read.
    pub fn forget(&self) {
        // What cannot be removed now is overwritten by the next start.
        let _ = std::fs::remove_file(self.state_file());
        let _ = std::fs::remove_dir_all(self.temporary());
    }

    fn state_file(&self) -> PathBuf {
        self.path.join("stack.json")
    }
}
