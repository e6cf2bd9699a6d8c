//! What is asked for, read as far as nothing has to be looked up for it.

use crate::VendError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use muster_documents::{Serial, VendCertificate};
use muster_lambda::{DeviceRequest, about_device};
use muster_onboarding::csr_refusal;
use muster_pki::{CertificateRequest, DeviceKey, SubmittedRequest};
use secrecy::SecretString;

/// What is told whoever sends another body.
const NO_REQUEST: &str = "The body has to be a JSON object with serialNumber, with deviceToken unless that is in the header \
     x-device-token, and with csr if the device has a key; each a string, and nothing else.";

/// A request that is in order.
pub(crate) struct Asked {
    pub(crate) serial: Serial,
    pub(crate) token: SecretString,
    /// DER in base64; `None` if the key is to be made here.
    csr: Option<(String, String)>,
}

/// What a certificate is asked for with.
pub(crate) struct Signing {
    /// The CSR, DER in base64.
    pub(crate) csr: String,
    /// SHA-256 of the public key, lowercase hex.
    pub(crate) fingerprint: String,
    /// The key, if it was made here.
    pub(crate) key: Option<DeviceKey>,
}

impl Asked {
    /// Reads the body of `POST /certificates`.
    pub(crate) fn from_body(request: &DeviceRequest) -> Result<Self, VendError> {
        let body = request.body()?;
        // An array of the fields' values would do for the parser. Its own words would repeat what was sent.
        let is_object = body.trim_start().starts_with('{');
        let asked = serde_json::from_str::<VendCertificate>(&body).ok();
        let asked = asked
            .filter(|_| is_object)
            .ok_or_else(|| VendError::Input(NO_REQUEST.to_owned()))?;
        Self::new(
            request,
            &asked.serial_number,
            asked.device_token.as_deref(),
            asked.csr.as_deref(),
        )
    }

    /// Reads the query of the seed's `GET /getcert`.
    pub(crate) fn from_query(request: &DeviceRequest) -> Result<Self, VendError> {
        let serial = request
            .query("serialNumber")
            .ok_or_else(|| VendError::Input("The query has no serialNumber.".to_owned()))?;
        Self::new(request, serial, request.query("deviceToken"), None)
    }

    fn new(
        request: &DeviceRequest,
        serial: &str,
        token: Option<&str>,
        csr: Option<&str>,
    ) -> Result<Self, VendError> {
        let serial = Serial::new(serial)
            .map_err(|why| VendError::Input(format!("The serial number is malformed: {why}.")))?;
        about_device(&serial);
        let csr = csr.map(checked).transpose()?;
        let token = request.token(token)?;
        // Whoever shows none is as wrong as whoever shows a wrong one.
        let token = token.unwrap_or_default();
        Ok(Self { serial, token, csr })
    }

    /// Whether the device has no key of its own.
    pub(crate) fn is_keyless(&self) -> bool {
        self.csr.is_none()
    }

    /// The device's CSR, or one for a key that is made now.
    pub(crate) fn signing(self) -> Result<Signing, VendError> {
        if let Some((csr, fingerprint)) = self.csr {
            return Ok(Signing {
                csr,
                fingerprint,
                key: None,
            });
        }
        let key = DeviceKey::generate()?;
        let csr = key.csr(self.serial.common_name())?;
        Ok(Signing {
            csr: STANDARD.encode(csr.der()),
            fingerprint: key.fingerprint(),
            key: Some(key),
        })
    }
}

/// A CSR whose signature is right as well, so that no token is burnt for a wrong one: DER in base64, and its key's
/// fingerprint.
fn checked(csr: &str) -> Result<(String, String), VendError> {
    let read = SubmittedRequest::parse_text(csr).and_then(|submitted| {
        let request = CertificateRequest::parse_der(submitted.der())?;
        Ok((
            STANDARD.encode(request.der()),
            submitted.fingerprint().to_owned(),
        ))
    });
    read.map_err(|error| VendError::Csr(csr_refusal(&error)))
}
