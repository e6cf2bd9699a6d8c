//! What a device needs in AWS IoT to renew its certificate, beside its place in the ledger.

use super::one::Desk;
use muster_cloud::operator::Thing;
use muster_documents::Serial;
use muster_onboarding::ports::{DatedThings, IdentityRegistry};
use muster_onboarding::rotation::{CERT_ISSUANCE, Day};
use muster_onboarding::{CloudFailure, FailureKind};
use serde::Serialize;

/// How many attributes a thing without a type has room for (AWS IoT Core quotas).
const ATTRIBUTES_WITHOUT_TYPE: usize = 3;

/// Whether something is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum There {
    /// It was not looked at.
    #[default]
    NotLookedAt,
    /// It was there before.
    Before,
    /// It is from now on, or would be.
    Added,
    /// It is not.
    Lacking,
}

/// What an adopted device has in AWS IoT.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Extras {
    /// The policy that renewing takes, on its certificate itself. One that its thing group brings is not seen.
    pub policy: There,
    /// The date of its thing.
    pub date: There,
}

impl Desk<'_> {
    /// Adds what is wanted and lacks. Nothing that is there is changed.
    pub(super) async fn extras(
        &self,
        serial: &Serial,
        certificate_arn: &str,
        policies: &[String],
        thing: &Thing,
        issued_on: Option<Day>,
    ) -> Result<Extras, CloudFailure> {
        Ok(Extras {
            policy: self.policy(certificate_arn, policies).await?,
            date: self.date(serial, thing, issued_on).await?,
        })
    }

    async fn policy(&self, arn: &str, policies: &[String]) -> Result<There, CloudFailure> {
        let wanted = &self.terms.wanted;
        if policies.contains(&self.terms.policy) {
            return Ok(There::Before);
        }
        if !wanted.attach_policy {
            return Ok(There::Lacking);
        }
        if !wanted.dry_run {
            self.identity.attach_policy(arn).await?;
        }
        Ok(There::Added)
    }

    async fn date(
        &self,
        serial: &Serial,
        thing: &Thing,
        issued_on: Option<Day>,
    ) -> Result<There, CloudFailure> {
        let wanted = &self.terms.wanted;
        if thing.attributes.contains_key(CERT_ISSUANCE) {
            return Ok(There::Before);
        }
        let Some(day) = issued_on.filter(|_| wanted.date_things && has_room(thing)) else {
            return Ok(There::Lacking);
        };
        if !wanted.dry_run {
            match self.dates.date_thing(serial, day).await {
                // Its type or its length leave no room: the ledger has the date.
                Err(failure) if failure.kind == FailureKind::Refused => return Ok(There::Lacking),
                other => other?,
            }
        }
        Ok(There::Added)
    }
}

fn has_room(thing: &Thing) -> bool {
    thing.has_type || thing.attributes.len() < ATTRIBUTES_WITHOUT_TYPE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_without_a_type_has_room_for_three_attributes() {
        let thing = |attributes: usize, has_type| Thing {
            attributes: (0..attributes)
                .map(|number| (number.to_string(), String::new()))
                .collect(),
            has_type,
            certificate_ids: Vec::new(),
        };
        assert!(has_room(&thing(2, false)));
        assert!(!has_room(&thing(3, false)));
        assert!(has_room(&thing(3, true)));
    }
}
