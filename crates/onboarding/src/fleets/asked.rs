//! What a device asks of a fleet, read as far as nothing has to be looked up for it.

use crate::fleets::voucher_hash;
use crate::ledger::{claim_key, client_key, device_key};
use crate::ports::Certificate;
use muster_documents::fleet_provisioning::{HookRequest, parameters};
use muster_documents::{ClientId, FleetName, ROTATION_SUFFIX, Refusal, RefusalCode, Serial};
use muster_pki::{certificate_id, pem_to_der, read_certificate};
use secrecy::SecretString;
use serde_json::{Map, Value};

/// The length of AWS IoT's ids of certificates, in hex digits.
const ID_LENGTH: usize = 64;

/// What stands before the template's name in its ARN.
const TEMPLATE: &str = ":provisioningtemplate/";

/// What a verifier is told by Muster where a device brings a certificate or is handed one, and not here.
const ELSEWHERE: [&str; 3] = ["caCertificateId", "ownedBy", "status"];

/// What a device asks.
#[derive(Debug, Clone)]
pub struct Asked {
    pub(super) request: HookRequest,
    /// The fleet whose template it asks by.
    pub fleet: FleetName,
    /// Whether it asks by the fleet's template for rotation.
    pub rotation: bool,
    /// Who it is.
    pub(super) serial: Result<Serial, Refusal>,
    /// SHA-256 of the voucher that it shows, lowercase hex.
    pub voucher: Option<String>,
    pub(super) shown: Result<Shown, Refusal>,
}

/// The certificate that was made for a device.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) certificate: Certificate,
    pub(super) fingerprint: String,
    pub(super) not_after: i64,
}

impl Asked {
    /// Reads what AWS IoT asks the hook.
    ///
    /// # Errors
    /// The ids are none, or the template is none that a fleet can have.
    pub fn read(request: HookRequest) -> Result<Self, Refusal> {
        for id in [&request.claim_certificate_id, &request.certificate_id] {
            let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            if id.len() != ID_LENGTH || !id.bytes().all(is_digit) {
                return Err(Refusal::new(
                    RefusalCode::RequestInvalid,
                    "A certificate's id is not 64 hex digits, as AWS IoT's are.",
                ));
            }
        }
        let arn = request.template_arn.split_once(TEMPLATE);
        let (_, template) = arn.unwrap_or_default();
        let rotated = template.strip_suffix(ROTATION_SUFFIX);
        let fleet = FleetName::new(rotated.unwrap_or(template)).map_err(|_| {
            Refusal::new(
                RefusalCode::FleetUnknown,
                format!(
                    "The provisioning template {:?} is no fleet's. Take this hook away from it.",
                    request.template_arn
                ),
            )
        })?;
        let voucher = request.parameters.get(parameters::VOUCHER).cloned();
        let voucher = voucher.map(SecretString::from);
        Ok(Self {
            rotation: rotated.is_some(),
            serial: serial(&request),
            voucher: voucher.as_ref().map(voucher_hash),
            shown: shown(&request),
            fleet,
            request,
        })
    }

    /// The certificate of the connection.
    pub fn claim_certificate_id(&self) -> &str {
        &self.request.claim_certificate_id
    }

    /// The ARN of that certificate.
    pub fn connection_arn(&self) -> String {
        let id = self.claim_certificate_id();
        format!("{}:cert/{id}", account(&self.request))
    }

    /// Its serial, if it is well-formed.
    pub fn serial(&self) -> Option<&Serial> {
        self.serial.as_ref().ok()
    }

    /// What a verifier is asked: what the device says, and what Muster knows, which the device's own words cannot
    /// replace.
    pub fn question(&self) -> Value {
        let said = self.request.parameters.iter();
        let said = said.filter(|(name, _)| !ELSEWHERE.contains(&name.as_str()));
        let mut question: Map<String, Value> = said
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        let arn = self.shown.as_ref().map(|shown| &shown.certificate.arn);
        let fingerprint = self.shown.as_ref().map(|shown| &shown.fingerprint);
        for (name, value) in [
            ("certificateId", Some(self.request.certificate_id.as_str())),
            ("certificateArn", arn.ok().map(String::as_str)),
            ("certificatePem", Some(&self.request.certificate_pem)),
            ("publicKeyFingerprint", fingerprint.ok().map(String::as_str)),
            ("thingName", self.serial().map(Serial::as_str)),
            ("clientId", Some(&self.request.client_id)),
            ("claimCertificateId", Some(self.claim_certificate_id())),
            ("templateName", Some(self.fleet.as_str())),
        ] {
            question.insert(name.to_owned(), value.into());
        }
        Value::Object(question)
    }
}

/// The partition of the timeline that tells of a refusal: the device's; else its client id's, or the claim
/// certificate's.
pub fn timeline_key(request: &HookRequest) -> String {
    let client_id = || ClientId::new(request.client_id.as_str());
    match (serial(request), client_id()) {
        (Ok(serial), _) => device_key(&serial),
        (Err(_), Ok(client_id)) => client_key(client_id.as_str()),
        (Err(_), Err(_)) => claim_key(&request.claim_certificate_id),
    }
}

/// The serial that a device names, by either name.
///
/// # Errors
/// It names none, two, or a malformed one.
pub fn serial(request: &HookRequest) -> Result<Serial, Refusal> {
    let malformed = |why: String| Refusal::new(RefusalCode::SerialMalformed, why);
    let named = [parameters::SERIAL_NUMBER, parameters::DEVICE_SERIAL];
    let [number, serial] = named.map(|name| request.parameters.get(name));
    let said = match (number, serial) {
        (Some(number), Some(serial)) if number != serial => {
            return Err(malformed(
                "The device names two serials, as SerialNumber and as DeviceSerial. Send one of them.".to_owned(),
            ));
        }
        (Some(said), _) | (None, Some(said)) => said,
        (None, None) => {
            return Err(malformed(
                "The device names no serial. Send it as the parameter SerialNumber or DeviceSerial.".to_owned(),
            ));
        }
    };
    Serial::new(said.as_str()).map_err(|why| malformed(format!("The serial is malformed: {why}.")))
}

/// What the ARNs of the account's certificates begin with: the template's own does.
fn account(request: &HookRequest) -> &str {
    let arn = request.template_arn.split_once(TEMPLATE);
    arn.map_or("", |(account, _)| account)
}

/// Reads the certificate. AWS IoT has made it: what is wrong with it is no device's doing.
fn shown(request: &HookRequest) -> Result<Shown, Refusal> {
    let unsuitable = |why: &str| Refusal::new(RefusalCode::CertificateUnsuitable, why);
    let unreadable = || unsuitable("The certificate that was made for the device cannot be read.");
    let der = pem_to_der(&request.certificate_pem).map_err(|_| unreadable())?;
    let read = read_certificate(&der).map_err(|_| unreadable())?;
    if certificate_id(&der) != request.certificate_id {
        return Err(unsuitable(
            "The certificate that was made for the device is not that of the id in the request.",
        ));
    }
    if read.is_ca {
        return Err(unsuitable(
            "The certificate that was made for the device is that of a CA.",
        ));
    }
    Ok(Shown {
        certificate: Certificate {
            id: request.certificate_id.clone(),
            arn: format!("{}:cert/{}", account(request), request.certificate_id),
            der,
        },
        fingerprint: read.public_key_fingerprint,
        not_after: read.not_after_unix,
    })
}
