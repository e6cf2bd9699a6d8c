//! Taking one thing away. Done already is done.

use super::kind::Kind;
use super::report::Piece;
use super::survey::Survey;
use super::world::World;
use muster_cloud::operator::ThingRemoval;
use muster_onboarding::ports::{AuthorityRegistry, FleetRegistry, PolicyRemoval};
use muster_onboarding::{CloudFailure, FailureKind};

/// Why an execution was stopped, as Step Functions shows it.
const WHY: &str = "muster teardown";
/// Why a thing stays after all.
const IN_USE: &str = "another certificate than the devices' is attached to it";

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Gone,
    /// It stays, and why.
    Stays(&'static str),
}

impl World {
    /// Takes something away.
    pub(super) async fn remove(
        &self,
        piece: &Piece,
        survey: &Survey,
    ) -> Result<Removal, CloudFailure> {
        let name = &*piece.name;
        let also = piece.also.as_deref().unwrap_or_default();
        match piece.kind {
            Kind::TopicRule => self.works.disable_rule(name).await?,
            Kind::Function => self.works.shut_function(name).await?,
            Kind::Execution => self.works.stop(name, WHY).await?,
            Kind::OpenAuthority => {
                let shut = self.authorities.set_admitting(name, false).await;
                CloudFailure::unless_not_found(shut)?;
            }
            Kind::ProvisioningTemplate => self.fleet_registry().remove_template(name).await?,
            Kind::ClaimCertificate | Kind::Certificate => self.certificate(name, also).await?,
            Kind::Thing => return self.thing(name, survey).await,
            Kind::PolicyAttachment => self.registry.detach_policy(name, also).await?,
            Kind::Authority => {
                let registry = muster_cloud::Authorities::new(&self.cloud);
                registry.discard_ca(name).await?;
            }
            Kind::FleetPolicy => self.policy(name).await?,
            Kind::RoleAlias => self.fleet_registry().remove_role_alias(name).await?,
            Kind::Bucket => {
                if let Some(vault) = self.vault() {
                    vault.delete_bucket().await?;
                }
            }
            Kind::Table => self.remains.delete_table(name).await?,
            Kind::Key => {
                let days = self.terms.key_days;
                self.remains.schedule_key_deletion(name, days).await?;
            }
            Kind::LogGroup => self.remains.delete_log_group(name).await?,
            // All of them at once: see `run`.
            Kind::StackResource | Kind::VaultFile => {}
        }
        Ok(Removal::Gone)
    }

    /// Nobody connects with it from its first step on.
    async fn certificate(&self, id: &str, arn: &str) -> Result<(), CloudFailure> {
        self.registry.deactivate(id).await?;
        for policy in self.registry.policies_of(arn).await? {
            self.registry.detach_policy(&policy, arn).await?;
        }
        for thing in self.registry.things_of(arn).await? {
            self.registry.detach_thing(&thing, arn).await?;
        }
        self.registry.delete_certificate(id).await
    }

    async fn thing(&self, name: &str, survey: &Survey) -> Result<Removal, CloudFailure> {
        for arn in self.registry.principals_of(name).await? {
            if survey.going.contains(&arn) {
                self.registry.detach_thing(name, &arn).await?;
            }
        }
        if !self.registry.principals_of(name).await?.is_empty() {
            return Ok(Removal::Stays(IN_USE));
        }
        // First, since a thing that is gone is not found again.
        self.shadows.delete(name).await?;
        Ok(match self.registry.delete_thing(name).await? {
            ThingRemoval::Gone => Removal::Gone,
            ThingRemoval::InUse => Removal::Stays(IN_USE),
        })
    }

    async fn policy(&self, name: &str) -> Result<(), CloudFailure> {
        match self.fleet_registry().remove_policy(name).await? {
            PolicyRemoval::Gone => Ok(()),
            // What was detached a moment ago may still be listed.
            PolicyRemoval::InUse => Err(CloudFailure {
                kind: FailureKind::Throttled,
                action: "iot:DeletePolicy",
                message: format!("the policy {name} is still attached"),
                source: None,
            }),
        }
    }
}
