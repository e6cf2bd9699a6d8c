//! The CA that is to sign, and its signature.

use crate::GenerateError;
use crate::asked::Asked;
use muster_documents::{Refusal, RefusalCode, Serial, VaultFile};
use muster_lambda::routes;
use muster_onboarding::ports::{
    AuthorityKeyOpener, Certificate, CertificateRegistry, RegisteredAuthority, VaultReader,
};
use muster_onboarding::{Naming, complete, naming};
use muster_pki::{CaCertificate, CaError, CaKey, DeviceProfile, certificate_id, read_certificate};

/// What KMS decrypts at most, in bytes (`Decrypt`, `CiphertextBlob`).
const MAX_SEALED_KEY_BYTES: usize = 6144;

/// A CA of Muster's.
pub(crate) struct Signer {
    pub(crate) registered: RegisteredAuthority,
    pub(crate) certificate: CaCertificate,
}

impl Signer {
    /// Finds the CA.
    pub(crate) async fn find(
        registry: &impl CertificateRegistry,
        ca_id: &str,
    ) -> Result<Self, GenerateError> {
        let registered = registry.authority(ca_id).await?;
        if !registered.is_ours() {
            return Err(GenerateError::CaUnknown(ca_id.to_owned()));
        }
        let certificate = CaCertificate::parse_pem(&registered.certificate_pem);
        let certificate = certificate.map_err(|error| unusable(ca_id, error))?;
        Ok(Self {
            registered,
            certificate,
        })
    }

    /// Refuses whoever asks a CA that is disabled.
    pub(crate) fn check_active(&self) -> Result<(), GenerateError> {
        if self.registered.active {
            return Ok(());
        }
        Err(GenerateError::Refused(Refusal::new(
            RefusalCode::CaDisabled,
            "The CA is disabled, and its devices would not come in. `muster ca enable` enables it.",
        )))
    }

    /// How the CA's devices come in.
    pub(crate) fn route(&self) -> &'static str {
        match self.registered.template {
            Some(_) => routes::JITP,
            None => routes::JITR,
        }
    }

    /// Signs the certificate. The CA's key is in this function's memory for as long as that takes.
    pub(crate) async fn sign(
        &self,
        vault: &impl VaultReader,
        keys: &impl AuthorityKeyOpener,
        asked: &Asked,
    ) -> Result<Certificate, GenerateError> {
        let subject = asked.subject.clone();
        let subject = match &self.registered.template {
            Some(template) => complete(subject, template, self.certificate.country().as_deref())?,
            None => subject,
        };
        let profile = DeviceProfile {
            subject,
            validity: asked.validity,
        };
        let request = asked.key.request()?;
        let sealed = vault.read_file(
            &asked.ca_id,
            VaultFile::EncryptedPrivateKey,
            MAX_SEALED_KEY_BYTES,
        );
        let sealed = sealed.await?;
        let sealed = sealed.ok_or_else(|| GenerateError::CaKeyElsewhere(asked.ca_id.clone()))?;
        let own = read_certificate(self.certificate.der())
            .map_err(|_| unusable(&asked.ca_id, CaError::Unreadable))?;
        let key = CaKey::from_pkcs8_der(&keys.open_ca_key(sealed, &own.serial).await?)?;
        let signed = self.certificate.sign(&key, &request, &profile);
        let signed = signed.map_err(|error| unusable(&asked.ca_id, error))?;
        let id = certificate_id(signed.der());
        Ok(Certificate {
            arn: self.arn_of(&id),
            id,
            der: signed.der().to_vec(),
        })
    }

    /// What the thing will be called, which the CA's template may decide.
    pub(crate) fn thing_name(
        &self,
        asked: &Asked,
        certificate: &Certificate,
    ) -> Result<Serial, GenerateError> {
        match self.registered.template.as_deref().map(naming) {
            None | Some(Some(Naming::CommonName)) => Ok(asked.thing_name.clone()),
            Some(Some(Naming::CertificateId)) => Serial::new(certificate.id.as_str())
                .map_err(|why| GenerateError::Input(why.to_string())),
            Some(None) => Err(GenerateError::TemplateUnusable(asked.ca_id.clone())),
        }
    }

    /// Whether it is of this CA's.
    pub(crate) fn issued(&self, certificate: &Certificate) -> bool {
        read_certificate(&certificate.der).is_ok_and(|read| read.issued_by(&self.certificate))
    }

    /// The ARN that AWS IoT will give a certificate, in the CA's own account and region.
    fn arn_of(&self, certificate_id: &str) -> String {
        let account = self.registered.arn.rsplit_once(':');
        let account = account.map_or("", |(account, _)| account);
        format!("{account}:cert/{certificate_id}")
    }
}

fn unusable(ca_id: &str, source: CaError) -> GenerateError {
    let id = ca_id.to_owned();
    match source {
        CaError::OutsideCaValidity => GenerateError::CaExpired(id),
        CaError::Subject(error) => GenerateError::Subject(error),
        source => GenerateError::CaUnusable { id, source },
    }
}
