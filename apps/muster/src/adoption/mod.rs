//! What `muster fleet import` does: devices that have things and certificates from elsewhere become Muster's as they are.

mod extras;
mod one;
mod pace;
mod report;
mod terms;

pub use extras::{Extras, There};
pub use report::{Adopted, Failed, Left, Report};
pub use terms::{TermsError, Wanted, Which};

use crate::target::{Target, TargetError};
use futures_util::{StreamExt, TryStreamExt};
use muster_cloud::operator::{Things, known};
use muster_onboarding::adoption::NotAdopted;
use muster_onboarding::{CloudFailure, FailureKind};
use one::Desk;
use pace::Pace;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use terms::Terms;

/// How many things are looked at at once.
const AT_ONCE: usize = 4;

/// Why it was broken off.
#[derive(Debug, thiserror::Error)]
pub enum AdoptionError {
    /// What was asked for does not fit the stack.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// See [`TargetError`].
    #[error(transparent)]
    Target(#[from] TargetError),
    /// It is not known which things there are, or what the ledger knows.
    #[error("things and ledger cannot be read, so nothing is adopted")]
    Unread(#[source] CloudFailure),
    /// The operator may not make a call, which no other thing would change.
    #[error(
        "{thing} is not adopted, and no other thing will be; docs/operations.md lists the permissions. What was adopted before \
         it stands: run the command again"
    )]
    Denied {
        /// The thing.
        thing: String,
        /// The call.
        source: CloudFailure,
    },
}

/// What became of one thing.
#[derive(Debug)]
enum Outcome {
    Adopted(Adopted),
    AlreadyThere(Extras),
    Left(Left),
    Failed(Failed),
}

/// Adopts the devices of these things, a few a second. `now` is in milliseconds since 1970; `told` hears how many of how
/// many have been looked at.
pub async fn adopt(
    target: &Target,
    wanted: &Wanted,
    now: i64,
    told: impl Fn(usize, usize),
) -> Result<Report, AdoptionError> {
    let terms = Terms::of(target, wanted, now).await?;
    let things = Things::new(&target.cloud);
    let names = match &wanted.which {
        Which::Named(names) => names.clone(),
        Which::Listed(listed) => things.names(listed).await.map_err(AdoptionError::Unread)?,
    };
    let table = target.output("LedgerTableName")?;
    let known = known(&target.cloud, table)
        .await
        .map_err(AdoptionError::Unread)?;
    let names: BTreeSet<_> = names.into_iter().collect();
    let (of, done) = (names.len(), AtomicUsize::new(0));
    let desk = Desk {
        things,
        registrations: muster_cloud::Registrations::new(&target.cloud),
        identity: muster_cloud::Identity::new(&target.cloud, terms.policy.clone()),
        dates: muster_cloud::ThingDates::new(&target.cloud),
        ledger: target.ledger()?,
        pace: Pace::new(),
        known,
        terms: &terms,
    };
    let outcomes: Vec<_> = futures_util::stream::iter(names)
        .map(async |name| {
            let outcome = desk.take(&name).await;
            told(done.fetch_add(1, Relaxed) + 1, of);
            settled(name, outcome)
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(Report::of(outcomes, &terms))
}

/// A thing that fails loses none of the others, unless they would all fail.
fn settled(
    thing: String,
    outcome: Result<Outcome, one::NotTaken>,
) -> Result<Outcome, AdoptionError> {
    match outcome {
        Ok(outcome) => Ok(outcome),
        Err(one::NotTaken::Left(why)) => Ok(Outcome::Left(Left::new(thing, &why))),
        Err(one::NotTaken::Cloud(source)) if source.kind == FailureKind::AccessDenied => {
            Err(AdoptionError::Denied { thing, source })
        }
        Err(one::NotTaken::Cloud(failure)) => Ok(Outcome::Failed(Failed {
            thing,
            message: failure.to_string(),
        })),
    }
}

impl From<NotAdopted> for one::NotTaken {
    fn from(why: NotAdopted) -> Self {
        Self::Left(why)
    }
}

impl From<CloudFailure> for one::NotTaken {
    fn from(failure: CloudFailure) -> Self {
        Self::Cloud(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(kind: FailureKind) -> Result<Outcome, AdoptionError> {
        let failure = CloudFailure {
            kind,
            action: "iot:DescribeThing",
            message: "no".to_owned(),
            source: None,
        };
        settled("sensor-1".to_owned(), Err(one::NotTaken::Cloud(failure)))
    }

    #[test]
    fn a_call_that_fails_costs_one_thing_and_one_that_is_not_allowed_ends_it() {
        for kind in [FailureKind::Throttled, FailureKind::Unavailable] {
            let outcome = after(kind).unwrap();
            assert!(matches!(outcome, Outcome::Failed(failed) if failed.thing == "sensor-1"));
        }
        let denied = after(FailureKind::AccessDenied).unwrap_err().to_string();
        assert!(denied.starts_with("sensor-1 is not adopted"), "{denied}");
    }

    #[test]
    fn what_is_left_by_rule_is_no_failure() {
        let left = Err(NotAdopted::ThingMissing.into());
        let outcome = settled("sensor-1".to_owned(), left).unwrap();
        assert!(matches!(outcome, Outcome::Left(left) if left.reason == "ThingMissing"));
    }
}
