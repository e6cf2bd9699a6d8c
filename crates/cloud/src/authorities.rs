//! AWS IoT: the certificate authorities that sign devices' certificates.

use crate::connect::client;
use crate::failure::lacks;
use crate::{Cloud, failure};
use aws_sdk_iot::Client;
use aws_sdk_iot::config::retry::RetryConfig;
use aws_sdk_iot::operation::register_ca_certificate::RegisterCACertificateError;
use aws_sdk_iot::types::{
    AutoRegistrationStatus, CaCertificateStatus, CertificateMode as IotMode, RegistrationConfig,
    Tag,
};
use muster_documents::CertificateMode;
use muster_onboarding::ports::{
    AuthorityRegistry, MADE_BY, NewAuthority, Provisioning, RegisteredCa, Registration,
    VERIFIER_NAME,
};
use muster_onboarding::{CloudFailure, FailureKind};

/// The adapter to AWS IoT's certificate authorities.
#[derive(Debug, Clone)]
pub struct Authorities {
    client: Client,
}

impl Authorities {
    /// The authorities of the account and region.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: client!(aws_sdk_iot, cloud),
        }
    }
}

impl AuthorityRegistry for Authorities {
    async fn registration_code(&self) -> Result<String, CloudFailure> {
        const ACTION: &str = "iot:GetRegistrationCode";
        let answer = self.client.get_registration_code().send().await;
        let answer = answer.map_err(|error| failure(ACTION, error))?;
        answer
            .registration_code
            .ok_or_else(|| lacks(ACTION, "registration code"))
    }

    async fn register_ca(&self, ca: &NewAuthority) -> Result<Registration, CloudFailure> {
        const ACTION: &str = "iot:RegisterCACertificate";
        let mode = match ca.mode {
            CertificateMode::Default => IotMode::Default,
            CertificateMode::SniOnly => IotMode::SniOnly,
        };
        let verifier = ca.verifier_name.as_deref();
        let tags = [Some(MADE_BY), verifier.map(|name| (VERIFIER_NAME, name))]
            .into_iter()
            .flatten()
            .map(|(key, value)| tag(ACTION, key, value))
            .collect::<Result<_, _>>()?;
        let answer = self
            .client
            .register_ca_certificate()
            .ca_certificate(&ca.certificate_pem)
            .set_verification_certificate(ca.verification_pem.clone())
            .certificate_mode(mode)
            .set_as_active(false)
            .allow_auto_registration(false)
            .set_tags(Some(tags))
            .set_registration_config(ca.provisioning.as_ref().map(registration_config))
            .customize()
            // Tried again blindly, a CA whose answer was lost would look like one that was there before.
            .config_override(
                aws_sdk_iot::config::Config::builder().retry_config(RetryConfig::disabled()),
            )
            .send()
            .await;
        let error = match answer {
            Ok(answer) => {
                return registered(answer.certificate_id, answer.certificate_arn)
                    .map(Registration::New)
                    .ok_or_else(|| lacks(ACTION, "certificate id and ARN"));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(RegisterCACertificateError::ResourceAlreadyExistsException(there)) => {
                registered(there.resource_id.clone(), there.resource_arn.clone())
                    .map(Registration::AlreadyThere)
                    .ok_or_else(|| failure(ACTION, error))
            }
            _ => Err(failure(ACTION, error)),
        }
    }

    async fn admit_devices(&self, ca_id: &str) -> Result<(), CloudFailure> {
        self.client
            .update_ca_certificate()
            .certificate_id(ca_id)
            .new_status(CaCertificateStatus::Active)
            .new_auto_registration_status(AutoRegistrationStatus::Enable)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:UpdateCACertificate", error))
    }

    async fn discard_ca(&self, ca_id: &str) -> Result<(), CloudFailure> {
        let deactivated = self
            .client
            .update_ca_certificate()
            .certificate_id(ca_id)
            .new_status(CaCertificateStatus::Inactive)
            .new_auto_registration_status(AutoRegistrationStatus::Disable)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:UpdateCACertificate", error));
        // Also where that failed: it may never have been active.
        let deleted = self
            .client
            .delete_ca_certificate()
            .certificate_id(ca_id)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:DeleteCACertificate", error));
        match CloudFailure::unless_not_found(deleted) {
            Ok(()) => Ok(()),
            Err(failure) => Err(deactivated.err().unwrap_or(failure)),
        }
    }
}

fn registration_config(provisioning: &Provisioning) -> RegistrationConfig {
    RegistrationConfig::builder()
        .template_body(&provisioning.template)
        .role_arn(&provisioning.role_arn)
        .build()
}

fn tag(action: &'static str, key: &str, value: &str) -> Result<Tag, CloudFailure> {
    Tag::builder()
        .key(key)
        .value(value)
        .build()
        .map_err(|error| CloudFailure {
            kind: FailureKind::Refused,
            action,
            message: format!("the tag {key} cannot be written"),
            source: Some(Box::new(error)),
        })
}

fn registered(id: Option<String>, arn: Option<String>) -> Option<RegisteredCa> {
    Some(RegisteredCa { id: id?, arn: arn? })
}
