//! What the workflow's tasks take and give. Field names are those that `statemachines/*.asl.json` writes.

use crate::{CertificateDescription, ClientId, Mode, Purpose, Refusal, Serial};
use serde::{Deserialize, Serialize};

/// The input of `certificate-issuer`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssueCertificate {
    /// The device.
    pub serial: Serial,
    /// The execution that holds the device in the ledger.
    pub execution: String,
    /// Whether the key is the device's or has to be made.
    pub mode: Mode,
    /// Whether it is the device's first certificate, or one beside that in force.
    #[serde(default)]
    pub purpose: Purpose,
    /// The CSR, DER in base64; `None` in legacy mode.
    pub csr: Option<String>,
    /// Only check the CSR's signature: before a request of the same key takes over from another.
    #[serde(default)]
    pub check_only: bool,
}

/// The answer of `certificate-issuer`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedCertificate {
    /// Lowercase hex SHA-256 of the certificate's DER.
    pub certificate_id: String,
    /// Its ARN.
    pub certificate_arn: String,
    /// The certificate, DER in base64.
    pub certificate: String,
    /// The last second of its validity, in seconds since 1970.
    pub not_after: i64,
    /// Legacy mode: the private key's PEM, sealed with KMS, in base64. Never a key in clear.
    pub sealed_key: Option<String>,
}

/// What a certificate is attached to, or what is attached to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attachment {
    /// The device's thing, made where it isn't there.
    Thing,
    /// The device policy, which makes the certificate usable.
    Policy,
}

/// The input of `identity-registrar`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterIdentity {
    /// The device, and its thing's name.
    pub serial: Serial,
    /// The certificate to attach.
    pub certificate_arn: String,
    /// The last second of its validity, in seconds since 1970, where it ends before AWS IoT's own do.
    #[serde(default)]
    pub not_after: Option<i64>,
    /// What to do, in this order.
    pub attach: Vec<Attachment>,
}

/// The answer of `identity-registrar`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisteredIdentity {
    /// The thing's name.
    pub thing_name: String,
    /// Since when the certificate is in force, `yyyymmdd` in UTC.
    pub issued_on: String,
    /// The device's shard of the index by rotation day.
    pub rotation_shard: String,
    /// The day from which the certificate has to be renewed, `yyyymmdd`.
    pub rotation_day: String,
    /// The day on which it is undone if it is a next one and nobody has connected with it, `yyyymmdd`.
    pub undo_on: String,
}

/// The input of `identity-revoker`, the undo of issue, register and activate.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevokeIdentity {
    /// The device.
    pub serial: Serial,
    /// The execution whose doing is undone. Another's is left alone.
    pub execution: String,
    /// The delivery that ends with it, if there was one.
    #[serde(default)]
    pub delivery: Option<DeliveryTo>,
    /// Whether to give the device free in the ledger as well.
    pub release: bool,
}

/// Whom a delivery went to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryTo {
    /// The client id that asked.
    pub client_id: ClientId,
    /// How the certificate travelled.
    pub mode: Mode,
    /// What was asked for.
    #[serde(default)]
    pub purpose: Purpose,
}

/// The answer of `identity-revoker`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevokedIdentity {
    /// Another execution holds the device now: nothing was done, and nothing may be said to the device.
    pub superseded: bool,
    /// The certificate that was taken away, if there was one.
    pub certificate_id: Option<String>,
}

/// The input of `chunk-publisher`: everything that goes down to a device.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(
    tag = "publish",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Publication {
    /// The certificate in chunks, then wait for the acknowledgement.
    Chunks {
        /// What the acknowledgement answers to.
        task_token: String,
        /// The device.
        serial: Serial,
        /// The execution that holds it.
        execution: String,
        /// Where to.
        client_id: ClientId,
        /// The largest packet, in bytes.
        packet_size: usize,
        /// DER in base64.
        certificate: String,
        /// Its id.
        certificate_id: String,
        /// The chunks to send; `None` sends the manifest and all of them.
        missing: Option<Vec<u16>>,
        /// What was asked for.
        #[serde(default)]
        purpose: Purpose,
    },
    /// The seed's two messages, then wait until someone connects with the certificate.
    LegacyAnswer {
        /// What the connection answers to.
        task_token: String,
        /// The device.
        serial: Serial,
        /// The execution that holds it.
        execution: String,
        /// Where to.
        client_id: ClientId,
        /// DER in base64.
        certificate: String,
        /// Its id.
        certificate_id: String,
        /// The private key, sealed.
        sealed_key: String,
    },
    /// The certificate works from now on.
    Activated {
        /// Where to.
        client_id: ClientId,
        /// The certificate's id.
        certificate_id: String,
        /// What was asked for.
        #[serde(default)]
        purpose: Purpose,
    },
    /// No, and why.
    Refusal {
        /// Where to.
        client_id: ClientId,
        /// The largest packet, in bytes.
        packet_size: usize,
        /// Why.
        refusal: Refusal,
        /// What was asked for.
        #[serde(default)]
        purpose: Purpose,
    },
}

/// The answer of `chunk-publisher`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Published {
    /// PUBLISH packets sent.
    pub packets: usize,
}

/// What `delivery-acknowledger` reports to the waiting workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acknowledged {
    /// The chunks that the device still misses; none when the delivery is complete.
    pub missing: Vec<u16>,
}

/// The input of `certificate-inspector`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectCertificate {
    /// The certificate that was registered.
    pub certificate_id: String,
    /// The CA that signed it.
    pub ca_certificate_id: String,
}

/// The answer of `certificate-inspector`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedCertificate {
    /// Whether there is anything to do: it waits for activation, under a CA that Muster serves.
    pub pending: bool,
    /// The device, and its thing's name: the common name, or the certificate's id where it has none.
    pub thing_name: Serial,
    /// Its ARN.
    pub certificate_arn: String,
    /// DER in base64.
    pub certificate: String,
    /// SHA-256 of its public key in hex.
    pub fingerprint: String,
    /// The last second of its validity, in seconds since 1970.
    pub not_after: i64,
    /// The verifier that the CA names.
    pub verifier_arn: Option<String>,
    /// What the verifier is asked.
    pub description: CertificateDescription,
    /// Why it is refused, if it is. A certificate whose refusal is not retryable is revoked.
    pub refusal: Option<Refusal>,
}

impl InspectedCertificate {
    /// Nothing is to be done about it.
    pub fn settled(thing_name: Serial, task: &InspectCertificate) -> Self {
        Self {
            pending: false,
            thing_name,
            certificate_arn: String::new(),
            certificate: String::new(),
            fingerprint: String::new(),
            not_after: 0,
            verifier_arn: None,
            description: CertificateDescription {
                certificate_arn: String::new(),
                certificate_id: task.certificate_id.clone(),
                ca_certificate_id: Some(task.ca_certificate_id.clone()),
                status: String::new(),
                certificate_pem: String::new(),
                owned_by: None,
                thing_name: None,
            },
            refusal: None,
        }
    }
}

/// The input of `certificate-activator`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActivateCertificate {
    /// The certificate.
    pub certificate_id: String,
    /// What becomes of it.
    pub verdict: Verdict,
}

/// What becomes of a certificate that waits for activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It may connect.
    Activate,
    /// It never may.
    Revoke,
}
