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
        Self::with_patience(cloud, PATIENCE)
    }

    /// The same, where a verifier may take as long as `patience` and no longer.
    pub fn with_patience(cloud: &Cloud, patience: Duration) -> Self {
        let config = aws_sdk_lambda::config::Builder::from(&cloud.config)
            .interceptor(cloud.calls.clone())
            // The operator's function runs once for one question.
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(patience)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::connect_to;
    use muster_onboarding::ports::CallLog;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_verifier_that_does_not_answer_in_time_is_late_and_is_not_asked_twice() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            // Takes the question, and says nothing.
            let mut taken = Vec::new();
            loop {
                taken.push(listener.accept().await.unwrap());
            }
        });
        let cloud = connect_to(&address);
        let verifiers = VerifierFunctions::with_patience(&cloud, Duration::from_millis(200));
        let answer = verifiers.ask("verifier", &serde_json::json!({})).await;
        assert_eq!(answer.unwrap(), VerifierAnswer::Late);
        assert_eq!(cloud.calls.drain().made.values().sum::<u32>(), 1);
    }
}
