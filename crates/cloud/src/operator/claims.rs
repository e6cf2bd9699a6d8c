//! Claim certificates: made, listed, revoked.

mod adoption;

pub use adoption::ClaimNotAdopted;

use super::FleetList;
use crate::ledger::{Item, number, text};
use crate::{Cloud, Identity, failure};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_iot::Client;
use aws_sdk_iot::types::{CertificateDescription, CertificateStatus};
use muster_documents::FleetName;
use muster_onboarding::ledger::{PK, SK, STATE_SK, claim_key};
use muster_onboarding::ports::{CertificateAuthority, CertificateSwitch};
use muster_onboarding::{CloudFailure, FailureKind, FleetNames, Place};
use secrecy::SecretString;
use serde::Serialize;

/// What is written of a claim certificate. One that is noted already keeps what else is known of it.
const NOTED: &str =
    "SET #name = if_not_exists(#name, :name), createdAt = if_not_exists(createdAt, :now)";

/// A claim certificate in AWS IoT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// Its certificate id.
    pub certificate_id: String,
    /// What the operator called it.
    pub name: String,
    /// `ACTIVE` or what else AWS IoT says.
    pub status: String,
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
    /// The fleet whose devices share it, if they are a fleet's.
    pub fleet: Option<String>,
    /// Until when it lets devices in, in seconds since 1970, if another has taken its place.
    pub until: Option<i64>,
    /// Why it lets no devices in any more, if so.
    pub shut: Option<String>,
    /// Whether the ledger knows it. One that it does not know lets nobody in, whatever its policies.
    pub known: bool,
    /// Whether another system has made it.
    pub adopted: bool,
}

impl Claim {
    /// Whether it is somebody else's for all that is known: adopted, or with the claim policies and not in the ledger.
    pub fn is_others(&self) -> bool {
        self.adopted || (!self.known && self.fleet.is_none())
    }
}

/// A claim certificate that was just made. Its private key was made here and is nowhere else.
#[derive(Debug)]
pub struct CreatedClaim {
    /// Its certificate id.
    pub certificate_id: String,
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// The private key, PEM (PKCS#8).
    pub private_key_pem: SecretString,
}

/// The claim certificates of one stack.
#[derive(Debug, Clone)]
pub struct Claims {
    iot: Client,
    identity: Identity,
    dynamodb: aws_sdk_dynamodb::Client,
    table: String,
    /// Both are attached to every claim certificate of the chunked and the legacy way in.
    policies: [String; 2],
    fleets: FleetList,
    place: Place,
}

impl Claims {
    /// The claim certificates that `policies` are attached to, with their names in `table`, and those of the fleets in it.
    pub fn new(cloud: &Cloud, table: &str, policies: [String; 2], stack: &str) -> Self {
        let region = cloud.config.region().map(ToString::to_string);
        Self {
            fleets: FleetList::new(cloud, table),
            // Names are all that is made of it.
            place: Place {
                partition: String::new(),
                region: region.unwrap_or_default(),
                account: String::new(),
                stack: stack.to_owned(),
            },
            iot: Client::new(&cloud.config),
            identity: Identity::new(cloud, ""),
            dynamodb: aws_sdk_dynamodb::Client::new(&cloud.config),
            table: table.to_owned(),
            policies,
        }
    }

    /// Makes a key here, has AWS IoT certify it, and attaches the policies. What fails is undone.
    pub async fn create(&self, name: &str, now: i64) -> Result<CreatedClaim, CloudFailure> {
        let broken = |_| CloudFailure {
            kind: FailureKind::Unavailable,
            action: "making the claim's key",
            message: "the system's randomness failed".to_owned(),
            source: None,
        };
        let key = muster_pki::DeviceKey::generate().map_err(broken)?;
        let csr = key.csr(&format!("claim {name}")).map_err(broken)?;
        let certificate = self.identity.issue(&csr.pem()).await?;
        let made = async {
            self.attach_policies(&certificate.arn).await?;
            self.note(&certificate.id, name, now, NOTED).await
        };
        if let Err(error) = made.await {
            self.revoke(&certificate.id).await?;
            return Err(error);
        }
        Ok(CreatedClaim {
            certificate_id: certificate.id,
            certificate_pem: muster_pki::der_to_pem("CERTIFICATE", &certificate.der),
            private_key_pem: key.pem(),
        })
    }

    async fn attach_policies(&self, arn: &str) -> Result<(), CloudFailure> {
        for policy in &self.policies {
            self.iot
                .attach_policy()
                .policy_name(policy)
                .target(arn)
                .send()
                .await
                .map_err(|error| failure("iot:AttachPolicy", error))?;
        }
        Ok(())
    }

    async fn note(
        &self,
        certificate_id: &str,
        name: &str,
        now: i64,
        update: &str,
    ) -> Result<(), CloudFailure> {
        self.dynamodb
            .update_item()
            .table_name(&self.table)
            .key(PK, AttributeValue::S(claim_key(certificate_id)))
            .key(SK, AttributeValue::S(STATE_SK.to_owned()))
            .update_expression(update)
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":name", AttributeValue::S(name.to_owned()))
            .expression_attribute_values(":now", AttributeValue::N(now.to_string()))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:UpdateItem", error))
    }

    /// Deactivates and deletes a claim certificate. Its policies go first, so that it can do nothing from then on.
    pub async fn revoke(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        let found = self.find(certificate_id).await?;
        let arn = found.as_ref().and_then(|found| found.certificate_arn());
        if let Some(arn) = arn {
            for policy in self.policies_of(arn).await? {
                self.detach_policy(&policy, arn).await?;
            }
        }
        self.identity.discard(certificate_id).await?;
        self.forget(certificate_id).await
    }

    async fn detach_policy(&self, policy: &str, arn: &str) -> Result<(), CloudFailure> {
        let detached = self
            .iot
            .detach_policy()
            .policy_name(policy)
            .target(arn)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:DetachPolicy", error));
        CloudFailure::unless_not_found(detached)
    }

    async fn forget(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        self.dynamodb
            .delete_item()
            .table_name(&self.table)
            .key(PK, AttributeValue::S(claim_key(certificate_id)))
            .key(SK, AttributeValue::S(STATE_SK.to_owned()))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:DeleteItem", error))
    }

    /// Lets devices in with a claim certificate again that was shut.
    pub async fn reopen(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        self.iot
            .update_certificate()
            .certificate_id(certificate_id)
            .new_status(CertificateStatus::Active)
            .send()
            .await
            .map_err(|error| failure("iot:UpdateCertificate", error))?;
        self.dynamodb
            .update_item()
            .table_name(&self.table)
            .key(PK, AttributeValue::S(claim_key(certificate_id)))
            .key(SK, AttributeValue::S(STATE_SK.to_owned()))
            .update_expression("REMOVE shut")
            .condition_expression("attribute_exists(pk)")
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:UpdateItem", error))
    }

    /// Lets nobody in with a claim certificate any more, and takes it out of use in AWS IoT.
    /// `why` is what the ledger says of it. [`Claims::reopen`] is the undo.
    pub async fn shut(&self, certificate_id: &str, why: &str) -> Result<(), CloudFailure> {
        self.note_shut(certificate_id, why).await?;
        self.identity.deactivate_certificate(certificate_id).await
    }

    /// One that the ledger does not know is refused as it is.
    async fn note_shut(&self, certificate_id: &str, why: &str) -> Result<(), CloudFailure> {
        let noted = self
            .dynamodb
            .update_item()
            .table_name(&self.table)
            .key(PK, AttributeValue::S(claim_key(certificate_id)))
            .key(SK, AttributeValue::S(STATE_SK.to_owned()))
            .update_expression("SET shut = :why")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":why", AttributeValue::S(why.to_owned()))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:UpdateItem", error));
        match noted {
            Err(error) if error.kind == FailureKind::ConditionFailed => Ok(()),
            other => other,
        }
    }

    async fn policies_of(&self, arn: &str) -> Result<Vec<String>, CloudFailure> {
        let listed = self
            .iot
            .list_attached_policies()
            .target(arn)
            .send()
            .await
            .map_err(|error| failure("iot:ListAttachedPolicies", error))?;
        let names = listed.policies().iter();
        Ok(names
            .filter_map(|policy| policy.policy_name().map(str::to_owned))
            .collect())
    }

    /// Every certificate that a claim policy is attached to: this stack's, and those of its fleets.
    pub async fn list(&self) -> Result<Vec<Claim>, CloudFailure> {
        let mut claims = Vec::new();
        for id in self.certificates_with(&self.policies[0]).await? {
            claims.push(self.describe(&id).await?);
        }
        for (fleet, policy) in self.fleets_policies().await? {
            for id in self.certificates_with(&policy).await? {
                let mut claim = self.describe(&id).await?;
                claim.fleet.get_or_insert_with(|| fleet.clone());
                claims.push(claim);
            }
        }
        Ok(claims)
    }

    /// The fleets, and the policies of their claim certificates.
    async fn fleets_policies(&self) -> Result<Vec<(String, String)>, CloudFailure> {
        let mut policies = Vec::new();
        for fleet in self.fleets.list().await? {
            if let Ok(name) = FleetName::new(fleet.template_name.as_str()) {
                let policy = FleetNames::new(&self.place, &name).claim_policy();
                policies.push((fleet.template_name, policy));
            }
        }
        Ok(policies)
    }

    async fn certificates_with(&self, policy: &str) -> Result<Vec<String>, CloudFailure> {
        let mut ids = Vec::new();
        let mut pages = self
            .iot
            .list_targets_for_policy()
            .policy_name(policy)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            match page.map_err(|error| failure("iot:ListTargetsForPolicy", error)) {
                Ok(page) => ids.extend(
                    page.targets()
                        .iter()
                        .filter_map(|arn| arn.rsplit_once("cert/"))
                        .map(|(_, id)| id.to_owned()),
                ),
                // The fleet is not set up yet.
                Err(error) if error.kind == FailureKind::NotFound => break,
                Err(error) => return Err(error),
            }
        }
        Ok(ids)
    }

    async fn find(
        &self,
        certificate_id: &str,
    ) -> Result<Option<CertificateDescription>, CloudFailure> {
        self.iot
            .describe_certificate()
            .certificate_id(certificate_id)
            .send()
            .await
            .map(|answer| answer.certificate_description)
            .map_err(|error| failure("iot:DescribeCertificate", error))
    }

    async fn item(&self, certificate_id: &str) -> Result<Option<Item>, CloudFailure> {
        self.dynamodb
            .get_item()
            .table_name(&self.table)
            .key(PK, AttributeValue::S(claim_key(certificate_id)))
            .key(SK, AttributeValue::S(STATE_SK.to_owned()))
            .send()
            .await
            .map(|read| read.item)
            .map_err(|error| failure("dynamodb:GetItem", error))
    }

    async fn describe(&self, certificate_id: &str) -> Result<Claim, CloudFailure> {
        let found = self.find(certificate_id).await?;
        let found = found.as_ref();
        let noted = self.item(certificate_id).await?;
        let known = noted.is_some();
        let noted = noted.unwrap_or_default();
        Ok(Claim {
            certificate_id: certificate_id.to_owned(),
            name: text(&noted, "name").unwrap_or_default(),
            fleet: text(&noted, "fleet"),
            until: number(&noted, "until"),
            shut: text(&noted, "shut"),
            known,
            adopted: noted.contains_key("adopted"),
            status: found
                .and_then(|found| found.status())
                .map_or_else(String::new, |status| status.as_str().to_owned()),
            created_at: found
                .and_then(|found| found.creation_date())
                .map_or(0, aws_sdk_iot::primitives::DateTime::secs),
        })
    }
}
