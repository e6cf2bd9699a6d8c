//! What is to go, what went, what stays and what is left.

use super::kind::{Kind, Stage};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Piece {
    /// What it is.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    /// What else the service wants to be told of it: a certificate's ARN, what a policy is attached to, a file's version.
    pub also: Option<String>,
}

impl Piece {
    /// One that its name is enough for.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            also: None,
        }
    }

    /// One that takes more than a name.
    pub fn with(kind: Kind, name: impl Into<String>, also: impl Into<String>) -> Self {
        Self {
            also: Some(also.into()),
            ..Self::new(kind, name)
        }
    }

    /// As an operator reads it.
    pub fn said(&self) -> String {
        match (self.kind, &self.also) {
            (Kind::PolicyAttachment | Kind::VaultFile | Kind::StackResource, Some(also)) => {
                format!("{} ({also})", self.name)
            }
            _ => self.name.clone(),
        }
    }
}

/// What Muster leaves alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// What it is.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    /// Why.
    pub reason: &'static str,
}

/// What should have gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// What it is.
    pub kind: Kind,
    /// What it is called.
    pub name: String,
    /// Why it is there still.
    pub reason: String,
}

/// The stack that is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The stack's name.
    pub stack: String,
    /// How it stands, as CloudFormation says.
    pub status: String,
    /// How many devices its ledger knows.
    pub devices: usize,
}

/// What a teardown would do, or has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Where.
    pub place: Place,
    /// By kind, in the order in which it goes: what goes.
    pub gone: BTreeMap<Kind, BTreeSet<String>>,
    /// What stays, and why: what was said first, since a policy that is detached is no reason any more.
    pub kept: BTreeMap<(Kind, String), &'static str>,
    /// What should have gone, and why it has not.
    pub left: Vec<Left>,
    /// Parts of the work that were not begun.
    pub not_begun: Vec<Stage>,
}

impl Report {
    /// Nothing was done.
    pub fn new(place: Place) -> Self {
        Self {
            place,
            gone: BTreeMap::new(),
            kept: BTreeMap::new(),
            left: Vec::new(),
            not_begun: Vec::new(),
        }
    }

    /// Notes what goes.
    pub fn note(&mut self, piece: &Piece) {
        self.gone
            .entry(piece.kind)
            .or_default()
            .insert(piece.said());
    }

    /// Notes what stays.
    pub fn keep(&mut self, kept: &Kept) {
        let key = (kept.kind, kept.name.clone());
        self.kept.entry(key).or_insert(kept.reason);
    }

    /// Whether nothing is left of what should go.
    pub fn is_clean(&self) -> bool {
        self.left.is_empty() && self.not_begun.is_empty()
    }

    /// What goes, in the order in which it does.
    pub fn in_order(&self) -> impl Iterator<Item = (Kind, &BTreeSet<String>)> {
        let kinds = Stage::ALL.iter().flat_map(|stage| stage.kinds());
        kinds.filter_map(|kind| Some((*kind, self.gone.get(kind)?)))
    }
}
