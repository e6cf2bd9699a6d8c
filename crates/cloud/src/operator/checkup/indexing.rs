//! Whether AWS IoT keeps an index of the fleet.

use super::Checkup;
use crate::failure;
use aws_sdk_iot::types::{ThingGroupIndexingMode, ThingIndexingMode};
use muster_onboarding::CloudFailure;

/// What AWS IoT indexes in an account and region, as it names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetIndex {
    /// `OFF`, `REGISTRY` or `REGISTRY_AND_SHADOW`.
    pub things: String,
    /// `OFF` or `ON`.
    pub groups: String,
}

impl Checkup {
    /// How the fleet index stands. What AWS IoT does not say is off.
    pub async fn fleet_index(&self) -> Result<FleetIndex, CloudFailure> {
        let found = self.iot.get_indexing_configuration().send().await;
        let found = found.map_err(|error| failure("iot:GetIndexingConfiguration", error))?;
        let things = found.thing_indexing_configuration;
        let things = things.map_or(ThingIndexingMode::Off, |set| set.thing_indexing_mode);
        let groups = found.thing_group_indexing_configuration;
        let groups = groups.map_or(ThingGroupIndexingMode::Off, |set| {
            set.thing_group_indexing_mode
        });
        Ok(FleetIndex {
            things: things.as_str().to_owned(),
            groups: groups.as_str().to_owned(),
        })
    }
}
