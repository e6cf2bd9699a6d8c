//! Taking claim certificates away.

use crate::target::{Target, TargetError};
use muster_cloud::operator::Claim;
use muster_documents::{ClaimFile, FleetName, MalformedName};
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::FileStore;

/// Why a claim certificate could not be taken away, or not wholly: the same again goes on.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// See [`TargetError`].
    #[error(transparent)]
    Target(#[from] TargetError),
    /// See [`CloudFailure`].
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
    /// The ledger names a fleet that can be none.
    #[error(transparent)]
    Fleet(#[from] MalformedName),
}

/// Takes a claim certificate away, at once. Of a fleet's the vault's files go too, and the fleet gets another the next time
/// that it is set up. One that another system has made asks for nothing any more, and is left to whoever has made it.
pub async fn revoke(target: &Target, claim: &Claim) -> Result<(), RevokeError> {
    let id = &claim.certificate_id;
    let claims = target.claims()?;
    if claim.is_others() {
        return Ok(claims.let_go(id).await?);
    }
    claims.shut(id, "revoked").await?;
    // What AWS IoT has of it, out of use by now, goes last: by that it is found, should anything fail before.
    if let Some(fleet) = &claim.fleet {
        let files = target.files()?;
        let prefix = target.output("VaultPrefix")?;
        for file in ClaimFile::ALL {
            files.remove_object(&file.key(prefix, id)).await?;
        }
        let fleet = FleetName::new(fleet.as_str())?;
        target.fleets()?.forget_claim(&fleet, id).await?;
    }
    Ok(claims.revoke(id).await?)
}
