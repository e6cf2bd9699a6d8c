//! Collecting the two messages of legacy mode: a key that the cloud made, and its certificate.

use super::asking::Taken;
use crate::{CredentialError, Credentials, Progress, Settings};
use muster_documents::ProvisioningRequest;
use muster_pki::DeviceKey;
use secrecy::SecretString;
use serde::Deserialize;

/// What has come so far, in either order. A later message replaces an earlier one: a repeated request may have been
/// answered with another pair.
#[derive(Default)]
pub(super) struct Legacy {
    private_key: Option<SecretString>,
    certificate: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    private_key: Option<String>,
    certificate_pem: Option<String>,
}

impl Legacy {
    /// The request: a JSON object without a CSR, as the seed's devices send it.
    pub(super) fn request(settings: &Settings) -> Vec<u8> {
        let serial_number = settings.serial.as_ref().map(ToString::to_string);
        ProvisioningRequest {
            serial_number,
            ..ProvisioningRequest::default()
        }
        .to_json()
    }

    /// Takes a message that came on `accepted`.
    pub(super) fn take(&mut self, payload: &[u8], packet_bytes: usize) -> Taken {
        let Ok(part) = serde_json::from_slice::<Part>(payload) else {
            return Taken::Nothing;
        };
        let name = match (&part.private_key, &part.certificate_pem) {
            (Some(_), _) => "privateKey",
            (None, Some(_)) => "certificatePem",
            (None, None) => return Taken::Nothing,
        };
        if let Some(key) = part.private_key {
            self.private_key = Some(key.into());
        }
        if let Some(certificate) = part.certificate_pem {
            self.certificate = Some(certificate);
        }
        let progress = Progress::PartReceived {
            part: name,
            packet_bytes,
        };
        match self.credentials() {
            None => Taken::New(progress),
            Some(Ok(credentials)) => Taken::Complete(progress, credentials),
            // One of the two is from another attempt; its partner is on its way or comes with the next.
            Some(Err(CredentialError::Mismatch)) => Taken::Known(progress),
            Some(Err(why)) => Taken::Unusable(progress, why.to_string()),
        }
    }

    fn credentials(&self) -> Option<Result<Credentials, CredentialError>> {
        let (private_key, certificate) =
            self.private_key.as_ref().zip(self.certificate.as_ref())?;
        let key = DeviceKey::from_pem(private_key).map_err(|_| CredentialError::KeyUnreadable);
        Some(key.and_then(|key| Credentials::matched(certificate, &key)))
    }
}
