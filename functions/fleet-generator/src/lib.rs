//! Has fleets set up, changed, given another claim certificate and taken down: asked through the REST API, directly as the
//! seed's fleet generator is, or by `CloudFormation` as a custom resource. The workflow `fleet-setup` does the work.

mod asked;
mod custom_resource;
mod error;
mod properties;

pub use asked::Asked;
pub use custom_resource::CustomResourceEvent;
pub use error::GeneratorError;

use muster_documents::ApiEvent;
use muster_lambda::about_execution;
use muster_onboarding::check_beside;
use muster_onboarding::ports::{CustomResources, FleetLedger, Run, RunOutcome};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// How long an answer through the API may take, in seconds: API Gateway gives up after 29.
const API_PATIENCE: u64 = 25;
/// How long one to `CloudFormation` may: it waits an hour, and the function has a quarter of it.
const RESOURCE_PATIENCE: u64 = 840;

/// Who owns a fleet that was not made by `CloudFormation`.
const OPERATOR: &str = "operator";

/// What the function is asked.
#[derive(Debug)]
pub enum FleetEvent {
    /// By `CloudFormation`.
    Resource(CustomResourceEvent),
    /// By anybody else.
    Request(ApiEvent<Value>),
}

impl<'de> Deserialize<'de> for FleetEvent {
    fn deserialize<D: Deserializer<'de>>(event: D) -> Result<Self, D::Error> {
        let event = Value::deserialize(event)?;
        let read = if event.get("ResponseURL").is_some() {
            serde_json::from_value(event).map(Self::Resource)
        } else {
            serde_json::from_value(event).map(Self::Request)
        };
        read.map_err(serde::de::Error::custom)
    }
}

/// What the function works with.
#[derive(Debug)]
pub struct World<W, L, C> {
    /// The workflow `fleet-setup`.
    pub workflow: W,
    /// The ledger.
    pub ledger: L,
    /// Where `CloudFormation` waits for answers.
    pub resources: C,
    /// The stack's verifiers, by name.
    pub verifiers: Vec<String>,
}

impl<W: Run, L: FleetLedger, C: CustomResources> World<W, L, C> {
    /// Does what `event` asks for; `request_id` names the request, and is the same when it is tried again.
    ///
    /// # Errors
    /// [`GeneratorError`]. To `CloudFormation` it is answered as well, and a failure of that answer alone is an error.
    pub async fn generate(
        &self,
        request_id: &str,
        event: FleetEvent,
    ) -> Result<Value, GeneratorError> {
        match event {
            FleetEvent::Resource(event) => custom_resource::serve(self, event).await,
            FleetEvent::Request(event) => {
                let asked = Asked::read(&event)?;
                let by = event.caller.as_deref().unwrap_or("-");
                self.run(request_id, &asked, by, OPERATOR, API_PATIENCE)
                    .await
            }
        }
    }

    /// Runs the workflow, and answers what it made.
    pub(crate) async fn run(
        &self,
        request_id: &str,
        asked: &Asked,
        caller: &str,
        owner: &str,
        patience_seconds: u64,
    ) -> Result<Value, GeneratorError> {
        asked.check(&self.verifiers)?;
        self.check_beside(asked, owner).await?;
        let fleet = asked.fleet();
        let execution = format!("{fleet}-{request_id}");
        about_execution(&execution);
        let input = json!({
            "request": asked,
            "templateName": fleet,
            "caller": caller,
            "owner": owner,
            "takeOver": self.abandoned(asked, &execution, owner).await?,
        });
        let outcome = self.workflow.run(&execution, &input, patience_seconds);
        match outcome.await? {
            RunOutcome::Done(output) => Ok(output),
            RunOutcome::Failed { error, cause } => {
                Err(GeneratorError::of_workflow(fleet.clone(), &error, cause))
            }
            RunOutcome::Running => Err(GeneratorError::Unfinished(fleet.clone())),
        }
    }

    /// Checks what is asked for against the fleets that there are, except for what `owner` replaces with it.
    async fn check_beside(&self, asked: &Asked, owner: &str) -> Result<(), GeneratorError> {
        let Asked::SetUp(settings) = asked else {
            return Ok(());
        };
        if settings.serial_prefix.is_none() {
            return Ok(());
        }
        let all = self.ledger.fleets().await?;
        let others = all
            .iter()
            .filter(|fleet| owner == OPERATOR || fleet.owner.as_deref() != Some(owner))
            .flat_map(|fleet| [fleet.settings.as_ref(), fleet.wanted.as_ref()])
            .flatten();
        Ok(check_beside(settings, others)?)
    }

    /// The execution that has left the fleet half done, if one has: it was stopped, and nobody undid it.
    async fn abandoned(
        &self,
        asked: &Asked,
        execution: &str,
        owner: &str,
    ) -> Result<Option<String>, GeneratorError> {
        use muster_onboarding::ledger::FleetState;
        let Some(item) = self.ledger.fleet(asked.fleet()).await? else {
            return Ok(None);
        };
        if owner != OPERATOR && item.owner.as_deref() != Some(owner) {
            return Err(GeneratorError::Taken(asked.fleet().clone()));
        }
        if item.state == FleetState::Active || item.execution == execution {
            return Ok(None);
        }
        if self.workflow.runs(&item.execution).await? {
            return Err(GeneratorError::Busy(asked.fleet().clone()));
        }
        Ok(Some(item.execution))
    }
}
