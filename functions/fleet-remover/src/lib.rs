//! Undoes what `fleet-registrar` and `bundle-packer` have made: all of a fleet, or one claim certificate. Every step takes
//! "already gone" for done, so the task can be repeated from anywhere.

use muster_documents::fleet_tasks::{RemoveFleetPart, RemovedFleetPart};
use muster_documents::{ClaimFile, FleetName, bundle};
use muster_onboarding::ports::{FileStore, FleetItem, FleetLedger, FleetRegistry, PolicyRemoval};
use muster_onboarding::{
    CloudFailure, FailureKind, FleetNames, HeldByAnother, Place, check_holder,
};

/// Where what is removed is.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Where it is.
    pub place: Place,
    /// What the names of claim certificates' files begin with.
    pub vault_prefix: String,
}

/// Removes what `task` names.
///
/// # Errors
/// [`RemoverError`]. [`RemoverError::Busy`] comes before anything is removed.
pub async fn remove(
    registry: &impl FleetRegistry,
    files: &impl FileStore,
    ledger: &impl FleetLedger,
    stack: &Stack,
    task: RemoveFleetPart,
) -> Result<RemovedFleetPart, RemoverError> {
    let remover = Remover {
        registry,
        files,
        ledger,
        stack,
    };
    let held = async |fleet: &FleetName, execution: &str| -> Result<FleetItem, RemoverError> {
        Ok(check_holder(ledger.fleet(fleet).await?, fleet, execution)?)
    };
    match task {
        RemoveFleetPart::DryRun {
            template_name,
            execution,
        } => {
            held(&template_name, &execution).await?;
            remover.check_unused(&template_name).await
        }
        RemoveFleetPart::Fleet {
            template_name,
            execution,
        } => {
            let item = held(&template_name, &execution).await?;
            remover.fleet(&template_name, &item).await
        }
        RemoveFleetPart::NewClaim {
            template_name,
            certificate_id,
            execution,
        } => {
            let item = held(&template_name, &execution).await?;
            if let Some(id) = certificate_id.or(item.new_claim_certificate_id) {
                remover.claim(&template_name, &id).await?;
            }
            Ok(RemovedFleetPart::default())
        }
        RemoveFleetPart::Claim {
            template_name,
            certificate_id,
        } => {
            remover.claim(&template_name, &certificate_id).await?;
            Ok(RemovedFleetPart::default())
        }
    }
}

/// Why a fleet was not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoverError {
    /// Devices would lose what they may do.
    #[error(
        "{devices} certificates of devices have the policy of the fleet {fleet}. Release the devices first, or keep them: \
         keepDevices, muster fleet delete --keep-devices."
    )]
    InUse {
        /// The fleet.
        fleet: FleetName,
        /// How many.
        devices: usize,
    },
    /// Another execution is at the fleet.
    #[error(transparent)]
    Busy(#[from] HeldByAnother),
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl muster_lambda::NamedError for RemoverError {
    fn name(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "FleetInUse",
            Self::Busy(_) => "FleetBusy",
            Self::Cloud(failure) => failure.name(),
        }
    }
}

struct Remover<'a, R, F, L> {
    registry: &'a R,
    files: &'a F,
    ledger: &'a L,
    stack: &'a Stack,
}

impl<R: FleetRegistry, F: FileStore, L: FleetLedger> Remover<'_, R, F, L> {
    fn names<'a>(&'a self, fleet: &'a FleetName) -> FleetNames<'a> {
        FleetNames::new(&self.stack.place, fleet)
    }

    async fn check_unused(&self, fleet: &FleetName) -> Result<RemovedFleetPart, RemoverError> {
        let device_policy = self.names(fleet).device_policy();
        match self.registry.certificates_with(&device_policy).await?.len() {
            0 => Ok(RemovedFleetPart::default()),
            devices => Err(RemoverError::InUse {
                fleet: fleet.clone(),
                devices,
            }),
        }
    }

    async fn fleet(
        &self,
        fleet: &FleetName,
        item: &FleetItem,
    ) -> Result<RemovedFleetPart, RemoverError> {
        let names = self.names(fleet);
        // First of all, nobody is let in any more.
        self.registry.remove_template(fleet.as_str()).await?;
        self.registry
            .remove_template(&fleet.rotation_template())
            .await?;
        let claims = self
            .registry
            .certificates_with(&names.claim_policy())
            .await?;
        for arn in &claims {
            if let Some((_, id)) = arn.rsplit_once("cert/") {
                self.claim(fleet, id).await?;
            }
        }
        // Those that have lost their policy.
        let noted = [&item.claim_certificate_id, &item.new_claim_certificate_id];
        for id in noted.into_iter().flatten() {
            if !claims.iter().any(|arn| arn.ends_with(id)) {
                self.claim(fleet, id).await?;
            }
        }
        for key in self.files.list_objects(&bundle::folder(fleet)).await? {
            self.files.remove_object(&key).await?;
        }
        self.ledger.forget_vouchers(fleet).await?;
        let claim_policy = names.claim_policy();
        if self.registry.remove_policy(&claim_policy).await? == PolicyRemoval::InUse {
            // AWS IoT still lists a claim certificate that is gone.
            return Err(RemoverError::Cloud(CloudFailure {
                kind: FailureKind::Throttled,
                action: "iot:DeletePolicy",
                message: format!("the policy {claim_policy} is still attached"),
                source: None,
            }));
        }
        let mut left = RemovedFleetPart::default();
        let greengrass = names.greengrass_policy();
        if self.registry.remove_policy(&greengrass).await? == PolicyRemoval::Gone {
            self.registry.remove_role_alias(&names.role_alias()).await?;
        } else {
            left.kept_policies.push(greengrass);
            left.kept_role_alias = Some(names.role_alias());
        }
        let device = names.device_policy();
        if self.registry.remove_policy(&device).await? == PolicyRemoval::InUse {
            left.kept_policies.push(device);
        }
        Ok(left)
    }

    async fn claim(&self, fleet: &FleetName, id: &str) -> Result<(), CloudFailure> {
        let arn = self.stack.place.certificate_arn(id);
        let policy = self.names(fleet).claim_policy();
        self.registry.discard_claim(&arn, &policy).await?;
        for file in ClaimFile::ALL {
            let key = file.key(&self.stack.vault_prefix, id);
            self.files.remove_object(&key).await?;
        }
        // The item last: it says that there is something left of the claim.
        self.ledger.forget_claim(id).await
    }
}
