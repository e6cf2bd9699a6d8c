//! AWS IoT: certificates that devices bring, and the CAs that signed them.

use crate::connect::client;
use crate::failure::lacks;
use crate::remembered::Remembered;
use crate::{Cloud, failure};
use aws_sdk_iot::Client;
use aws_sdk_iot::types::{CaCertificateStatus, CertificateStatus, RegistrationConfig};
use muster_documents::tasks::Verdict;
use muster_documents::{CertificateDescription, Serial};
use muster_onboarding::ports::{
    CertificateActivation, CertificateRegistry, MADE_BY_TEMPLATE, RegisteredAuthority,
    RegisteredCertificate, ThingOrigins, Things,
};
use muster_onboarding::{CloudFailure, FailureKind};
use std::collections::BTreeMap;
use std::time::Instant;

/// The adapter to AWS IoT's registrations.
#[derive(Debug, Clone)]
pub struct Registrations {
    client: Client,
    authorities: Remembered<RegisteredAuthority>,
}

impl Registrations {
    /// Remembers nothing yet.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: client!(aws_sdk_iot, cloud),
            authorities: Remembered::default(),
        }
    }
}

impl CertificateRegistry for Registrations {
    async fn certificate(
        &self,
        certificate_id: &str,
    ) -> Result<Option<RegisteredCertificate>, CloudFailure> {
        const ACTION: &str = "iot:DescribeCertificate";
        let described = self
            .client
            .describe_certificate()
            .certificate_id(certificate_id)
            .send()
            .await
            .map_err(|error| failure(ACTION, error));
        let described = match described {
            Err(error) if error.kind == FailureKind::NotFound => return Ok(None),
            other => other?,
        };
        let broken = |what: &str| lacks(ACTION, what);
        let found = described
            .certificate_description
            .ok_or_else(|| broken("description"))?;
        let pem = found.certificate_pem.ok_or_else(|| broken("certificate"))?;
        let status = found.status.ok_or_else(|| broken("status"))?;
        Ok(Some(RegisteredCertificate {
            der: muster_pki::pem_to_der(&pem).map_err(|_| broken("readable certificate"))?,
            description: CertificateDescription {
                certificate_arn: found
                    .certificate_arn
                    .ok_or_else(|| broken("certificate ARN"))?,
                certificate_id: certificate_id.to_owned(),
                ca_certificate_id: found.ca_certificate_id,
                status: status.as_str().to_owned(),
                certificate_pem: pem,
                owned_by: found.owned_by,
                thing_name: None,
            },
        }))
    }

    async fn authority(
        &self,
        ca_certificate_id: &str,
    ) -> Result<RegisteredAuthority, CloudFailure> {
        const ACTION: &str = "iot:DescribeCACertificate";
        if let Some(authority) = self.authorities.of(ca_certificate_id, Instant::now()) {
            return Ok(authority);
        }
        let described = self
            .client
            .describe_ca_certificate()
            .certificate_id(ca_certificate_id)
            .send()
            .await
            .map_err(|error| failure(ACTION, error));
        let described = match described {
            // Deregistered meanwhile: it lets nobody in.
            Err(error) if error.kind == FailureKind::NotFound => {
                return Ok(RegisteredAuthority::default());
            }
            other => other?,
        };
        // By name, the template is AWS IoT's to look up.
        let template = described
            .registration_config
            .filter(provisions)
            .map(|config| config.template_body.unwrap_or_default());
        let found = described
            .certificate_description
            .unwrap_or_else(|| aws_sdk_iot::types::CaCertificateDescription::builder().build());
        let tags = match &found.certificate_arn {
            Some(arn) => tags_of(&self.client, arn).await?,
            None => BTreeMap::new(),
        };
        let authority = RegisteredAuthority {
            active: found.status == Some(CaCertificateStatus::Active),
            tags,
            arn: found.certificate_arn.unwrap_or_default(),
            certificate_pem: found.certificate_pem.unwrap_or_default(),
            template,
        };
        self.authorities
            .keep(ca_certificate_id, authority.clone(), Instant::now());
        Ok(authority)
    }
}

/// The tags of a resource, by its ARN.
pub(crate) async fn tags_of(
    client: &Client,
    arn: &str,
) -> Result<BTreeMap<String, String>, CloudFailure> {
    let mut listed = client
        .list_tags_for_resource()
        .resource_arn(arn)
        .into_paginator()
        .items()
        .send();
    let mut tags = BTreeMap::new();
    while let Some(tag) = listed.next().await {
        let tag = tag.map_err(|error| failure("iot:ListTagsForResource", error))?;
        tags.insert(tag.key, tag.value.unwrap_or_default());
    }
    Ok(tags)
}

/// Whether AWS IoT itself provisions a CA's devices: a configuration may have a role alone.
pub(crate) fn provisions(config: &RegistrationConfig) -> bool {
    config.template_body().is_some() || config.template_name().is_some()
}

impl Things for Registrations {
    async fn thing_exists(&self, thing: &Serial) -> Result<bool, CloudFailure> {
        let described = self
            .client
            .describe_thing()
            .thing_name(thing.as_str())
            .send()
            .await
            .map_err(|error| failure("iot:DescribeThing", error));
        match described {
            Err(error) if error.kind == FailureKind::NotFound => Ok(false),
            other => other.map(|_| true),
        }
    }
}

/// What stands for an operator's own thing that has no such attribute: one is never empty.
const NOT_MUSTERS: &str = "-";

impl ThingOrigins for Registrations {
    async fn made_by(&self, thing: &Serial) -> Result<String, CloudFailure> {
        let (attribute, ours) = MADE_BY_TEMPLATE;
        let described = self
            .client
            .describe_thing()
            .thing_name(thing.as_str())
            .send()
            .await
            .map_err(|error| failure("iot:DescribeThing", error));
        match described {
            Err(error) if error.kind == FailureKind::NotFound => Ok(ours.to_owned()),
            other => {
                let attributes = other?.attributes.unwrap_or_default();
                let is = attributes
                    .get(attribute)
                    .map_or(NOT_MUSTERS, String::as_str);
                Ok(is.to_owned())
            }
        }
    }
}

impl CertificateActivation for Registrations {
    async fn settle(&self, certificate_id: &str, verdict: Verdict) -> Result<(), CloudFailure> {
        let status = match verdict {
            Verdict::Activate => CertificateStatus::Active,
            Verdict::Revoke => CertificateStatus::Revoked,
        };
        self.client
            .update_certificate()
            .certificate_id(certificate_id)
            .new_status(status)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:UpdateCertificate", error))
    }
}
