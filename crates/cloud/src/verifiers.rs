//! Lambda: the operator's verifiers.

use crate::{Cloud, failure};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::SdkError;
use aws_sdk_lambda::primitives::Blob;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::{VerifierAnswer, Verifiers};
use serde_json::Value;
use std::time::Duration;

/// How long a verifier may take. The caller behind API Gateway waits 29 seconds at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// The adapter to the verifiers.
#[derive(Debug, Clone)]
pub struct VerifierFunctions {
    client: Client,
}

impl VerifierFunctions {
    /// The verifiers that the role allows.
    pub fn new(cloud: &Cloud) -> Self {
        let config = aws_sdk_lambda::config::Builder::from(&cloud.config)
            .interceptor(cloud.calls.clone())
            // The operator's function runs once for one question.
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(PATIENCE)
                    .build(),
            )
            .build();
        Self {
            client: Client::from_conf(config),
        }
    }
}

impl Verifiers for VerifierFunctions {
    async fn ask(
        &self,
        verifier_arn: &str,
        question: &Value,
    ) -> Result<VerifierAnswer, CloudFailure> {
        let answer = self
            .client
            .invoke()
            .function_name(verifier_arn)
            .payload(Blob::new(question.to_string()))
            .send()
            .await;
        let answer = match answer {
            Err(SdkError::TimeoutError(_)) => return Ok(VerifierAnswer::Late),
            other => other.map_err(|error| failure("lambda:InvokeFunction", error))?,
        };
        if answer.function_error.is_some() {
            return Ok(VerifierAnswer::Failed);
        }
        let said = answer.payload.map(Blob::into_inner);
        Ok(VerifierAnswer::Said(said.unwrap_or_default()))
    }
}
