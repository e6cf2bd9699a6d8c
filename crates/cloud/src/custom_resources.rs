//! Answers to `CloudFormation`, which waits at an address of S3 (`CloudFormation` user guide, "Custom resource response
//! objects").

use crate::connect;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use muster_onboarding::ports::CustomResources;
use muster_onboarding::{CloudFailure, FailureKind};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::error::Error;
use std::time::Duration;

/// How often an answer is tried to be given, and how long a try may take.
const TRIES: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(4);

type Cause = Box<dyn Error + Send + Sync>;

/// The adapter to where `CloudFormation` waits.
#[derive(Debug, Clone)]
pub struct CustomResourceAnswers {
    connector: SharedHttpConnector,
}

impl Default for CustomResourceAnswers {
    fn default() -> Self {
        Self::new()
    }
}

impl CustomResourceAnswers {
    /// With connections of its own.
    pub fn new() -> Self {
        Self {
            connector: connect::connector(),
        }
    }

    async fn put(&self, url: &SecretString, body: &str) -> Result<(), Cause> {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("PUT")?;
        request.set_uri(url.expose_secret())?;
        let headers = request.headers_mut();
        // The address is signed for an empty content type.
        headers.try_insert("content-type", "")?;
        headers.try_insert("content-length", body.len().to_string())?;
        let answer = tokio::time::timeout(PATIENCE, self.connector.call(request)).await??;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(format!("HTTP {}", answer.status().as_u16()).into())
        }
    }
}

impl CustomResources for CustomResourceAnswers {
    async fn answer(&self, url: &SecretString, answer: &Value) -> Result<(), CloudFailure> {
        let body = answer.to_string();
        let mut tries = 1;
        loop {
            match self.put(url, &body).await {
                Ok(()) => return Ok(()),
                Err(_) if tries < TRIES => tries += 1,
                Err(cause) => {
                    return Err(CloudFailure {
                        kind: FailureKind::Unavailable,
                        action: "answering CloudFormation",
                        message: "the answer did not arrive".to_owned(),
                        source: Some(cause),
                    });
                }
            }
        }
    }
}
