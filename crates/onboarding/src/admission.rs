//! Whether a device may come in with a certificate that it brings.

use muster_documents::{Refusal, RefusalCode, Serial};
use muster_pki::{SerialNumber, read_certificate};

/// Who a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applicant {
    /// The common name; the certificate's id where it has none, as the seed does.
    pub thing_name: Serial,
    /// SHA-256 of its public key in hex.
    pub fingerprint: String,
    /// The last second of its validity, in seconds since 1970.
    pub not_after: i64,
    /// The number that its CA gave the certificate, by which a revocation list names it.
    pub serial_number: SerialNumber,
}

/// Reads a device's certificate at the time `now`, in seconds since 1970. That its CA has signed it, AWS IoT has
/// checked before it registered it.
pub fn applicant(der: &[u8], now: i64) -> Result<Applicant, Refusal> {
    let unsuitable = |message: &str| Refusal::new(RefusalCode::CertificateUnsuitable, message);
    let certificate = read_certificate(der)
        .map_err(|_| unsuitable("The certificate cannot be read. Sign another one."))?;
    if certificate.is_ca {
        return Err(unsuitable(
            "The certificate is that of a CA. A device needs one of its own, with basicConstraints CA:FALSE.",
        ));
    }
    if now > certificate.not_after_unix {
        return Err(Refusal::new(
            RefusalCode::CertificateExpired,
            "The certificate is no longer valid. Sign another one.",
        ));
    }
    if now < certificate.not_before_unix {
        return Err(Refusal::new(
            RefusalCode::CertificateNotYetValid,
            "The certificate is not valid yet. Check the clock of whoever signed it; the device's later tries ask again.",
        ));
    }
    if certificate.common_names > 1 {
        return Err(malformed("there is more than one"));
    }
    let name = match certificate.common_name {
        Some(name) => name,
        None if certificate.common_names == 0 => muster_pki::certificate_id(der),
        None => return Err(malformed("it is not text")),
    };
    Ok(Applicant {
        thing_name: Serial::new(name).map_err(|why| malformed(&why.to_string()))?,
        fingerprint: certificate.public_key_fingerprint,
        not_after: certificate.not_after_unix,
        serial_number: certificate.serial,
    })
}

fn malformed(why: &str) -> Refusal {
    Refusal::new(
        RefusalCode::CommonNameMalformed,
        format!(
            "The certificate's common name cannot be a thing's name: {why}. Sign another certificate."
        ),
    )
}
