//! A disk that can lose power between any two operations, and then loses what was not synced.

use super::chance::Chance;
use muster_device::Disk;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

/// When the power goes.
#[derive(Debug, Clone, Copy)]
pub struct Fuse {
    /// At this operation, counted from 0.
    pub operation: u32,
    /// After it was done (but not synced), or instead of it.
    pub after: bool,
}

#[derive(Debug, Clone, Default)]
struct File {
    contents: Vec<u8>,
    synced: bool,
}

#[derive(Debug, Clone)]
enum NameChange {
    Set(String, usize),
    Remove(String),
}

#[derive(Debug, Default)]
struct Medium {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    unsynced: Vec<NameChange>,
    operations: u32,
    fuse: Option<Fuse>,
    dead: bool,
}

/// A handle; clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct PoweredDisk(Rc<RefCell<Medium>>);

impl PoweredDisk {
    pub fn set_fuse(&self, fuse: Option<Fuse>) {
        let mut medium = self.0.borrow_mut();
        medium.operations = 0;
        medium.fuse = fuse;
    }

    pub fn operations(&self) -> u32 {
        self.0.borrow().operations
    }

    pub fn is_dead(&self) -> bool {
        self.0.borrow().dead
    }

    /// The process dies and the system lives: nothing is lost.
    pub fn restart(&self) {
        self.0.borrow_mut().dead = false;
    }

    /// The power is lost: of the names changed since the last sync of the folder some first ones are there, and of
    /// a file that was not synced some first bytes.
    pub fn lose_power(&self, chance: &mut Chance) {
        let medium = &mut *self.0.borrow_mut();
        let kept = usize::try_from(chance.below(medium.unsynced.len() as u64 + 1)).unwrap();
        for change in medium.unsynced.drain(..).take(kept) {
            match change {
                NameChange::Set(name, file) => medium.durable_names.insert(name, file),
                NameChange::Remove(name) => medium.durable_names.remove(&name),
            };
        }
        for file in &mut medium.files {
            if !file.synced {
                let length = chance.below(file.contents.len() as u64 + 1);
                file.contents.truncate(usize::try_from(length).unwrap());
                file.synced = true;
            }
        }
        medium.names = medium.durable_names.clone();
        medium.dead = false;
    }

    pub fn names(&self) -> Vec<String> {
        self.0.borrow().names.keys().cloned().collect()
    }

    fn step(&self, operation: impl FnOnce(&mut Medium) -> io::Result<()>) -> io::Result<()> {
        let medium = &mut *self.0.borrow_mut();
        if medium.dead {
            return Err(io::Error::other("no power"));
        }
        let fuse = medium
            .fuse
            .filter(|fuse| fuse.operation == medium.operations);
        medium.operations += 1;
        match fuse {
            None => operation(medium),
            Some(fuse) => {
                if fuse.after {
                    operation(medium)?;
                }
                medium.fuse = None;
                medium.dead = true;
                Err(io::Error::other("the power went"))
            }
        }
    }
}

impl Disk for PoweredDisk {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let medium = self.0.borrow();
        Ok(medium
            .names
            .get(name)
            .map(|file| medium.files[*file].contents.clone()))
    }

    fn write(&mut self, name: &str, contents: &[u8]) -> io::Result<()> {
        self.step(|medium| {
            let file = medium.files.len();
            medium.files.push(File {
                contents: contents.to_vec(),
                synced: false,
            });
            medium.set(name, file);
            Ok(())
        })
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.step(|medium| {
            let file = medium.file(name)?;
            medium.files[file].synced = true;
            Ok(())
        })
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.step(|medium| {
            let file = medium.file(from)?;
            // One step on the medium as well: the new name is what is seen, then the old one goes.
            medium.set(to, file);
            medium.names.remove(from);
            medium.unsynced.push(NameChange::Remove(from.to_owned()));
            Ok(())
        })
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.step(|medium| {
            if medium.names.remove(name).is_some() {
                medium.unsynced.push(NameChange::Remove(name.to_owned()));
            }
            Ok(())
        })
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        self.step(|medium| {
            medium.unsynced.clear();
            medium.durable_names = medium.names.clone();
            Ok(())
        })
    }
}

impl Medium {
    fn set(&mut self, name: &str, file: usize) {
        self.names.insert(name.to_owned(), file);
        self.unsynced.push(NameChange::Set(name.to_owned(), file));
    }

    fn file(&self, name: &str) -> io::Result<usize> {
        self.names
            .get(name)
            .copied()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
