//! AWS IoT: where devices connect.

use crate::connect::client;
use crate::failure::lacks;
use crate::{Cloud, failure};
use aws_sdk_iot::Client;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::DataEndpoint;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The account's endpoint for devices, asked for once.
#[derive(Debug, Clone)]
pub struct Endpoint {
    client: Client,
    found: Arc<OnceCell<String>>,
}

impl Endpoint {
    /// Not asked for yet.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: client!(aws_sdk_iot, cloud),
            found: Arc::default(),
        }
    }

    /// The endpoint whose certificate Amazon's own authorities signed (AWS IoT developer guide, "Device data and
    /// service endpoints").
    async fn look_up(&self) -> Result<String, CloudFailure> {
        const ACTION: &str = "iot:DescribeEndpoint";
        let answer = self
            .client
            .describe_endpoint()
            .endpoint_type("iot:Data-ATS")
            .send()
            .await
            .map_err(|error| failure(ACTION, error))?;
        answer
            .endpoint_address
            .ok_or_else(|| lacks(ACTION, "endpoint"))
    }
}

impl DataEndpoint for Endpoint {
    async fn data_endpoint(&self) -> Result<String, CloudFailure> {
        let found = self.found.get_or_try_init(|| self.look_up()).await;
        found.cloned()
    }
}
