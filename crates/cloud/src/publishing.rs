//! AWS IoT's data plane: messages to devices.

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_iotdataplane::Client;
use aws_sdk_iotdataplane::primitives::Blob;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::Publisher;

/// The adapter to the message broker.
#[derive(Debug, Clone)]
pub struct Publishing {
    client: Client,
}

impl Publishing {
    /// A publisher through the region's default endpoint.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: client!(aws_sdk_iotdataplane, cloud),
        }
    }
}

impl Publisher for Publishing {
    async fn publish(&self, topic: &str, payload: Vec<u8>) -> Result<(), CloudFailure> {
        self.client
            .publish()
            .topic(topic)
            .qos(1)
            .payload(Blob::new(payload))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:Publish", error))
    }
}
