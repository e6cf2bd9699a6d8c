//! Rotations before their time.

use futures_util::{StreamExt, TryStreamExt};
use muster_cloud::operator::{Order, Rotations};
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::rotation::Day;
use serde::Serialize;
use std::collections::BTreeMap;

/// How many orders are written at once.
const AT_ONCE: usize = 8;

/// What became of one device's order.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ordered {
    /// The device.
    pub serial: Serial,
    /// What became of it.
    pub order: Order,
}

/// Why not all are ordered.
#[derive(Debug, thiserror::Error)]
#[error(
    "the rotation of {serial} is not ordered; what was ordered before it stands, so run the command again"
)]
pub struct OrderError {
    serial: Serial,
    source: CloudFailure,
}

/// Why it is not known whose rotations are meant.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// No device has come with such a one.
    #[error("no device has come with a claim certificate whose id begins with {0}")]
    None(String),
    /// Devices have come with several such.
    #[error("the ids of {} claim certificates begin with {beginning}; give more of the id: {}", ids.len(), ids.join(", "))]
    Several {
        /// What was given.
        beginning: String,
        /// What it may mean.
        ids: Vec<String>,
    },
    /// The ledger cannot be read.
    #[error("the devices of the claim certificate cannot be read")]
    Cloud(#[from] CloudFailure),
}

/// The devices that came with the claim certificate whose id begins so. It may be revoked and deleted since then.
pub async fn claimed(rotations: &Rotations, beginning: &str) -> Result<Vec<Serial>, ClaimError> {
    only(rotations.claimed(beginning).await?, beginning)
}

fn only(
    mut claims: BTreeMap<String, Vec<Serial>>,
    beginning: &str,
) -> Result<Vec<Serial>, ClaimError> {
    if claims.len() > 1 {
        return Err(ClaimError::Several {
            beginning: beginning.to_owned(),
            ids: claims.into_keys().collect(),
        });
    }
    let (_, mut serials) = claims
        .pop_first()
        .ok_or_else(|| ClaimError::None(beginning.to_owned()))?;
    serials.sort();
    Ok(serials)
}

/// Orders these devices' rotations. `now` is ISO 8601.
pub async fn order(
    rotations: &Rotations,
    serials: Vec<Serial>,
    today: Day,
    now: &str,
) -> Result<Vec<Ordered>, OrderError> {
    futures_util::stream::iter(serials)
        .map(
            async |serial| match rotations.order(&serial, today, now).await {
                Ok(order) => Ok(Ordered { serial, order }),
                Err(source) => Err(OrderError { serial, source }),
            },
        )
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(ids: &[&str]) -> BTreeMap<String, Vec<Serial>> {
        let serials = ["sensor-2", "sensor-1"].map(|serial| Serial::new(serial).unwrap());
        let each = ids.iter().map(|id| ((*id).to_owned(), serials.to_vec()));
        each.collect()
    }

    #[test]
    fn the_beginning_of_an_id_has_to_mean_one_claim_certificate() {
        let serials = only(claims(&["ab01"]), "ab").unwrap();
        assert_eq!(serials[0].as_str(), "sensor-1");
        assert!(matches!(only(claims(&[]), "ab"), Err(ClaimError::None(_))));
        let several = only(claims(&["ab01", "ab02"]), "ab").unwrap_err();
        let text = several.to_string();
        assert!(text.contains("ab01, ab02"), "{text}");
    }
}
