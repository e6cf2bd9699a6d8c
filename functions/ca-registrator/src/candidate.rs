//! The CA that is to be registered: made here, or brought by the operator.

use crate::RegisterError;
use muster_documents::{
    CertificateMode, DEFAULT_LIFETIME_DAYS, MAX_LIFETIME_DAYS, RegisterAuthority,
};
use muster_onboarding::ports::{AuthorityKeys, AuthorityRegistry};
use muster_onboarding::subject;
use muster_pki::{CaCertificate, CaKey, SerialNumber, Validity, pem_to_der, read_certificate};

/// A CA with all that is needed to register it.
pub(crate) struct Candidate {
    pub(crate) certificate: CaCertificate,
    /// In mode `DEFAULT`: what proves that its key is at hand, PEM.
    pub(crate) verification_pem: Option<String>,
    /// If it was made here: its private key's ciphertext.
    pub(crate) sealed_key: Option<Vec<u8>>,
}

/// Makes a CA. Its private key is in this function's memory for as long as it signs two certificates.
pub(crate) async fn make(
    authorities: &impl AuthorityRegistry,
    keys: &impl AuthorityKeys,
    request: &RegisterAuthority,
    now_unix: i64,
) -> Result<Candidate, RegisterError> {
    if request.verification_certificate_pem.is_some() {
        return Err(invalid(
            "verificationCertificatePem proves the key of a CA that you bring: give caCertificatePem with it, or \
             neither.",
        ));
    }
    let days = request.lifetime_days.unwrap_or(DEFAULT_LIFETIME_DAYS);
    if !(1..=MAX_LIFETIME_DAYS).contains(&days) {
        return Err(RegisterError::Lifetime(days));
    }
    let code = authorities.registration_code().await?;
    let subject = subject(request.csr_subjects.clone().unwrap_or_default(), || {
        code.clone()
    });
    subject.validate()?;
    let serial = SerialNumber::random().map_err(RegisterError::NotIssued)?;
    let pair = keys
        .make_ca_key(request.key_type.unwrap_or_default(), &serial)
        .await?;
    let key = CaKey::from_pkcs8_der(&pair.private_key)?;
    let certificate =
        CaCertificate::issue_numbered(&key, &subject, Validity::of_days(now_unix, days), &serial)
            .map_err(RegisterError::NotIssued)?;
    let verification_pem = match request.certificate_mode {
        CertificateMode::SniOnly => None,
        // AWS wants the registration code as the common name of this certificate, not of the CA's.
        CertificateMode::Default => Some(
            certificate
                .verification_certificate(&key, &code, Validity::of_days(now_unix, 1))
                .map_err(RegisterError::NotIssued)?,
        ),
    };
    Ok(Candidate {
        certificate,
        verification_pem,
        sealed_key: Some(pair.sealed),
    })
}

/// Takes the operator's CA.
pub(crate) fn take(
    request: &RegisterAuthority,
    certificate_pem: &str,
    now_unix: i64,
) -> Result<Candidate, RegisterError> {
    if request.csr_subjects.is_some()
        || request.lifetime_days.is_some()
        || request.key_type.is_some()
    {
        return Err(invalid(
            "csrSubjects, lifetimeDays and keyType describe a CA that is made; the one in caCertificatePem has its own. \
             Leave them out.",
        ));
    }
    let certificate =
        CaCertificate::parse_pem(certificate_pem).map_err(|error| invalid(&error.to_string()))?;
    if certificate.validity().not_after_unix < now_unix {
        return Err(invalid("The CA certificate has expired."));
    }
    let proof = request.verification_certificate_pem.as_deref();
    let verification_pem = match (request.certificate_mode, proof) {
        (CertificateMode::SniOnly, None) => None,
        (CertificateMode::SniOnly, Some(_)) => {
            return Err(invalid(
                "AWS IoT takes no verificationCertificatePem in mode SNI_ONLY. Leave it out.",
            ));
        }
        (CertificateMode::Default, None) => {
            return Err(invalid(
                "In mode DEFAULT caCertificatePem needs verificationCertificatePem: a certificate that the CA has \
                 signed, with the registration code as its common name.",
            ));
        }
        (CertificateMode::Default, Some(proof)) => Some(check_proof(proof, &certificate)?),
    };
    Ok(Candidate {
        certificate,
        verification_pem,
        sealed_key: None,
    })
}

/// Its form and who signed it. Whether it has the registration code AWS IoT checks.
fn check_proof(pem: &str, ca: &CaCertificate) -> Result<String, RegisterError> {
    let read = pem_to_der(pem)
        .ok()
        .and_then(|der| read_certificate(&der).ok());
    match read {
        None => Err(invalid(
            "verificationCertificatePem cannot be read. It has to be one X.509 certificate in PEM (\"BEGIN \
             CERTIFICATE\").",
        )),
        Some(proof) if !proof.issued_by(ca) => Err(invalid(
            "verificationCertificatePem is not signed by the CA in caCertificatePem.",
        )),
        Some(_) => Ok(pem.to_owned()),
    }
}

fn invalid(sentence: &str) -> RegisterError {
    RegisterError::CaInvalid(sentence.to_owned())
}
