//! Step Functions: express executions, whose end is awaited.

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::SyncExecutionStatus;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::{ExpressOutcome, ExpressWorkflow};
use serde_json::Value;
use std::time::Duration;

/// How long an execution's end is awaited: API Gateway gives a function 29 seconds for its answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The adapter to one express state machine.
#[derive(Debug, Clone)]
pub struct ExpressMachine {
    client: Client,
    arn: String,
    /// Whether the endpoint was named, and is not AWS's own.
    endpoint_given: bool,
}

impl ExpressMachine {
    /// Runs executions of the state machine `arn`.
    pub fn new(cloud: &Cloud, arn: impl Into<String>) -> Self {
        Self {
            client: client!(aws_sdk_sfn, cloud),
            arn: arn.into(),
            endpoint_given: cloud.config.endpoint_url().is_some(),
        }
    }
}

impl ExpressWorkflow for ExpressMachine {
    async fn run_express(&self, name: &str, input: &Value) -> Result<ExpressOutcome, CloudFailure> {
        // A second try would be a second execution.
        let once = aws_sdk_sfn::config::Config::builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(PATIENCE)
                    .build(),
            );
        let mut call = self
            .client
            .start_sync_execution()
            .state_machine_arn(&self.arn)
            .name(name)
            .input(input.to_string())
            .customize()
            .config_override(once);
        if self.endpoint_given {
            call = call.interceptor(AsGiven);
        }
        let ended = match call.send().await {
            Err(SdkError::TimeoutError(_)) => return Ok(ExpressOutcome::Unfinished),
            answer => answer.map_err(|error| failure("states:StartSyncExecution", error))?,
        };
        Ok(match ended.status() {
            SyncExecutionStatus::Succeeded => {
                let output = ended.output().map(serde_json::from_str);
                ExpressOutcome::Done(output.and_then(Result::ok).unwrap_or(Value::Null))
            }
            SyncExecutionStatus::TimedOut => ExpressOutcome::Unfinished,
            other => {
                let error = ended.error().unwrap_or(other.as_str());
                ExpressOutcome::Failed(error.to_owned())
            }
        })
    }
}

/// The name that the SDK puts before the endpoint's for this call.
const PREFIX: &str = "sync-";

/// Asks at an endpoint that was named by that name: the SDK puts `sync-` before it, where AWS has another host for such
/// calls (Step Functions API reference, `StartSyncExecution`).
#[derive(Debug)]
struct AsGiven;

#[dyn_dispatch_hint]
impl Intercept for AsGiven {
    fn name(&self) -> &'static str {
        "AsGiven"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let given = request.uri().replacen(&format!("://{PREFIX}"), "://", 1);
        request.set_uri(given)?;
        Ok(())
    }
}
