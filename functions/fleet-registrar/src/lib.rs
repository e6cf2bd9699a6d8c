//! Makes the parts of a fleet in AWS IoT: its policies and role alias, its templates, and its claim certificate. Each part
//! can be made again, and is left as it is where it is as it should be.

mod claim;
mod error;

pub use error::RegistrarError;

use muster_documents::fleet_tasks::{MadeFleetPart, MakeFleetPart};
use muster_documents::{FleetSettings, RoleAlias};
use muster_onboarding::ports::{FileStore, FleetLedger, FleetRegistry, NewTemplate};
use muster_onboarding::{CloudFailure, FleetDocuments, FleetNames, Place, check_holder};

/// What the fleets of a stack share.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Where it is.
    pub place: Place,
    /// The role that AWS IoT takes on for provisioning.
    pub provisioning_role_arn: String,
    /// The function that decides who is let in.
    pub hook_arn: String,
    /// The role whose credentials Greengrass core devices get.
    pub token_exchange_role_arn: String,
    /// What the names of claim certificates' files begin with.
    pub vault_prefix: String,
}

/// Makes the part of a fleet that `task` names; `now_unix` is the time in seconds since 1970.
///
/// # Errors
/// [`RegistrarError`]. What was made before it stays: the task can be repeated, and `fleet-remover` undoes it.
pub async fn make(
    registry: &impl FleetRegistry,
    files: &impl FileStore,
    ledger: &impl FleetLedger,
    stack: &Stack,
    now_unix: i64,
    task: MakeFleetPart,
) -> Result<MadeFleetPart, RegistrarError> {
    let (MakeFleetPart::Policies {
        settings,
        execution,
    }
    | MakeFleetPart::Templates {
        settings,
        execution,
    }
    | MakeFleetPart::Claim {
        settings,
        execution,
        ..
    }) = &task;
    let fleet = &settings.template_name;
    let item = check_holder(ledger.fleet(fleet).await?, fleet, execution)?;
    Ok(match task {
        MakeFleetPart::Policies { settings, .. } => MadeFleetPart {
            role_alias: make_policies(registry, stack, &settings).await?,
            claim: None,
        },
        MakeFleetPart::Templates { settings, .. } => {
            make_templates(registry, stack, &settings).await?;
            MadeFleetPart::default()
        }
        MakeFleetPart::Claim {
            settings,
            certificate_id,
            ..
        } => {
            let policy = FleetNames::new(&stack.place, &settings.template_name).claim_policy();
            let had = certificate_id.map(|id| claim::named(stack, id));
            let kept = match &had {
                Some(had) => {
                    let arn = &had.provision_claim_certificate_arn;
                    registry.keep_admitted(arn, &policy).await?
                }
                None => false,
            };
            let claim = match had {
                Some(had) if kept => had,
                _ => {
                    claim::make(registry, files, ledger, stack, now_unix, &settings, &item).await?
                }
            };
            MadeFleetPart {
                role_alias: None,
                claim: Some(claim),
            }
        }
    })
}

/// What a fleet that had Greengrass once does not need any more is taken away.
async fn make_policies(
    registry: &impl FleetRegistry,
    stack: &Stack,
    settings: &FleetSettings,
) -> Result<Option<RoleAlias>, CloudFailure> {
    let documents = FleetDocuments::new(&stack.place, settings);
    let names = FleetNames::new(&stack.place, &settings.template_name);
    let claim = names.claim_policy();
    registry
        .keep_policy(&claim, &documents.claim_policy())
        .await?;
    let device = names.device_policy();
    registry
        .keep_policy(&device, &documents.device_policy())
        .await?;
    let greengrass = names.greengrass_policy();
    let alias = names.role_alias();
    if !settings.greengrass_v2 {
        // Devices that have the policy keep it; without the alias it lets them do little.
        registry.remove_policy(&greengrass).await?;
        registry.remove_role_alias(&alias).await?;
        return Ok(None);
    }
    let role_alias_arn = registry
        .keep_role_alias(&alias, &stack.token_exchange_role_arn)
        .await?;
    registry
        .keep_policy(&greengrass, &documents.greengrass_policy())
        .await?;
    Ok(Some(RoleAlias {
        role_alias: alias,
        role_alias_arn,
    }))
}

async fn make_templates(
    registry: &impl FleetRegistry,
    stack: &Stack,
    settings: &FleetSettings,
) -> Result<(), CloudFailure> {
    let documents = FleetDocuments::new(&stack.place, settings);
    let fleet = &settings.template_name;
    let template = |name: String, what: &str, body| NewTemplate {
        name,
        description: format!("{what} of the fleet {fleet}"),
        body,
        role_arn: stack.provisioning_role_arn.clone(),
        hook_arn: stack.hook_arn.clone(),
    };
    let provisioning = template(
        fleet.to_string(),
        "devices",
        documents.provisioning_template(),
    );
    registry.keep_template(&provisioning).await?;
    let rotation = template(
        fleet.rotation_template(),
        "certificate rotation",
        documents.rotation_template(),
    );
    registry.keep_template(&rotation).await
}
