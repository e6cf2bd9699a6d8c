//! AWS IoT: all things, certificates, policies, templates and role aliases of an account, and taking them away.

use crate::identity::policies_of;
use crate::inventory::things_of;
use crate::{Cloud, failure};
use aws_sdk_iot::Client;
use aws_sdk_iot::types::{CertificateStatus, ThingAttribute};
use muster_onboarding::ports::{MADE_BY, MADE_BY_TEMPLATE};
use muster_onboarding::{CloudFailure, FailureKind};
use muster_pki::{CaCertificate, CertificateSummary, pem_to_der, read_certificate};

/// The most of a kind in one answer (API reference, `ListThings`, `ListCertificates`, `ListPolicies`).
const PAGE: i32 = 250;

/// A certificate that AWS IoT knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// `ACTIVE` or what else AWS IoT says.
    pub status: String,
}

/// A thing that AWS IoT knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Whether a Muster has made it: whether it has one of the attributes by which Muster's things are known.
    pub marked: bool,
}

/// What became of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThingRemoval {
    /// It is gone.
    Gone,
    /// A certificate is attached to it still.
    InUse,
}

/// What an account has in AWS IoT.
#[derive(Debug, Clone)]
pub struct Registry {
    client: Client,
}

impl Registry {
    /// That of this account and region.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: Client::new(&cloud.config),
        }
    }

    /// Every certificate.
    pub async fn certificates(&self) -> Result<Vec<Registered>, CloudFailure> {
        let mut listed = self
            .client
            .list_certificates()
            .page_size(PAGE)
            .into_paginator()
            .items()
            .send();
        let mut all = Vec::new();
        while let Some(one) = listed.next().await {
            let one = one.map_err(|error| failure("iot:ListCertificates", error))?;
            let status = one.status.as_ref().map(CertificateStatus::as_str);
            let status = status.unwrap_or_default().to_owned();
            let named = one.certificate_id.zip(one.certificate_arn);
            all.extend(named.map(|(id, arn)| Registered { id, arn, status }));
        }
        Ok(all)
    }

    /// Every thing.
    pub async fn things(&self) -> Result<Vec<Listed>, CloudFailure> {
        let mut listed = self
            .client
            .list_things()
            .max_results(PAGE)
            .into_paginator()
            .items()
            .send();
        let mut all = Vec::new();
        while let Some(one) = listed.next().await {
            all.extend(listed_thing(
                one.map_err(|error| failure("iot:ListThings", error))?,
            ));
        }
        Ok(all)
    }

    /// Of these certificates, those that one of these CAs has signed, whatever AWS IoT knows of that: one that was
    /// registered without its CA it does not list among the CA's.
    pub async fn signed_by(
        &self,
        authorities: &[String],
        certificates: &[&str],
    ) -> Result<Vec<String>, CloudFailure> {
        let mut signers = Vec::new();
        for ca in authorities {
            signers.extend(self.authority(ca).await?);
        }
        let mut signed = Vec::new();
        if signers.is_empty() {
            return Ok(signed);
        }
        for id in certificates {
            let read = self.certificate(id).await?;
            if read.is_some_and(|read| signers.iter().any(|ca| read.issued_by(ca))) {
                signed.push((*id).to_owned());
            }
        }
        Ok(signed)
    }

    async fn certificate(&self, id: &str) -> Result<Option<CertificateSummary>, CloudFailure> {
        let described = self.client.describe_certificate().certificate_id(id).send();
        let described = described.await;
        let described = match described.map_err(|error| failure("iot:DescribeCertificate", error)) {
            Err(error) if error.kind == FailureKind::NotFound => return Ok(None),
            described => described?.certificate_description,
        };
        let der = described.and_then(|found| pem_to_der(&found.certificate_pem?).ok());
        Ok(der.and_then(|der| read_certificate(&der).ok()))
    }

    async fn authority(&self, id: &str) -> Result<Option<CaCertificate>, CloudFailure> {
        let described = self.client.describe_ca_certificate();
        let described = described.certificate_id(id).send().await;
        let described = match described.map_err(|error| failure("iot:DescribeCACertificate", error))
        {
            Err(error) if error.kind == FailureKind::NotFound => return Ok(None),
            described => described?.certificate_description,
        };
        let pem = described.and_then(|found| found.certificate_pem);
        Ok(pem.and_then(|pem| CaCertificate::parse_pem(&pem).ok()))
    }

    /// The names of the policies that begin so.
    pub async fn policies(&self, prefix: &str) -> Result<Vec<String>, CloudFailure> {
        let mut pages = self
            .client
            .list_policies()
            .page_size(PAGE)
            .into_paginator()
            .send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure("iot:ListPolicies", error))?;
            let listed = page.policies.unwrap_or_default().into_iter();
            names.extend(listed.filter_map(|policy| policy.policy_name));
        }
        names.retain(|name| name.starts_with(prefix));
        Ok(names)
    }

    /// The ARNs that a policy is attached to. One that is not there is attached to nothing.
    pub async fn targets_of(&self, policy: &str) -> Result<Vec<String>, CloudFailure> {
        let mut pages = self
            .client
            .list_targets_for_policy()
            .policy_name(policy)
            .page_size(PAGE)
            .into_paginator()
            .send();
        let mut targets = Vec::new();
        while let Some(page) = pages.next().await {
            match page.map_err(|error| failure("iot:ListTargetsForPolicy", error)) {
                Err(error) if error.kind == FailureKind::NotFound => return Ok(Vec::new()),
                page => targets.extend(page?.targets.unwrap_or_default()),
            }
        }
        Ok(targets)
    }

    /// The names of the provisioning templates whose descriptions begin so.
    pub async fn templates(&self, mark: &str) -> Result<Vec<String>, CloudFailure> {
        let mut listed = self
            .client
            .list_provisioning_templates()
            .into_paginator()
            .items()
            .send();
        let mut names = Vec::new();
        while let Some(one) = listed.next().await {
            let one = one.map_err(|error| failure("iot:ListProvisioningTemplates", error))?;
            let Some(name) = one.template_name else {
                continue;
            };
            // The list has no descriptions.
            let described = self.client.describe_provisioning_template();
            let described = described.template_name(&name).send().await;
            match described.map_err(|error| failure("iot:DescribeProvisioningTemplate", error)) {
                Err(error) if error.kind == FailureKind::NotFound => {}
                described => {
                    let described = described?;
                    let said = described.description().unwrap_or_default();
                    if said.starts_with(mark) {
                        names.push(name);
                    }
                }
            }
        }
        Ok(names)
    }

    /// The names of the role aliases that begin so.
    pub async fn role_aliases(&self, prefix: &str) -> Result<Vec<String>, CloudFailure> {
        let mut listed = self
            .client
            .list_role_aliases()
            .page_size(PAGE)
            .into_paginator()
            .items()
            .send();
        let mut names = Vec::new();
        while let Some(one) = listed.next().await {
            names.push(one.map_err(|error| failure("iot:ListRoleAliases", error))?);
        }
        names.retain(|name| name.starts_with(prefix));
        Ok(names)
    }

    /// The names of the things that a certificate is attached to.
    pub async fn things_of(&self, certificate_arn: &str) -> Result<Vec<String>, CloudFailure> {
        things_of(&self.client, certificate_arn).await
    }

    /// The names of the policies that are attached to a certificate.
    pub async fn policies_of(&self, certificate_arn: &str) -> Result<Vec<String>, CloudFailure> {
        policies_of(&self.client, certificate_arn).await
    }

    /// The ARNs of what is attached to a thing. One that is not there has nothing.
    pub async fn principals_of(&self, thing: &str) -> Result<Vec<String>, CloudFailure> {
        let mut pages = self
            .client
            .list_thing_principals()
            .thing_name(thing)
            .into_paginator()
            .send();
        let mut principals = Vec::new();
        while let Some(page) = pages.next().await {
            match page.map_err(|error| failure("iot:ListThingPrincipals", error)) {
                Err(error) if error.kind == FailureKind::NotFound => return Ok(Vec::new()),
                page => principals.extend(page?.principals.unwrap_or_default()),
            }
        }
        Ok(principals)
    }

    /// Shuts a certificate out. Done already is done.
    pub async fn deactivate(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        let shut = self
            .client
            .update_certificate()
            .certificate_id(certificate_id)
            .new_status(CertificateStatus::Inactive)
            .send()
            .await
            .map_err(|error| failure("iot:UpdateCertificate", error));
        CloudFailure::unless_not_found(shut.map(drop))
    }

    /// Takes a policy from whatever it is attached to. Done already is done.
    pub async fn detach_policy(&self, policy: &str, target: &str) -> Result<(), CloudFailure> {
        let detached = self.client.detach_policy().policy_name(policy);
        let detached = detached.target(target).send().await;
        let detached = detached.map_err(|error| failure("iot:DetachPolicy", error));
        CloudFailure::unless_not_found(detached.map(drop))
    }

    /// Takes a certificate from a thing. Done already is done.
    pub async fn detach_thing(&self, thing: &str, arn: &str) -> Result<(), CloudFailure> {
        let detached = self.client.detach_thing_principal().thing_name(thing);
        let detached = detached.principal(arn).send().await;
        let detached = detached.map_err(|error| failure("iot:DetachThingPrincipal", error));
        CloudFailure::unless_not_found(detached.map(drop))
    }

    /// Deletes a certificate that is inactive and attached to nothing. Done already is done.
    pub async fn delete_certificate(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        let deleted = self.client.delete_certificate();
        let deleted = deleted.certificate_id(certificate_id).send().await;
        let deleted = deleted.map_err(|error| failure("iot:DeleteCertificate", error));
        CloudFailure::unless_not_found(deleted.map(drop))
    }

    /// Deletes a thing, unless a certificate is attached to it.
    pub async fn delete_thing(&self, thing: &str) -> Result<ThingRemoval, CloudFailure> {
        let deleted = self.client.delete_thing().thing_name(thing).send().await;
        match deleted.map_err(|error| failure("iot:DeleteThing", error)) {
            Err(error) if error.kind == FailureKind::NotFound => Ok(ThingRemoval::Gone),
            Err(error) if error.kind == FailureKind::Refused => {
                if !self.principals_of(thing).await?.is_empty() {
                    return Ok(ThingRemoval::InUse);
                }
                // What was detached a moment ago may still count as attached.
                Err(CloudFailure {
                    kind: FailureKind::Throttled,
                    ..error
                })
            }
            deleted => deleted.map(|_| ThingRemoval::Gone),
        }
    }
}

fn listed_thing(thing: ThingAttribute) -> Option<Listed> {
    let attributes = thing.attributes.unwrap_or_default();
    let has = |(name, value): (&str, &str)| attributes.get(name).is_some_and(|is| is == value);
    Some(Listed {
        name: thing.thing_name?,
        marked: has(MADE_BY) || has(MADE_BY_TEMPLATE),
    })
}
