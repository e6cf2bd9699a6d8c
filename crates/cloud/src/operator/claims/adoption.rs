//! Claim certificates that another system has made, and that devices in the field hold.

use super::{Claim, Claims, NOTED};
use crate::failure;
use muster_onboarding::{CloudFailure, FailureKind};

/// What is written of one: `muster teardown` leaves it to whoever has made it.
const NOTED_ADOPTED: &str =
    "SET #name = if_not_exists(#name, :name), adopted = if_not_exists(adopted, :now)";

/// Why a certificate was not taken in. Nothing has changed then, but where a call failed: the same again goes on.
#[derive(Debug, thiserror::Error)]
pub enum ClaimNotAdopted {
    /// See [`CloudFailure`].
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
    /// AWS IoT has no such certificate.
    #[error("AWS IoT has no certificate {0}: give the whole id of one of this account and region")]
    Missing(String),
    /// It is a device's own: who holds it would ask in every device's name.
    #[error(
        "{id} is the certificate of the thing {thing}: a claim certificate is nobody's own. `muster fleet import` takes devices in"
    )]
    OfThing {
        /// The certificate.
        id: String,
        /// The thing.
        thing: String,
    },
    /// A fleet's are made and replaced with the fleet.
    #[error(
        "{id} is a claim certificate of the fleet {fleet}: its devices ask by the fleet's template"
    )]
    OfFleet {
        /// The certificate.
        id: String,
        /// The fleet.
        fleet: String,
    },
}

impl Claims {
    /// Has devices ask on the claim topics with a certificate that another system has made: attaches the policies, and
    /// notes it. Answers how it stands, and its other policies, which stay as they are. Done already is done; its state in
    /// AWS IoT stays, and so does its name.
    ///
    /// # Errors
    /// [`ClaimNotAdopted`].
    pub async fn adopt(
        &self,
        certificate_id: &str,
        name: &str,
        now: i64,
    ) -> Result<(Claim, Vec<String>), ClaimNotAdopted> {
        let missing = || ClaimNotAdopted::Missing(certificate_id.to_owned());
        let found = match self.find(certificate_id).await {
            // An id that can be none is refused.
            Err(error) if matches!(error.kind, FailureKind::NotFound | FailureKind::Refused) => {
                return Err(missing());
            }
            found => found?,
        };
        let arn = found.and_then(|found| found.certificate_arn);
        let arn = arn.ok_or_else(missing)?;
        if let Some(thing) = self.thing_of(&arn).await? {
            let id = certificate_id.to_owned();
            return Err(ClaimNotAdopted::OfThing { id, thing });
        }
        let mut others = self.policies_of(&arn).await?;
        others.retain(|policy| !self.policies.contains(policy));
        // The ledger may have lost it: its policy tells as well.
        let mut fleets = self.fleets_policies().await?.into_iter();
        if let Some((fleet, _)) = fleets.find(|(_, policy)| others.contains(policy)) {
            let id = certificate_id.to_owned();
            return Err(ClaimNotAdopted::OfFleet { id, fleet });
        }
        // What Muster has made stays Muster's.
        let noted = self.item(certificate_id).await?;
        let update = noted.map_or(NOTED_ADOPTED, |_| NOTED);
        self.attach_policies(&arn).await?;
        self.note(certificate_id, name, now, update).await?;
        let claim = self.describe(certificate_id).await?;
        Ok((claim, others))
    }

    /// Takes back what [`Claims::adopt`] has done, or somebody by hand. The certificate and its other policies stay as they
    /// are. Broken off, it asks for nothing any more, and the same again goes on.
    pub async fn let_go(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        self.note_shut(certificate_id, "let go").await?;
        let found = self.find(certificate_id).await?;
        if let Some(arn) = found.and_then(|found| found.certificate_arn) {
            // The first is the one that it is found by.
            for policy in self.policies.iter().rev() {
                self.detach_policy(policy, &arn).await?;
            }
        }
        self.forget(certificate_id).await
    }

    async fn thing_of(&self, arn: &str) -> Result<Option<String>, CloudFailure> {
        let listed = self
            .iot
            .list_principal_things()
            .principal(arn)
            .max_results(1)
            .send()
            .await
            .map_err(|error| failure("iot:ListPrincipalThings", error))?;
        Ok(listed.things.unwrap_or_default().pop())
    }
}
