//! What brings requests to functions: topic rules, and queues' event sources.

use super::Checkup;
use crate::failure;
use muster_onboarding::CloudFailure;

/// How a queue's event source stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSource {
    /// As Lambda names it: `Enabled`, `Disabled` or on the way to one of them.
    pub state: String,
    /// How many batches of it are worked on at once, at most; `None` without a limit.
    pub at_once: Option<u32>,
}

impl Checkup {
    /// Whether an AWS IoT rule hands on what it is made for.
    pub async fn rule_is_on(&self, name: &str) -> Result<bool, CloudFailure> {
        let found = self.iot.get_topic_rule().rule_name(name).send().await;
        let found = found.map_err(|error| failure("iot:GetTopicRule", error))?;
        let disabled = found.rule.and_then(|rule| rule.rule_disabled);
        Ok(!disabled.unwrap_or_default())
    }

    /// How an event source mapping stands.
    pub async fn event_source(&self, uuid: &str) -> Result<EventSource, CloudFailure> {
        let found = self
            .lambda
            .get_event_source_mapping()
            .uuid(uuid)
            .send()
            .await;
        let found = found.map_err(|error| failure("lambda:GetEventSourceMapping", error))?;
        let limit = found.scaling_config.and_then(|set| set.maximum_concurrency);
        Ok(EventSource {
            state: found.state.unwrap_or_default(),
            at_once: limit.and_then(|limit| limit.try_into().ok()),
        })
    }
}
