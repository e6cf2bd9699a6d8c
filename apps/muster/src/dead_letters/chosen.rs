//! Which messages a command is about.

use muster_cloud::operator::HeldMessage;
use muster_documents::dead_letters::Letter;
use std::collections::BTreeSet;

/// Which messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// All of the queue.
    All,
    /// Those of a device, by its serial or its client id.
    Device(String),
    /// Those with these ids.
    Messages(BTreeSet<String>),
    /// Those that were sent before this time, in milliseconds since 1970.
    SentBefore(i64),
}

impl Chosen {
    /// Whether a message is one of them.
    pub fn takes(&self, message: &HeldMessage, letter: &Letter) -> bool {
        match self {
            Self::All => true,
            Self::Device(device) => letter.is_of(device),
            Self::Messages(ids) => ids.contains(&message.id),
            Self::SentBefore(time) => message.sent_at < *time,
        }
    }

    /// The ids, if messages were chosen one by one.
    pub fn ids(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Messages(ids) => Some(ids),
            _ => None,
        }
    }
}

/// What of it was not found yet.
#[derive(Debug)]
pub struct Missing(Option<BTreeSet<String>>);

impl Missing {
    /// Everything that was chosen one by one.
    pub fn of(chosen: &Chosen) -> Self {
        Self(chosen.ids().cloned())
    }

    /// Says that a message was found.
    pub fn found(&mut self, id: &str) {
        if let Some(ids) = &mut self.0 {
            ids.remove(id);
        }
    }

    /// Whether nothing is left to look for.
    pub fn is_nothing(&self) -> bool {
        self.0.as_ref().is_some_and(BTreeSet::is_empty)
    }

    /// What was not found.
    pub fn into_ids(self) -> Vec<String> {
        self.0.unwrap_or_default().into_iter().collect()
    }
}
