//! A fleet as a custom resource of `CloudFormation` (`CloudFormation` user guide, "Custom resource request types").
//!
//! `CloudFormation` waits an hour for an answer, so that there is always one: what fails is answered as a failure.

use crate::asked::{Asked, read};
use crate::properties::fields;
use crate::{GeneratorError, RESOURCE_PATIENCE, World};
use muster_documents::{FleetAnswer, FleetName, RemoveFleet};
use muster_lambda::{NamedError, caught};
use muster_onboarding::ports::{CustomResources, FleetLedger, Run};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

/// The longest reason that is answered, in characters: an answer may have 4,096 bytes.
const MAX_REASON: usize = 1_000;

/// How long whoever else is at the fleet is left alone.
const UNTIL_ASKED_AGAIN: Duration = Duration::from_secs(3);

/// The id of a resource whose fleet has no name: deleting it deletes nothing.
const NOT_MADE: &str = "not-made";

/// What `CloudFormation` asks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CustomResourceEvent {
    request_type: RequestType,
    request_id: String,
    stack_id: String,
    logical_resource_id: String,
    physical_resource_id: Option<String>,
    #[serde(rename = "ResponseURL", deserialize_with = "secret")]
    response_url: SecretString,
    #[serde(default)]
    resource_properties: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum RequestType {
    Create,
    Update,
    Delete,
}

fn secret<'de, D: Deserializer<'de>>(url: D) -> Result<SecretString, D::Error> {
    String::deserialize(url).map(SecretString::from)
}

impl CustomResourceEvent {
    /// Who owns what the resource makes.
    fn owner(&self) -> String {
        format!("{}#{}", self.stack_id, self.logical_resource_id)
    }

    /// The id of the resource, also of one that could not be made, so that `CloudFormation` has what there is of it
    /// deleted. A fleet that another owns is left alone then: see [`delete`].
    fn id(&self) -> &str {
        let asked = self.resource_properties.get("TemplateName");
        let asked = asked.and_then(Value::as_str);
        let asked = asked.filter(|name| FleetName::new(*name).is_ok());
        let id = self.physical_resource_id.as_deref().or(asked);
        id.unwrap_or(NOT_MADE)
    }
}

/// Does what is asked for, and answers.
pub(crate) async fn serve<W: Run, L: FleetLedger, C: CustomResources>(
    world: &World<W, L, C>,
    event: CustomResourceEvent,
) -> Result<Value, GeneratorError> {
    // Also where it panics.
    let made = caught(make(world, &event)).await;
    let id = event.id();
    let mut answer = match &made {
        Some(Ok((id, data))) => {
            json!({ "Status": "SUCCESS", "PhysicalResourceId": id, "Data": data })
        }
        Some(Err(error)) => {
            let told = error.told().unwrap_or_else(|| error.to_string());
            let reason: String = format!("{}: {told}", error.name());
            let reason: String = reason.chars().take(MAX_REASON).collect();
            json!({ "Status": "FAILED", "PhysicalResourceId": id, "Reason": reason })
        }
        None => json!({
            "Status": "FAILED", "PhysicalResourceId": id,
            "Reason": "FunctionPanicked: the function's log says where.",
        }),
    };
    answer["StackId"] = json!(event.stack_id);
    answer["RequestId"] = json!(event.request_id);
    answer["LogicalResourceId"] = json!(event.logical_resource_id);
    world.resources.answer(&event.response_url, &answer).await?;
    Ok(json!({ "status": answer["Status"] }))
}

async fn make<W: Run, L: FleetLedger, C: CustomResources>(
    world: &World<W, L, C>,
    event: &CustomResourceEvent,
) -> Result<(String, Value), GeneratorError> {
    let owner = event.owner();
    if event.request_type == RequestType::Delete {
        return delete(world, event, &owner).await;
    }
    let fields = fields(&event.resource_properties);
    let asked = Asked::SetUp(read(fields.into())?);
    let fleet = asked.fleet();
    let made: FleetAnswer = read(run(world, event, &asked, &owner).await?)?;
    let claim = &made.provision_claim_certificate;
    let mut data = json!({
        "RotationTemplateName": made.rotation_template_name,
        "ClaimCertificateId": claim.provision_claim_certificate_id,
        "ClaimCertificateArn": claim.provision_claim_certificate_arn,
    });
    if let Some(alias) = &made.role_alias {
        data["RoleAlias"] = json!(alias.role_alias);
        data["RoleAliasArn"] = json!(alias.role_alias_arn);
    }
    Ok((fleet.to_string(), data))
}

/// What the resource has not made it does not delete: a resource whose name was taken ends here as well.
async fn delete<W: Run, L: FleetLedger, C: CustomResources>(
    world: &World<W, L, C>,
    event: &CustomResourceEvent,
    owner: &str,
) -> Result<(String, Value), GeneratorError> {
    let id = event.physical_resource_id.as_deref().unwrap_or(NOT_MADE);
    let done = Ok((id.to_owned(), json!({})));
    let Ok(fleet) = FleetName::new(id) else {
        return done;
    };
    let asked = Asked::Remove(RemoveFleet {
        template_name: fleet,
        // A stack that is deleted shall not shut the fleet's devices out.
        keep_devices: true,
    });
    match run(world, event, &asked, owner).await {
        Ok(_) | Err(GeneratorError::Taken(_)) => done,
        Err(error) => Err(error),
    }
}

/// Has it done, after whoever else is at the fleet: `CloudFormation` asks once, and a resource that it gave up may still
/// be worked on when it has it deleted.
async fn run<W: Run, L: FleetLedger, C: CustomResources>(
    world: &World<W, L, C>,
    event: &CustomResourceEvent,
    asked: &Asked,
    owner: &str,
) -> Result<Value, GeneratorError> {
    let end = Instant::now() + Duration::from_secs(RESOURCE_PATIENCE);
    let mut request = event.request_id.clone();
    let mut attempt = 1;
    loop {
        let left = end.saturating_duration_since(Instant::now()).as_secs();
        let done = world.run(&request, asked, &event.stack_id, owner, left);
        match done.await {
            Err(GeneratorError::Busy(_)) if Instant::now() < end => {}
            other => return other,
        }
        tokio::time::sleep(UNTIL_ASKED_AGAIN).await;
        // An execution that has found the fleet taken has ended, and its name is used up.
        attempt += 1;
        request = format!("{}-{attempt}", event.request_id);
    }
}
