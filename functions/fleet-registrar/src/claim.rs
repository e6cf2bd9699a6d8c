//! The claim certificate of a fleet. Its key is made here; the vault has it, and every bundle.

use crate::{RegistrarError, Stack};
use muster_documents::{ClaimCertificate, ClaimFile, DEFAULT_CLAIM_LIFETIME_DAYS, FleetSettings};
use muster_onboarding::ports::{FileStore, FleetItem, FleetLedger, FleetRegistry, NewClaim};
use muster_onboarding::{CloudFailure, FleetNames};
use muster_pki::{DeviceKey, Validity, certificate_id};
use secrecy::ExposeSecret;
use serde_json::json;

/// Makes the claim certificate that the fleet's workflow is at, or goes on with it.
///
/// The ledger notes its id before there is anything of it, and AWS IoT hears of it last: wherever this is broken off, the
/// next try finds what there is, and `fleet-remover` finds it too.
pub(crate) async fn make(
    registry: &impl FleetRegistry,
    files: &impl FileStore,
    ledger: &impl FleetLedger,
    stack: &Stack,
    now_unix: i64,
    settings: &FleetSettings,
    item: &FleetItem,
) -> Result<ClaimCertificate, RegistrarError> {
    let fleet = &settings.template_name;
    let (id, pem) = match begun(files, stack, item).await? {
        Some(begun) => begun,
        None => begin(files, ledger, stack, now_unix, settings, item).await?,
    };
    ledger
        .keep_claim(&NewClaim {
            certificate_id: id.clone(),
            fleet: fleet.clone(),
            created_at: now_unix,
        })
        .await?;
    let arn = stack.place.certificate_arn(&id);
    let policy = FleetNames::new(&stack.place, fleet).claim_policy();
    registry.admit_claim(&pem, &arn, &policy).await?;
    Ok(named(stack, id))
}

/// The claim certificate of this id.
pub(crate) fn named(stack: &Stack, id: String) -> ClaimCertificate {
    ClaimCertificate {
        provision_claim_certificate_arn: stack.place.certificate_arn(&id),
        provision_claim_certificate_id: id,
    }
}

/// The id and PEM of one whose files are all there.
async fn begun(
    files: &impl FileStore,
    stack: &Stack,
    item: &FleetItem,
) -> Result<Option<(String, String)>, CloudFailure> {
    let Some(id) = &item.new_claim_certificate_id else {
        return Ok(None);
    };
    let key = |file: ClaimFile| file.key(&stack.vault_prefix, id);
    if files.read_object(&key(ClaimFile::Record)).await?.is_none() {
        return Ok(None);
    }
    let pem = files.read_object(&key(ClaimFile::Certificate)).await?;
    let pem = pem.and_then(|pem| String::from_utf8(pem).ok());
    Ok(pem.map(|pem| (id.clone(), pem)))
}

async fn begin(
    files: &impl FileStore,
    ledger: &impl FleetLedger,
    stack: &Stack,
    now_unix: i64,
    settings: &FleetSettings,
    item: &FleetItem,
) -> Result<(String, String), RegistrarError> {
    let fleet = &settings.template_name;
    let days = settings.claim_lifetime_days;
    let validity = Validity::of_days(now_unix, days.unwrap_or(DEFAULT_CLAIM_LIFETIME_DAYS));
    let key = DeviceKey::generate()?;
    let made = muster_pki::ClaimCertificate::issue(&key, &format!("claim {fleet}"), validity)?;
    let id = certificate_id(made.der());
    let abandoned = item.new_claim_certificate_id.as_deref();
    if let Some(abandoned) = abandoned {
        // It came no further than to some of its files.
        for file in ClaimFile::ALL {
            let key = file.key(&stack.vault_prefix, abandoned);
            files.remove_object(&key).await?;
        }
    }
    ledger.note_new_claim(fleet, &id, item).await?;
    for file in ClaimFile::ALL {
        let contents = match file {
            ClaimFile::Certificate => made.pem().into_bytes(),
            ClaimFile::PublicKey => made.public_key_pem().into_bytes(),
            ClaimFile::PrivateKey => key.pem().expose_secret().as_bytes().to_vec(),
            ClaimFile::Record => record(stack, &id),
        };
        let name = file.key(&stack.vault_prefix, &id);
        files.keep_object(&name, contents).await?;
    }
    Ok((id, made.pem()))
}

fn record(stack: &Stack, id: &str) -> Vec<u8> {
    json!(named(stack, id.to_owned())).to_string().into_bytes()
}
