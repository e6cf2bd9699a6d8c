//! What brings requests to functions: topic rules, and queues' event sources.

use super::Checkup;
use crate::failure;
use muster_onboarding::CloudFailure;

impl Checkup {
    /// Whether an AWS IoT rule hands on what it is made for.
    pub async fn rule_is_on(&self, name: &str) -> Result<bool, CloudFailure> {
        let found = self.iot.get_topic_rule().rule_name(name).send().await;
        let found = found.map_err(|error| failure("iot:GetTopicRule", error))?;
        let disabled = found.rule.and_then(|rule| rule.rule_disabled);
        Ok(!disabled.unwrap_or_default())
    }

    /// How an event source mapping stands, as Lambda names it: `Enabled`, `Disabled` or on the way to one of them.
    pub async fn event_source_state(&self, uuid: &str) -> Result<String, CloudFailure> {
        let found = self
            .lambda
            .get_event_source_mapping()
            .uuid(uuid)
            .send()
            .await;
        let found = found.map_err(|error| failure("lambda:GetEventSourceMapping", error))?;
        Ok(found.state.unwrap_or_default())
    }
}
