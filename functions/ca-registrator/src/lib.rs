//! Registers a certificate authority whose devices AWS IoT then registers just in time: one that is made here, whose key
//! is kept in KMS's ciphertext only, or one that the operator brings.
//!
//! The CA is registered inactive, then its files go into the vault, and only then does it admit devices. Whatever fails,
//! what was done before it is undone.

mod candidate;
mod error;

pub use error::RegisterError;

use candidate::Candidate;
use muster_documents::{
    ApiEvent, AuthorityRecord, RegisterAuthority, RegisteredAuthority, Route, VaultFile,
};
use muster_onboarding::ports::{
    AuthorityKeys, AuthorityRegistry, NewAuthority, Provisioning, RegisteredCa, Registration, Vault,
};
use muster_onboarding::{CloudFailure, FailureKind, check_template, default_template, naming};

type Files = Vec<(VaultFile, Vec<u8>)>;

/// What the stack has for its CAs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The verifiers' names.
    pub verifiers: Vec<String>,
    /// The policy that Muster's own provisioning template attaches.
    pub device_policy: String,
    /// The role that AWS IoT takes on for just-in-time provisioning.
    pub provisioning_role_arn: String,
}

/// Registers the CA that `event` asks for; `now_unix` is the time in seconds since 1970.
///
/// # Errors
/// [`RegisterError`]. Only after [`RegisterError::NotUndone`] is anything left.
pub async fn register(
    authorities: &impl AuthorityRegistry,
    keys: &impl AuthorityKeys,
    vault: &impl Vault,
    settings: &Settings,
    now_unix: i64,
    event: ApiEvent<RegisterAuthority>,
) -> Result<RegisteredAuthority, RegisterError> {
    let request = event.body;
    check_verifier(&request, &settings.verifiers)?;
    let provisioning = provisioning(&request, settings)?;
    let candidate = match request.ca_certificate_pem.as_deref() {
        Some(pem) => candidate::take(&request, pem, now_unix)?,
        None => candidate::make(authorities, keys, &request, now_unix).await?,
    };
    let ca = register_inactive(authorities, &request, &candidate, provisioning).await?;
    let files = files(&ca, &request, candidate, now_unix);
    match store_and_admit(authorities, vault, &ca, &files).await {
        Ok(()) => Ok(RegisteredAuthority {
            certificate_id: ca.id,
            certificate_arn: ca.arn,
        }),
        Err(failure) => Err(match undo(authorities, vault, &ca, &files).await {
            Ok(()) => failure.into(),
            Err(undo) => RegisterError::NotUndone {
                failure: Box::new(failure),
                undo: Box::new(undo),
                certificate_id: ca.id,
            },
        }),
    }
}

fn check_verifier(request: &RegisterAuthority, verifiers: &[String]) -> Result<(), RegisterError> {
    match verifier(request) {
        Some(name) if !verifiers.contains(&name) => Err(RegisterError::VerifierUnknown {
            name,
            known: verifiers.to_vec(),
        }),
        _ => Ok(()),
    }
}

/// The verifier that is asked for. Left empty, as forms send it, it is none.
fn verifier(request: &RegisterAuthority) -> Option<String> {
    request
        .verifier_name
        .clone()
        .filter(|name| !name.is_empty())
}

/// What AWS IoT itself is to provision, if the request wants that.
fn provisioning(
    request: &RegisterAuthority,
    settings: &Settings,
) -> Result<Option<Provisioning>, RegisterError> {
    let asked = request.template_body.as_deref();
    let asked = asked.filter(|body| !body.is_empty());
    let template = match (request.route(), asked) {
        (Route::Jitr, None) => return Ok(None),
        (Route::Jitr, Some(_)) => return Err(RegisterError::TemplateUnused),
        (Route::Jitp, None) => default_template(&settings.device_policy),
        (Route::Jitp, Some(body)) => {
            check_template(body)?;
            if request.ca_certificate_pem.is_none() && naming(body).is_none() {
                return Err(RegisterError::ThingNameUnknown);
            }
            body.to_owned()
        }
    };
    if request.ca_certificate_pem.is_some() && verifier(request).is_some() {
        return Err(RegisterError::VerifierUnused);
    }
    Ok(Some(Provisioning {
        template,
        role_arn: settings.provisioning_role_arn.clone(),
    }))
}

/// The first step: from here on there is something to undo.
async fn register_inactive(
    authorities: &impl AuthorityRegistry,
    request: &RegisterAuthority,
    candidate: &Candidate,
    provisioning: Option<Provisioning>,
) -> Result<RegisteredCa, RegisterError> {
    let ca = NewAuthority {
        certificate_pem: candidate.certificate.pem(),
        verification_pem: candidate.verification_pem.clone(),
        mode: request.certificate_mode,
        verifier_name: verifier(request),
        provisioning,
    };
    let made = candidate.sealed_key.is_some();
    let registration = match authorities.register_ca(&ca).await {
        // The answer may have been lost. Nobody else has a certificate that was just made, so that one which is there
        // at the second try is ours.
        Err(failure) if made && failure.kind == FailureKind::Unavailable => {
            authorities.register_ca(&ca).await
        }
        other => other,
    };
    match registration {
        Ok(Registration::New(ca)) => Ok(ca),
        Ok(Registration::AlreadyThere(ca)) if made => Ok(ca),
        Ok(Registration::AlreadyThere(ca)) => Err(RegisterError::AlreadyRegistered(ca.id)),
        Err(failure) if !made && failure.kind == FailureKind::Refused => {
            Err(RegisterError::CaInvalid(failure.to_string()))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// What the vault keeps of the CA; the record last, so that it says that the rest is there.
fn files(
    ca: &RegisteredCa,
    request: &RegisterAuthority,
    candidate: Candidate,
    now_unix: i64,
) -> Files {
    let record = AuthorityRecord {
        certificate_id: ca.id.clone(),
        certificate_arn: ca.arn.clone(),
        verifier_name: verifier(request),
        route: request.route(),
        created_at: now_unix,
    };
    let certificate = &candidate.certificate;
    let mut files = vec![
        (VaultFile::Certificate, certificate.pem().into_bytes()),
        (
            VaultFile::PublicKey,
            certificate.public_key_pem().into_bytes(),
        ),
    ];
    files.extend(
        candidate
            .sealed_key
            .map(|sealed| (VaultFile::EncryptedPrivateKey, sealed)),
    );
    files.push((
        VaultFile::Record,
        serde_json::json!(record).to_string().into(),
    ));
    files
}

async fn store_and_admit(
    authorities: &impl AuthorityRegistry,
    vault: &impl Vault,
    ca: &RegisteredCa,
    files: &Files,
) -> Result<(), CloudFailure> {
    for (file, contents) in files {
        vault.store_file(&ca.id, *file, contents.clone()).await?;
    }
    authorities.admit_devices(&ca.id).await
}

/// The undo of [`register_inactive`] and [`store_and_admit`], from wherever they came to: every step takes "already gone"
/// for done, and is tried whether or not those before it went well. Gives the first that did not.
async fn undo(
    authorities: &impl AuthorityRegistry,
    vault: &impl Vault,
    ca: &RegisteredCa,
    files: &Files,
) -> Result<(), CloudFailure> {
    // First of all it must admit nobody.
    let mut undone = authorities.discard_ca(&ca.id).await;
    for (file, _) in files {
        let removed = vault.remove_file(&ca.id, *file).await;
        undone = undone.and(removed);
    }
    undone
}
