//! AWS IoT: certificates, things, policies.

use crate::connect::client;
use crate::failure::lacks;
use crate::{Cloud, failure};
use aws_sdk_iot::Client;
use aws_sdk_iot::config::retry::RetryConfig;
use aws_sdk_iot::types::{AttributePayload, CertificateDescription, CertificateStatus};
use muster_documents::Serial;
use muster_onboarding::ports::{
    Certificate, CertificateAuthority, CertificateRemover, CertificateSwitch, HandedOut,
    IdentityRegistry, IdentityRemover, MADE_BY, MADE_BY_TEMPLATE, Policies,
};
use muster_onboarding::rotation::{CERT_ISSUANCE, Day};
use muster_onboarding::{CloudFailure, FailureKind};

/// The adapter to AWS IoT.
#[derive(Debug, Clone)]
pub struct Identity {
    client: Client,
    device_policy: String,
}

impl Identity {
    /// `device_policy` is the policy that makes a device's certificate usable.
    pub fn new(cloud: &Cloud, device_policy: impl Into<String>) -> Self {
        Self {
            client: client!(aws_sdk_iot, cloud),
            device_policy: device_policy.into(),
        }
    }
}

impl Identity {
    /// Takes a certificate away that was handed out, and its thing if Muster's template made it. One that AWS IoT has
    /// issued is deleted. One of a CA's AWS IoT may not know yet; it is registered then, as revoked, since it would come
    /// in with its device's first connection otherwise. One that has ended by `now_unix`, in seconds since 1970, needs
    /// that no more. Done already is done.
    pub async fn shut_out(
        &self,
        handed_out: &HandedOut,
        now_unix: i64,
    ) -> Result<(), CloudFailure> {
        let HandedOut { certificate, .. } = handed_out;
        if handed_out.ca_certificate_id.is_none() {
            let thing = &handed_out.thing_name;
            return self.retire(thing, &certificate.id, &certificate.arn).await;
        }
        let known = self.describe(&certificate.id).await?.is_some();
        if !known && handed_out.not_after >= now_unix {
            self.register(certificate).await?;
        }
        let revoked = self.set_status(&certificate.id, CertificateStatus::Revoked);
        CloudFailure::unless_not_found(revoked.await)?;
        self.detach_policies(&certificate.arn).await?;
        self.detach_thing(&handed_out.thing_name, &certificate.arn)
            .await?;
        self.delete_made_thing(&handed_out.thing_name, &certificate.arn)
            .await
    }

    /// Has AWS IoT know a certificate that no device has brought yet.
    async fn register(&self, certificate: &Certificate) -> Result<(), CloudFailure> {
        let registered = self
            .client
            .register_certificate_without_ca()
            .certificate_pem(muster_pki::der_to_pem("CERTIFICATE", &certificate.der))
            .status(CertificateStatus::Inactive)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:RegisterCertificateWithoutCA", error));
        match registered {
            // Its device was quicker.
            Err(error) if error.kind == FailureKind::AlreadyExists => Ok(()),
            other => other,
        }
    }

    /// Whether nobody can connect with a certificate: it is not active, or not there.
    pub async fn is_out(&self, certificate_id: &str) -> Result<bool, CloudFailure> {
        let found = self.describe(certificate_id).await?;
        let status = found.as_ref().and_then(CertificateDescription::status);
        Ok(status.is_none_or(|status| *status != CertificateStatus::Active))
    }

    /// Takes a device's certificate away, and its thing if Muster made it. Done already is done.
    pub async fn retire(
        &self,
        thing: &Serial,
        certificate_id: &str,
        certificate_arn: &str,
    ) -> Result<(), CloudFailure> {
        self.take_away(thing, certificate_id, certificate_arn)
            .await?;
        self.delete_made_thing(thing, certificate_arn).await
    }

    /// Detaches a certificate from its policies and from these things, and deletes it; one that a CA of the account's has
    /// signed is revoked. Done already is done.
    pub async fn take_from(
        &self,
        things: &[Serial],
        certificate_id: &str,
        certificate_arn: &str,
    ) -> Result<(), CloudFailure> {
        self.detach_policies(certificate_arn).await?;
        for thing in things {
            self.detach_thing(thing, certificate_arn).await?;
        }
        if self.was_brought(certificate_id).await? {
            // Deleted, it would be registered anew when the device connects again, and let in.
            let revoked = self.set_status(certificate_id, CertificateStatus::Revoked);
            return CloudFailure::unless_not_found(revoked.await);
        }
        self.discard(certificate_id).await
    }

    /// Detaches whatever is attached to a certificate: the device policy, or what the template of a fleet or of a CA has
    /// attached.
    async fn detach_policies(&self, certificate_arn: &str) -> Result<(), CloudFailure> {
        for policy in self.attached_policies(certificate_arn).await? {
            self.detach(&policy, certificate_arn).await?;
        }
        Ok(())
    }

    async fn detach(&self, policy: &str, certificate_arn: &str) -> Result<(), CloudFailure> {
        let detached = self
            .client
            .detach_policy()
            .policy_name(policy)
            .target(certificate_arn)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:DetachPolicy", error));
        CloudFailure::unless_not_found(detached)
    }

    /// Whether a CA of the account's has signed it, and not AWS IoT; what is revoked is so, since Muster revokes nothing
    /// else.
    async fn was_brought(&self, certificate_id: &str) -> Result<bool, CloudFailure> {
        let found = self.describe(certificate_id).await?;
        Ok(found.is_some_and(|found| {
            found.ca_certificate_id().is_some()
                || found.status() == Some(&CertificateStatus::Revoked)
        }))
    }

    /// What AWS IoT knows of a certificate; `None` if it is not there.
    async fn describe(
        &self,
        certificate_id: &str,
    ) -> Result<Option<CertificateDescription>, CloudFailure> {
        let described = self
            .client
            .describe_certificate()
            .certificate_id(certificate_id)
            .send()
            .await
            .map_err(|error| failure("iot:DescribeCertificate", error));
        match described {
            Err(error) if error.kind == FailureKind::NotFound => Ok(None),
            other => Ok(other?.certificate_description),
        }
    }

    /// Whether a thing has another certificate than this one, by its ARN.
    async fn has_another(&self, thing: &Serial, arn: &str) -> Result<bool, CloudFailure> {
        let listed = self
            .client
            .list_thing_principals()
            .thing_name(thing.as_str())
            .send()
            .await
            .map_err(|error| failure("iot:ListThingPrincipals", error))?;
        Ok(listed.principals().iter().any(|principal| principal != arn))
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

impl CertificateAuthority for Identity {
    async fn issue(&self, csr_pem: &str) -> Result<Certificate, CloudFailure> {
        const ACTION: &str = "iot:CreateCertificateFromCsr";
        let answer = self
            .client
            .create_certificate_from_csr()
            .certificate_signing_request(csr_pem)
            .set_as_active(true)
            .customize()
            // Tried again blindly, an answer that was lost would leave a certificate that nobody knows of.
            .config_override(
                aws_sdk_iot::config::Config::builder().retry_config(RetryConfig::disabled()),
            )
            .send()
            .await
            .map_err(|error| failure(ACTION, error))?;
        let broken = |what: &str| lacks(ACTION, what);
        let pem = answer
            .certificate_pem()
            .ok_or_else(|| broken("certificate"))?;
        Ok(Certificate {
            id: answer
                .certificate_id()
                .ok_or_else(|| broken("certificate id"))?
                .to_owned(),
            arn: answer
                .certificate_arn()
                .ok_or_else(|| broken("certificate ARN"))?
                .to_owned(),
            der: muster_pki::pem_to_der(pem).map_err(|_| broken("readable certificate"))?,
        })
    }

    async fn discard(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        let deactivated = self.set_status(certificate_id, CertificateStatus::Inactive);
        CloudFailure::unless_not_found(deactivated.await)?;
        let deleted = self
            .client
            .delete_certificate()
            .certificate_id(certificate_id)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:DeleteCertificate", error));
        CloudFailure::unless_not_found(deleted)
    }
}

impl CertificateRemover for Identity {
    async fn take_away(
        &self,
        thing: &Serial,
        certificate_id: &str,
        certificate_arn: &str,
    ) -> Result<(), CloudFailure> {
        let things = std::slice::from_ref(thing);
        self.take_from(things, certificate_id, certificate_arn)
            .await
    }
}

impl Policies for Identity {
    async fn attached_policies(&self, certificate_arn: &str) -> Result<Vec<String>, CloudFailure> {
        policies_of(&self.client, certificate_arn).await
    }

    async fn put_policy(&self, policy: &str, certificate_arn: &str) -> Result<(), CloudFailure> {
        self.client
            .attach_policy()
            .policy_name(policy)
            .target(certificate_arn)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:AttachPolicy", error))
    }

    async fn take_policy(&self, policy: &str, certificate_arn: &str) -> Result<(), CloudFailure> {
        self.detach(policy, certificate_arn).await
    }
}

impl CertificateSwitch for Identity {
    async fn deactivate_certificate(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        let deactivated = self.set_status(certificate_id, CertificateStatus::Inactive);
        CloudFailure::unless_not_found(deactivated.await)
    }
}

impl IdentityRegistry for Identity {
    async fn create_thing(&self, thing: &Serial, issued_on: Day) -> Result<(), CloudFailure> {
        let made = self
            .client
            .create_thing()
            .thing_name(thing.as_str())
            .attribute_payload(
                AttributePayload::builder()
                    .attributes(MADE_BY.0, MADE_BY.1)
                    .attributes(CERT_ISSUANCE, issued_on.to_string())
                    .build(),
            )
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:CreateThing", error));
        match made {
            // AWS answers so when a thing of this name has other attributes: the operator's own.
            Err(error) if error.kind == FailureKind::AlreadyExists => Ok(()),
            other => other,
        }
    }

    async fn attach_thing(
        &self,
        thing: &Serial,
        certificate_arn: &str,
    ) -> Result<(), CloudFailure> {
        self.client
            .attach_thing_principal()
            .thing_name(thing.as_str())
            .principal(certificate_arn)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:AttachThingPrincipal", error))
    }

    async fn attach_policy(&self, certificate_arn: &str) -> Result<(), CloudFailure> {
        self.put_policy(&self.device_policy, certificate_arn).await
    }
}

impl IdentityRemover for Identity {
    async fn detach_policy(&self, certificate_arn: &str) -> Result<(), CloudFailure> {
        self.detach(&self.device_policy, certificate_arn).await
    }

    async fn detach_thing(
        &self,
        thing: &Serial,
        certificate_arn: &str,
    ) -> Result<(), CloudFailure> {
        let detached = self
            .client
            .detach_thing_principal()
            .thing_name(thing.as_str())
            .principal(certificate_arn)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:DetachThingPrincipal", error));
        CloudFailure::unless_not_found(detached)
    }

    async fn delete_made_thing(
        &self,
        thing: &Serial,
        certificate_arn: &str,
    ) -> Result<(), CloudFailure> {
        let found = self
            .client
            .describe_thing()
            .thing_name(thing.as_str())
            .send()
            .await;
        let found = match found.map_err(|error| failure("iot:DescribeThing", error)) {
            Err(error) if error.kind == FailureKind::NotFound => return Ok(()),
            other => other?,
        };
        let attributes = found.attributes.unwrap_or_default();
        let has = |(name, value): (&str, &str)| attributes.get(name).is_some_and(|is| is == value);
        if !has(MADE_BY) && !has(MADE_BY_TEMPLATE) {
            return Ok(());
        }
        let deleted = self
            .client
            .delete_thing()
            .thing_name(thing.as_str())
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:DeleteThing", error));
        match deleted {
            // It is somebody else's as well, and stays.
            Err(error)
                if error.kind == FailureKind::Refused
                    && self.has_another(thing, certificate_arn).await? =>
            {
                Ok(())
            }
            // What was detached a moment ago may still count as attached.
            Err(error) if error.kind == FailureKind::Refused => Err(CloudFailure {
                kind: FailureKind::Throttled,
                ..error
            }),
            other => CloudFailure::unless_not_found(other),
        }
    }
}

/// The names of the policies that are attached to a certificate. One that is not there has none.
pub(crate) async fn policies_of(
    client: &Client,
    certificate_arn: &str,
) -> Result<Vec<String>, CloudFailure> {
    let mut pages = client
        .list_attached_policies()
        .target(certificate_arn)
        .into_paginator()
        .send();
    let mut attached = Vec::new();
    while let Some(page) = pages.next().await {
        match page.map_err(|error| failure("iot:ListAttachedPolicies", error)) {
            Err(error) if error.kind == FailureKind::NotFound => return Ok(Vec::new()),
            page => attached.extend(page?.policies.unwrap_or_default()),
        }
    }
    Ok(attached
        .into_iter()
        .filter_map(|policy| policy.policy_name)
        .collect())
}
