//! Finds the checkout that the local stack builds, deploys and keeps its state in.

use std::path::{Path, PathBuf};

/// A file that only a checkout of Muster has, relative to its root.
const LANDMARK: &str = "local/requirements.txt";

/// The root of a checkout of Muster.
#[derive(Debug, Clone)]
pub struct Checkout {
    root: PathBuf,
}

/// No checkout was found.
#[derive(Debug, thiserror::Error)]
#[error(
    "{} is not inside a checkout of Muster, which the local stack is built from. \
     Change to the directory with template.yaml and try again",
    start.display()
)]
pub struct NotACheckout {
    start: PathBuf,
}

impl Checkout {
    /// Looks in the current directory and those above it, then where cargo found the package that it runs.
    pub fn find() -> Result<Self, NotACheckout> {
        let current = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        Self::above(&current)
            .or_else(|| Self::above(&package?))
            .ok_or(NotACheckout { start: current })
    }

    /// The checkout that `directory` lies in.
    pub fn above(directory: &Path) -> Option<Self> {
        directory
            .ancestors()
            .find(|root| root.join(LANDMARK).is_file())
            .map(|root| Self {
                root: root.to_path_buf(),
            })
    }

    /// Its root directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The template that is deployed unless another is asked for.
    pub fn template(&self) -> PathBuf {
        self.root.join("template.yaml")
    }

    /// Pinned and hash-checked requirements of the emulator.
    pub fn requirements(&self) -> PathBuf {
        self.root.join(LANDMARK)
    }

    /// The script that runs the emulator and ends it with its starter.
    pub fn launcher(&self) -> PathBuf {
        self.root.join("local/emulator.py")
    }

    /// What the emulator's roles need beyond the template's.
    pub fn overlay(&self) -> PathBuf {
        self.root.join("local/overlay.json")
    }

    /// Where the local stack keeps what it makes. Git ignores it, and it may be deleted when no stack runs.
    pub fn state(&self) -> PathBuf {
        self.root.join(".muster")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_found_from_a_directory_inside_it() {
        let root = tempfile::tempdir().unwrap();
        let inside = root.path().join("crates/chunking");
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::create_dir_all(root.path().join("local")).unwrap();
        std::fs::write(root.path().join(LANDMARK), "").unwrap();

        assert_eq!(Checkout::above(&inside).unwrap().root(), root.path());
    }

    #[test]
    fn a_directory_outside_any_checkout_is_refused() {
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(Checkout::above(elsewhere.path()).is_none());
    }
}
