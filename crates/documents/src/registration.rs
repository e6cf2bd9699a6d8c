//! Just-in-time registration: what AWS IoT says of a certificate, and what is asked about it.

use serde::{Deserialize, Serialize};

/// What AWS IoT publishes on `$aws/events/certificates/registered/<caCertificateId>` when a device connects with a
/// certificate that a registered CA has signed, each time until it is activated or revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateRegistered {
    /// Lowercase hex SHA-256 of the certificate's DER, 64 characters.
    pub certificate_id: String,
    /// AWS IoT's id of the CA, 64 characters.
    pub ca_certificate_id: String,
    /// When, in milliseconds since 1970.
    pub timestamp: i64,
}

/// What a verifier is asked: AWS IoT's own description of the certificate (`DescribeCertificate`), and the name that
/// the thing would have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateDescription {
    /// Its ARN.
    pub certificate_arn: String,
    /// Its id.
    pub certificate_id: String,
    /// The id of the CA that signed it.
    pub ca_certificate_id: Option<String>,
    /// `PENDING_ACTIVATION`, `ACTIVE` and so on.
    pub status: String,
    /// The certificate.
    pub certificate_pem: String,
    /// The account.
    pub owned_by: Option<String>,
    /// The thing's name; `None` where the certificate names none that can be one.
    pub thing_name: Option<String>,
}
