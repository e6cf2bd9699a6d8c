//! What is asked for, read as far as nothing has to be looked up for it.

use crate::GenerateError;
use crate::encryption::Reader;
use muster_documents::{
    CsrSubjects, DEFAULT_DEVICE_LIFETIME_DAYS, GenerateDeviceCertificate, MAX_LIFETIME_DAYS,
    Refusal, RefusalCode, Serial, is_certificate_id,
};
use muster_lambda::about_device;
use muster_onboarding::{csr_refusal, subject};
use muster_pki::{CaSubject, CertificateRequest, DeviceKey, SubmittedRequest, Validity};
use serde_json::{Map, Value};

/// The fields of a `CertificateDescription`, which are Muster's own in a verifier's question, but for those that are set
/// here as well.
const MUSTERS_WORDS: [&str; 6] = [
    "certificateArn",
    "certificateId",
    "certificatePem",
    "ownedBy",
    "publicKeyFingerprint",
    "status",
];

/// A request that is in order.
pub(crate) struct Asked {
    pub(crate) ca_id: String,
    pub(crate) thing_name: Serial,
    pub(crate) subject: CaSubject,
    pub(crate) validity: Validity,
    /// When it was asked, in seconds since 1970.
    pub(crate) now: i64,
    pub(crate) device_info: Map<String, Value>,
    pub(crate) key: Key,
}

/// Whose key is certified.
pub(crate) enum Key {
    /// The device's own, with its fingerprint.
    Own {
        request: CertificateRequest,
        fingerprint: String,
    },
    /// One that is made here, and encrypted for this reader if the caller wants that.
    Made {
        key: DeviceKey,
        reader: Option<Reader>,
    },
}

impl Key {
    /// SHA-256 of the public key, lowercase hex.
    pub(crate) fn fingerprint(&self) -> String {
        match self {
            Self::Own { fingerprint, .. } => fingerprint.clone(),
            Self::Made { key, .. } => key.fingerprint(),
        }
    }

    /// What the CA signs.
    pub(crate) fn request(&self) -> Result<CertificateRequest, GenerateError> {
        match self {
            Self::Own { request, .. } => Ok(request.clone()),
            Self::Made { key, .. } => Ok(key.csr("-")?),
        }
    }
}

impl Asked {
    /// Reads a request; `now_unix` is the time in seconds since 1970.
    pub(crate) fn read(
        request: GenerateDeviceCertificate,
        now_unix: i64,
    ) -> Result<Self, GenerateError> {
        let subject = name(request.csr_subjects)?;
        let thing_name = thing_name(&subject.common_name)?;
        about_device(&thing_name);
        let ca_id = request.ca_certificate_id;
        if !is_certificate_id(&ca_id) {
            return Err(GenerateError::Input(
                "caCertificateId has to be the 64 hex digits that the CA's registration answered."
                    .to_owned(),
            ));
        }
        let days = request
            .lifetime_days
            .unwrap_or(DEFAULT_DEVICE_LIFETIME_DAYS);
        if !(1..=MAX_LIFETIME_DAYS).contains(&days) {
            return Err(GenerateError::Lifetime(days));
        }
        Ok(Self {
            ca_id: ca_id.to_ascii_lowercase(),
            thing_name,
            subject,
            validity: Validity::of_days(now_unix, days),
            now: now_unix,
            device_info: checked_info(request.device_info.0)?,
            key: match (request.csr, request.encrypt_to) {
                (Some(_), Some(_)) => {
                    return Err(GenerateError::Input(
                        "encryptTo is for a key that is made here; with a csr there is none. Leave one of them out."
                            .to_owned(),
                    ));
                }
                (Some(csr), None) => checked(&csr)?,
                (None, encrypt_to) => Key::Made {
                    key: DeviceKey::generate()?,
                    reader: encrypt_to.map(|to| reader(&to.public_key)).transpose()?,
                },
            },
        })
    }
}

fn name(asked: CsrSubjects) -> Result<CaSubject, GenerateError> {
    let subject = subject(asked, || uuid::Uuid::new_v4().to_string());
    subject.validate()?;
    Ok(subject)
}

fn thing_name(common_name: &str) -> Result<Serial, GenerateError> {
    Serial::new(common_name).map_err(|why| {
        GenerateError::Refused(Refusal::new(
            RefusalCode::CommonNameMalformed,
            format!("csrSubjects.commonName becomes the thing's name, and cannot: {why}."),
        ))
    })
}

fn checked(csr: &str) -> Result<Key, GenerateError> {
    let read = SubmittedRequest::parse_text(csr).and_then(|submitted| {
        Ok(Key::Own {
            request: CertificateRequest::parse_der(submitted.der())?,
            fingerprint: submitted.fingerprint().to_owned(),
        })
    });
    read.map_err(|error| GenerateError::Refused(csr_refusal(&error)))
}

/// What a verifier is told by Muster of a certificate that a device brought: it must not read here what the caller says.
fn checked_info(info: Map<String, Value>) -> Result<Map<String, Value>, GenerateError> {
    match MUSTERS_WORDS.iter().find(|name| info.contains_key(**name)) {
        Some(name) => Err(GenerateError::Input(format!(
            "deviceInfo has the field {name}, which is not the caller's to say. Call it something else."
        ))),
        None => Ok(info),
    }
}

fn reader(public_key: &str) -> Result<Reader, GenerateError> {
    Reader::from_pem(public_key).ok_or_else(|| {
        GenerateError::Input(
            "encryptTo.publicKey has to be a public key on P-256 in PEM (\"BEGIN PUBLIC KEY\")."
                .to_owned(),
        )
    })
}
