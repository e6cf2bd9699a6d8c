//! AWS IoT: provisioning templates, their policies and role aliases, and claim certificates.

use crate::connect::client;
use crate::failure::lacks;
use crate::{Cloud, failure};
use aws_sdk_iot::Client;
use aws_sdk_iot::operation::describe_provisioning_template::DescribeProvisioningTemplateOutput;
use aws_sdk_iot::types::{CertificateStatus, ProvisioningHook, ProvisioningTemplateVersionSummary};
use muster_onboarding::ports::{FleetRegistry, NewTemplate, PolicyRemoval};
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::Value;

/// The version of what the hook is asked (AWS IoT developer guide, "Pre-provisioning hooks").
const HOOK_VERSION: &str = "2020-04-01";

/// The most targets in one answer (API reference, `ListTargetsForPolicy`).
const MOST_TARGETS: i32 = 250;

/// The adapter to what AWS IoT keeps of fleets.
#[derive(Debug, Clone)]
pub struct Fleets {
    client: Client,
    mark: String,
}

impl Fleets {
    /// The fleets of a stack. The descriptions of their templates begin with `mark`, by which they are told from others:
    /// a template's name is the operator's choice.
    pub fn new(cloud: &Cloud, mark: impl Into<String>) -> Self {
        Self {
            client: client!(aws_sdk_iot, cloud),
            mark: mark.into(),
        }
    }

    /// A template of the stack's; `None` if there is none of this name, or it is somebody else's.
    async fn own_template(
        &self,
        name: &str,
    ) -> Result<Option<DescribeProvisioningTemplateOutput>, CloudFailure> {
        let found = self
            .client
            .describe_provisioning_template()
            .template_name(name)
            .send()
            .await
            .map_err(|error| failure("iot:DescribeProvisioningTemplate", error));
        let own = |found: &DescribeProvisioningTemplateOutput| {
            let description = found.description();
            description.is_some_and(|description| description.starts_with(&self.mark))
        };
        match found {
            Ok(found) => Ok(Some(found).filter(own)),
            Err(error) if error.kind == FailureKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes another version of a policy the one that holds, in the place of the oldest where there are five already.
    async fn replace_policy(&self, name: &str, document: &str) -> Result<(), CloudFailure> {
        self.drop_policy_versions(name, MOST_VERSIONS - 1).await?;
        self.client
            .create_policy_version()
            .policy_name(name)
            .policy_document(document)
            .set_as_default(true)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:CreatePolicyVersion", error))
    }

    /// Drops the oldest versions of a policy that do not hold, until there are no more than so many.
    async fn drop_policy_versions(&self, name: &str, most: usize) -> Result<(), CloudFailure> {
        let listed = self.client.list_policy_versions().policy_name(name).send();
        let listed = listed
            .await
            .map_err(|error| failure("iot:ListPolicyVersions", error))?;
        let versions = listed.policy_versions();
        let mut spare: Vec<_> = versions
            .iter()
            .filter(|version| !version.is_default_version())
            .filter_map(|version| version.version_id())
            .collect();
        spare.sort_by_key(|id| id.parse::<u32>().unwrap_or_default());
        for id in spare.iter().take(versions.len().saturating_sub(most)) {
            self.client
                .delete_policy_version()
                .policy_name(name)
                .policy_version_id(*id)
                .send()
                .await
                .map(drop)
                .map_err(|error| failure("iot:DeletePolicyVersion", error))?;
        }
        Ok(())
    }

    /// Changes a template that is there.
    async fn replace_template(&self, template: &NewTemplate) -> Result<(), CloudFailure> {
        let found = self.own_template(&template.name).await?;
        let found = found.ok_or_else(|| CloudFailure {
            kind: FailureKind::Refused,
            action: "iot:CreateProvisioningTemplate",
            message: format!(
                "there is a provisioning template {} already, which is not this stack's",
                template.name
            ),
            source: None,
        })?;
        if found
            .template_body()
            .is_none_or(|body| !same(body, &template.body))
        {
            self.drop_template_versions(&template.name).await?;
            self.client
                .create_provisioning_template_version()
                .template_name(&template.name)
                .template_body(&template.body)
                .set_as_default(true)
                .send()
                .await
                .map_err(|error| failure("iot:CreateProvisioningTemplateVersion", error))?;
        }
        let hook_is = found
            .pre_provisioning_hook()
            .map(ProvisioningHook::target_arn);
        if found.enabled() == Some(true)
            && hook_is == Some(template.hook_arn.as_str())
            && found.provisioning_role_arn() == Some(template.role_arn.as_str())
        {
            return Ok(());
        }
        self.client
            .update_provisioning_template()
            .template_name(&template.name)
            .enabled(true)
            .provisioning_role_arn(&template.role_arn)
            .pre_provisioning_hook(hook(template)?)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:UpdateProvisioningTemplate", error))
    }

    /// Drops the oldest versions of a template that do not hold, so that there is room for one more.
    async fn drop_template_versions(&self, name: &str) -> Result<(), CloudFailure> {
        let listed = self
            .client
            .list_provisioning_template_versions()
            .template_name(name)
            .send()
            .await
            .map_err(|error| failure("iot:ListProvisioningTemplateVersions", error))?;
        let versions = listed.versions();
        let mut spare: Vec<_> = versions
            .iter()
            .filter(|version| !version.is_default_version())
            .filter_map(ProvisioningTemplateVersionSummary::version_id)
            .collect();
        spare.sort_unstable();
        for id in spare
            .into_iter()
            .take((versions.len() + 1).saturating_sub(MOST_VERSIONS))
        {
            self.client
                .delete_provisioning_template_version()
                .template_name(name)
                .version_id(id)
                .send()
                .await
                .map(drop)
                .map_err(|error| failure("iot:DeleteProvisioningTemplateVersion", error))?;
        }
        Ok(())
    }

    /// Registers a certificate that its own key has signed. It is inactive.
    async fn register(&self, certificate_pem: &str) -> Result<(), CloudFailure> {
        let registered = self
            .client
            .register_certificate_without_ca()
            .certificate_pem(certificate_pem)
            .status(CertificateStatus::Inactive)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:RegisterCertificateWithoutCA", error));
        unless_there(registered)
    }

    async fn attach(&self, certificate_arn: &str, policy: &str) -> Result<(), CloudFailure> {
        self.client
            .attach_policy()
            .policy_name(policy)
            .target(certificate_arn)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:AttachPolicy", error))
    }

    async fn set_status(
        &self,
        certificate_id: &str,
        status: CertificateStatus,
    ) -> Result<(), CloudFailure> {
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

/// The most versions of a policy, and of a provisioning template, that AWS IoT keeps (service quotas).
const MOST_VERSIONS: usize = 5;

/// Whether two documents say the same, however they are written.
fn same(one: &str, other: &str) -> bool {
    let read = |text| serde_json::from_str::<Value>(text).ok();
    one == other || read(one).is_some_and(|one| Some(one) == read(other))
}

/// Takes "it is there already" for done.
fn unless_there(result: Result<(), CloudFailure>) -> Result<(), CloudFailure> {
    match result {
        Err(failure) if failure.kind == FailureKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn hook(template: &NewTemplate) -> Result<ProvisioningHook, CloudFailure> {
    ProvisioningHook::builder()
        .payload_version(HOOK_VERSION)
        .target_arn(&template.hook_arn)
        .build()
        .map_err(|error| CloudFailure {
            kind: FailureKind::Refused,
            action: "iot:CreateProvisioningTemplate",
            message: "the hook cannot be named".to_owned(),
            source: Some(Box::new(error)),
        })
}

/// The id in a certificate's ARN.
fn id_of(certificate_arn: &str) -> &str {
    let id = certificate_arn.rsplit_once("cert/");
    id.map_or(certificate_arn, |(_, id)| id)
}

impl FleetRegistry for Fleets {
    async fn keep_policy(&self, name: &str, document: &str) -> Result<(), CloudFailure> {
        let found = self.client.get_policy().policy_name(name).send().await;
        match found.map_err(|error| failure("iot:GetPolicy", error)) {
            Ok(found) if found.policy_document().is_some_and(|is| same(is, document)) => Ok(()),
            Ok(_) => self.replace_policy(name, document).await,
            Err(error) if error.kind == FailureKind::NotFound => {
                let made = self
                    .client
                    .create_policy()
                    .policy_name(name)
                    .policy_document(document)
                    .send()
                    .await
                    .map(drop)
                    .map_err(|error| failure("iot:CreatePolicy", error));
                unless_there(made)
            }
            Err(error) => Err(error),
        }
    }

    async fn remove_policy(&self, name: &str) -> Result<PolicyRemoval, CloudFailure> {
        if !self.certificates_with(name).await?.is_empty() {
            return Ok(PolicyRemoval::InUse);
        }
        CloudFailure::unless_not_found(self.drop_policy_versions(name, 1).await)?;
        let deleted = self.client.delete_policy().policy_name(name).send();
        let deleted = deleted
            .await
            .map(drop)
            .map_err(|error| failure("iot:DeletePolicy", error));
        CloudFailure::unless_not_found(deleted)?;
        Ok(PolicyRemoval::Gone)
    }

    async fn keep_template(&self, template: &NewTemplate) -> Result<(), CloudFailure> {
        let made = self
            .client
            .create_provisioning_template()
            .template_name(&template.name)
            .description(format!("{} - {}", self.mark, template.description))
            .template_body(&template.body)
            .enabled(true)
            .provisioning_role_arn(&template.role_arn)
            .pre_provisioning_hook(hook(template)?)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:CreateProvisioningTemplate", error));
        match made {
            Err(error) if error.kind == FailureKind::AlreadyExists => {
                self.replace_template(template).await
            }
            other => other,
        }
    }

    async fn remove_template(&self, name: &str) -> Result<(), CloudFailure> {
        if self.own_template(name).await?.is_none() {
            return Ok(());
        }
        let deleted = self
            .client
            .delete_provisioning_template()
            .template_name(name)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:DeleteProvisioningTemplate", error));
        CloudFailure::unless_not_found(deleted)
    }

    async fn keep_role_alias(&self, name: &str, role_arn: &str) -> Result<String, CloudFailure> {
        const ACTION: &str = "iot:CreateRoleAlias";
        let made = self
            .client
            .create_role_alias()
            .role_alias(name)
            .role_arn(role_arn)
            .send()
            .await
            .map_err(|error| failure(ACTION, error));
        match made {
            Ok(made) => made.role_alias_arn.ok_or_else(|| lacks(ACTION, "ARN")),
            Err(error) if error.kind == FailureKind::AlreadyExists => {
                let updated = self
                    .client
                    .update_role_alias()
                    .role_alias(name)
                    .role_arn(role_arn)
                    .send()
                    .await
                    .map_err(|error| failure("iot:UpdateRoleAlias", error))?;
                updated.role_alias_arn.ok_or_else(|| lacks(ACTION, "ARN"))
            }
            Err(error) => Err(error),
        }
    }

    async fn remove_role_alias(&self, name: &str) -> Result<(), CloudFailure> {
        let deleted = self.client.delete_role_alias().role_alias(name).send();
        let deleted = deleted
            .await
            .map(drop)
            .map_err(|error| failure("iot:DeleteRoleAlias", error));
        CloudFailure::unless_not_found(deleted)
    }

    async fn admit_claim(
        &self,
        certificate_pem: &str,
        certificate_arn: &str,
        policy: &str,
    ) -> Result<(), CloudFailure> {
        self.register(certificate_pem).await?;
        self.attach(certificate_arn, policy).await?;
        self.set_status(id_of(certificate_arn), CertificateStatus::Active)
            .await
    }

    async fn keep_admitted(
        &self,
        certificate_arn: &str,
        policy: &str,
    ) -> Result<bool, CloudFailure> {
        let described = self
            .client
            .describe_certificate()
            .certificate_id(id_of(certificate_arn))
            .send()
            .await
            .map_err(|error| failure("iot:DescribeCertificate", error));
        match described {
            Ok(_) => self.attach(certificate_arn, policy).await.map(|()| true),
            Err(error) if error.kind == FailureKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn discard_claim(&self, certificate_arn: &str, policy: &str) -> Result<(), CloudFailure> {
        let id = id_of(certificate_arn);
        match self.set_status(id, CertificateStatus::Inactive).await {
            // `DetachPolicy` does not say so clearly of a target that is gone.
            Err(error) if error.kind == FailureKind::NotFound => return Ok(()),
            other => other?,
        }
        let detached = self
            .client
            .detach_policy()
            .policy_name(policy)
            .target(certificate_arn)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:DetachPolicy", error));
        CloudFailure::unless_not_found(detached)?;
        let deleted = self.client.delete_certificate().certificate_id(id).send();
        let deleted = deleted
            .await
            .map(drop)
            .map_err(|error| failure("iot:DeleteCertificate", error));
        CloudFailure::unless_not_found(deleted)
    }

    async fn certificates_with(&self, policy: &str) -> Result<Vec<String>, CloudFailure> {
        let mut targets = Vec::new();
        let mut pages = self
            .client
            .list_targets_for_policy()
            .policy_name(policy)
            .page_size(MOST_TARGETS)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            match page.map_err(|error| failure("iot:ListTargetsForPolicy", error)) {
                Ok(page) => targets.extend(page.targets().to_vec()),
                Err(error) if error.kind == FailureKind::NotFound => break,
                Err(error) => return Err(error),
            }
        }
        Ok(targets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_is_only_written_otherwise_is_no_other_document() {
        assert!(same(r#"{"a": 1, "b": [2]}"#, r#"{"b":[2],"a":1}"#));
        assert!(!same(r#"{"a": 1}"#, r#"{"a": 2}"#));
        assert!(same("no JSON", "no JSON"));
        assert!(!same("no JSON", "nor this"));
    }
}
