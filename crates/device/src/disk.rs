//! What the slots need of a disk, as a port: a test stands in for one that loses power between any two operations.

use std::io;

/// One folder of small files. Each method is one step that a crash can come before or after.
///
/// Nothing is sure to survive a loss of power before it is synced: a file's contents by [`Disk::sync`], its name
/// (written, renamed or removed) by [`Disk::sync_folder`].
pub trait Disk {
    /// The file's contents; `None` if there is no such file.
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Writes a file whole, readable by its owner only; what it held before is lost.
    fn write(&mut self, name: &str, contents: &[u8]) -> io::Result<()>;

    /// Waits until the file's contents are on the medium.
    fn sync(&mut self, name: &str) -> io::Result<()>;

    /// Gives a file another name, replacing what had that name, in one step.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file; one that isn't there is already removed.
    fn remove(&mut self, name: &str) -> io::Result<()>;

    /// Waits until the folder's names are on the medium.
    fn sync_folder(&mut self) -> io::Result<()>;
}
