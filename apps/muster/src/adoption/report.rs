//! What became of all of them.

use super::Outcome;
use super::extras::{Extras, There};
use super::terms::Terms;
use muster_documents::Serial;
use muster_onboarding::adoption::NotAdopted;
use muster_onboarding::rotation::Day;
use serde::Serialize;
use std::collections::BTreeMap;

/// A device that is adopted, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Adopted {
    /// It.
    pub serial: Serial,
    /// Its certificate.
    pub certificate_id: String,
    /// Since when that is in force.
    pub issued_on: Day,
    /// The day on which it is notified first.
    pub rotation_day: Day,
    /// The policies of its certificate that the next one will not have.
    pub own_policies: Vec<String>,
    /// What it has in AWS IoT.
    #[serde(flatten)]
    pub extras: Extras,
}

/// A thing that is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Left {
    /// Its name.
    pub thing: String,
    /// The reason's name.
    pub reason: &'static str,
    /// The reason, and what to do.
    pub message: String,
}

impl Left {
    /// For this reason.
    pub fn new(thing: String, why: &NotAdopted) -> Self {
        Self {
            thing,
            reason: why.name(),
            message: why.to_string(),
        }
    }
}

/// A thing that was not seen to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// Its name.
    pub thing: String,
    /// What failed.
    pub message: String,
}

/// What became of all of them, each list by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// Devices that are adopted, or would be.
    pub adopted: Vec<Adopted>,
    /// How many the ledger had already.
    pub already_there: usize,
    /// Things that are left as they are.
    pub not_adopted: Vec<Left>,
    /// Things that were not seen to.
    pub failed: Vec<Failed>,
    /// The policy that renewing takes.
    pub policy: String,
    /// To how many certificates it is attached from now on, or would be.
    pub policies_attached: usize,
    /// How many certificates that were looked at lack it.
    pub policies_lacking: usize,
    /// How many things have a date from now on, or would have.
    pub things_dated: usize,
    /// How many things that were looked at have none.
    pub dates_lacking: usize,
}

impl Report {
    pub(super) fn of(outcomes: Vec<Outcome>, terms: &Terms) -> Self {
        let mut report = Self {
            dry_run: terms.wanted.dry_run,
            policy: terms.policy.clone(),
            ..Self::default()
        };
        for outcome in outcomes {
            match outcome {
                Outcome::Adopted(adopted) => {
                    report.count(adopted.extras);
                    report.adopted.push(adopted);
                }
                Outcome::AlreadyThere(extras) => {
                    report.count(extras);
                    report.already_there += 1;
                }
                Outcome::Left(left) => report.not_adopted.push(left),
                Outcome::Failed(failed) => report.failed.push(failed),
            }
        }
        report
    }

    /// The day on which the first of those that are adopted is told to renew its certificate.
    pub fn first_notice(&self) -> Option<Day> {
        self.adopted.iter().map(|one| one.rotation_day).min()
    }

    /// The policies that the next certificates of those that are adopted will not have, and how many have each now.
    pub fn own_policies(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for policy in self.adopted.iter().flat_map(|one| &one.own_policies) {
            *counts.entry(policy.as_str()).or_default() += 1;
        }
        counts
    }

    fn count(&mut self, extras: Extras) {
        let is = |there: There, what| usize::from(there == what);
        self.policies_attached += is(extras.policy, There::Added);
        self.policies_lacking += is(extras.policy, There::Lacking);
        self.things_dated += is(extras.date, There::Added);
        self.dates_lacking += is(extras.date, There::Lacking);
    }
}
