//! Locks on files, which the system releases when their holder ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How often a lock that another process holds is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the lock if nobody holds it.
pub fn try_take(path: &Path) -> io::Result<Option<Lock>> {
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether a process holds the lock. A file that is not there is held by nobody.
pub fn is_held(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)),
        Err(_) => false,
    }
}

/// Takes the lock as soon as nobody else holds it.
pub async fn wait(path: &Path) -> io::Result<Lock> {
    loop {
        if let Some(lock) = try_take(path)? {
            return Ok(lock);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
