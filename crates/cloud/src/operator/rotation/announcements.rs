//! Whether AWS IoT announces changes of things.

use crate::{Cloud, failure};
use aws_sdk_iot::Client;
use aws_sdk_iot::types::{Configuration, EventType};
use muster_onboarding::CloudFailure;

/// AWS IoT's registry events of things, a setting of the account in its region.
#[derive(Debug, Clone)]
pub struct ThingAnnouncements {
    client: Client,
}

impl ThingAnnouncements {
    /// Those of the account and region of `cloud`.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: Client::new(&cloud.config),
        }
    }

    /// Whether changes are announced.
    pub async fn are_on(&self) -> Result<bool, CloudFailure> {
        let described = self
            .client
            .describe_event_configurations()
            .send()
            .await
            .map_err(|error| failure("iot:DescribeEventConfigurations", error))?;
        let configurations = described.event_configurations();
        let things = configurations.and_then(|all| all.get(&EventType::Thing));
        Ok(things.is_some_and(Configuration::enabled))
    }

    /// Has changes announced. What the account has set for other events stays: only those that are named are changed.
    pub async fn turn_on(&self) -> Result<(), CloudFailure> {
        let on = Configuration::builder().enabled(true).build();
        self.client
            .update_event_configurations()
            .event_configurations(EventType::Thing, on)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:UpdateEventConfigurations", error))
    }
}
