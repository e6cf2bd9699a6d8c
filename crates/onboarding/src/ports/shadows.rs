//! What shadows over HTTPS need of the world.

use crate::CloudFailure;
use serde_json::{Map, Value};
use std::future::Future;

/// The reported state of a thing's shadow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShadowState {
    /// What the device has reported; nothing, if it has not.
    pub reported: Map<String, Value>,
    /// How often the shadow was written.
    pub version: i64,
    /// When it was read, in seconds since 1970.
    pub timestamp: i64,
}

/// What came of writing a desired state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DesiredWrite {
    /// It is written.
    Written {
        /// How often the shadow was written by now.
        version: i64,
        /// When, in seconds since 1970.
        timestamp: i64,
    },
    /// The shadow has another version by now.
    Outdated,
    /// The shadow would have more than AWS IoT keeps.
    TooLarge,
}

/// The classic shadows of things.
pub trait Shadows {
    /// The reported state. `None` if the thing has no shadow.
    fn reported_state(
        &self,
        thing: &str,
    ) -> impl Future<Output = Result<Option<ShadowState>, CloudFailure>> + Send;
    /// Puts the keys of `desired` into the desired state, if the shadow has still the `version`, where one is given. Where
    /// the thing has no shadow it is made.
    fn write_desired(
        &self,
        thing: &str,
        desired: &Map<String, Value>,
        version: Option<i64>,
    ) -> impl Future<Output = Result<DesiredWrite, CloudFailure>> + Send;
}
