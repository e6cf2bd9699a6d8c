//! Certificate authorities: listed, shut, opened again, and taken away.

use crate::failure::lacks;
use crate::registrations::{provisions, tags_of};
use crate::{Cloud, failure};
use aws_sdk_iot::Client;
use aws_sdk_iot::types::{AutoRegistrationStatus, CaCertificateStatus};
use muster_documents::VaultFile;
use muster_onboarding::ports::{AuthorityRegistry, MADE_BY, VERIFIER_NAME, Vault};
use muster_onboarding::{CloudFailure, FailureKind};
use serde::Serialize;

/// A CA in AWS IoT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Authority {
    /// AWS IoT's id of it.
    pub certificate_id: String,
    /// Its common name; empty where it has none.
    pub common_name: String,
    /// `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// `ENABLE` where AWS IoT registers the devices that it has signed, else `DISABLE`.
    pub auto_registration: String,
    /// The verifier that judges its devices; without one they are not judged.
    pub verifier: Option<String>,
    /// `jitp` where a provisioning template lets its devices in, `jitr` where Muster's workflow does.
    pub route: &'static str,
    /// When its certificate expires, in seconds since 1970.
    pub expires_at: i64,
    /// Whether Muster serves its devices: whether it has the tag `madeBy=muster`.
    pub served: bool,
}

impl Authority {
    /// Whether it admits no device.
    pub fn is_shut(&self) -> bool {
        self.status == CaCertificateStatus::Inactive.as_str()
    }
}

/// The CAs of the account and region.
#[derive(Debug, Clone)]
pub struct Authorities {
    client: Client,
    registry: crate::Authorities,
}

impl Authorities {
    /// Those of this account and region.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: Client::new(&cloud.config),
            registry: crate::Authorities::new(cloud),
        }
    }

    /// What a verification certificate has to have as its common name. It stays the same.
    pub async fn registration_code(&self) -> Result<String, CloudFailure> {
        self.registry.registration_code().await
    }

    /// All of them, those that Muster does not serve among them.
    pub async fn list(&self) -> Result<Vec<Authority>, CloudFailure> {
        let mut listed = self
            .client
            .list_ca_certificates()
            .into_paginator()
            .items()
            .send();
        let mut authorities = Vec::new();
        while let Some(one) = listed.next().await {
            let one = one.map_err(|error| failure("iot:ListCACertificates", error))?;
            let Some(id) = one.certificate_id else {
                continue;
            };
            match self.describe(&id).await {
                // Deregistered meanwhile.
                Err(failure) if failure.kind == FailureKind::NotFound => {}
                described => authorities.push(described?),
            }
        }
        Ok(authorities)
    }

    /// Has the CA admit devices, or admit none. Devices that are in stay in. Repeated, it changes nothing.
    pub async fn set_admitting(&self, id: &str, admitting: bool) -> Result<(), CloudFailure> {
        let (status, registration) = if admitting {
            (CaCertificateStatus::Active, AutoRegistrationStatus::Enable)
        } else {
            (
                CaCertificateStatus::Inactive,
                AutoRegistrationStatus::Disable,
            )
        };
        self.client
            .update_ca_certificate()
            .certificate_id(id)
            .new_status(status)
            .new_auto_registration_status(registration)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:UpdateCACertificate", error))
    }

    /// Takes a CA away, and its files in the vault. Shut it first: one that is open goes on admitting devices until the
    /// last moment. The CA itself goes last, so that it can be named again if this fails before. The certificates of its
    /// devices stay as they are, and work if they did. Done already is done.
    pub async fn remove(&self, id: &str, vault: &impl Vault) -> Result<(), CloudFailure> {
        // The record goes before what it vouches for.
        for file in VaultFile::ALL.into_iter().rev() {
            vault.remove_file(id, file).await?;
        }
        self.registry.discard_ca(id).await
    }

    /// The ids of the certificates that AWS IoT has registered as signed by this CA, whatever their status. Those that
    /// were registered without naming it (`RegisterCertificateWithoutCA`) are not among them.
    pub async fn certificates_of(&self, id: &str) -> Result<Vec<String>, CloudFailure> {
        let mut listed = self
            .client
            .list_certificates_by_ca()
            .ca_certificate_id(id)
            .into_paginator()
            .items()
            .send();
        let mut certificates = Vec::new();
        while let Some(one) = listed.next().await {
            let one = one.map_err(|error| failure("iot:ListCertificatesByCA", error))?;
            certificates.extend(one.certificate_id);
        }
        Ok(certificates)
    }

    async fn describe(&self, id: &str) -> Result<Authority, CloudFailure> {
        const ACTION: &str = "iot:DescribeCACertificate";
        let described = self
            .client
            .describe_ca_certificate()
            .certificate_id(id)
            .send()
            .await
            .map_err(|error| failure(ACTION, error))?;
        let provisions = described
            .registration_config
            .is_some_and(|config| provisions(&config));
        let found = described
            .certificate_description
            .ok_or_else(|| lacks(ACTION, "description"))?;
        let arn = found
            .certificate_arn
            .as_deref()
            .ok_or_else(|| lacks(ACTION, "ARN"))?;
        let mut tags = tags_of(&self.client, arn).await?;
        let certificate = found
            .certificate_pem
            .and_then(|pem| muster_pki::pem_to_der(&pem).ok())
            .and_then(|der| muster_pki::read_certificate(&der).ok())
            .ok_or_else(|| lacks(ACTION, "readable certificate"))?;
        Ok(Authority {
            certificate_id: id.to_owned(),
            common_name: certificate.common_name.unwrap_or_default(),
            status: found.status.map_or_else(String::new, |one| one.to_string()),
            auto_registration: found
                .auto_registration_status
                .map_or_else(String::new, |one| one.to_string()),
            served: tags.get(MADE_BY.0).map(String::as_str) == Some(MADE_BY.1),
            verifier: tags.remove(VERIFIER_NAME),
            route: if provisions { "jitp" } else { "jitr" },
            expires_at: certificate.not_after_unix,
        })
    }
}
