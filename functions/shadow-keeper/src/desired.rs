//! What is to be desired, as a device sends it.

use crate::ShadowError;
use serde_json::{Map, Value};

/// The longest state that AWS IoT keeps, in bytes (AWS IoT quotas, Device Shadow).
pub(crate) const MAX_STATE_BYTES: usize = 8 * 1024;

/// The most levels of keys, or of items of arrays, in a state (AWS IoT quotas, Device Shadow).
pub(crate) const MAX_LEVELS: usize = 8;

/// What is to be desired.
pub(crate) struct Desired {
    pub(crate) state: Map<String, Value>,
    /// Of the shadow that the device means to change, if it cares.
    pub(crate) version: Option<i64>,
}

impl Desired {
    /// Reads `{"state": {"desired": {…}}, "version": N}`, or the desired state bare, which has no key `state` then. Of a key
    /// that is there twice the last one counts, here as in what is written.
    pub(crate) fn read(body: &str) -> Result<Self, ShadowError> {
        // What serde says may repeat what was sent.
        let body: Value = serde_json::from_str(body).map_err(|_| ShadowError::NotAnObject)?;
        let Value::Object(body) = body else {
            return Err(ShadowError::NotAnObject);
        };
        let desired = if body.contains_key("state") {
            Self::wrapped(body)?
        } else {
            let (state, version) = (body, None);
            Self { state, version }
        };
        check(&desired.state)?;
        Ok(desired)
    }

    fn wrapped(body: Map<String, Value>) -> Result<Self, ShadowError> {
        let (mut state, mut version) = (Map::new(), None);
        for (key, value) in body {
            match key.as_str() {
                "state" => state = only_desired(value).ok_or(ShadowError::FieldUnknown)?,
                "version" => version = Some(version_in(&value).ok_or(ShadowError::VersionInvalid)?),
                _ => return Err(ShadowError::FieldUnknown),
            }
        }
        Ok(Self { state, version })
    }
}

fn version_in(value: &Value) -> Option<i64> {
    value.as_i64().filter(|version| *version >= 0)
}

/// `{"desired": {…}}` and nothing else.
fn only_desired(state: Value) -> Option<Map<String, Value>> {
    let Value::Object(state) = state else {
        return None;
    };
    let mut fields = state.into_iter();
    match (fields.next(), fields.next()) {
        (Some((key, Value::Object(desired))), None) if key == "desired" => Some(desired),
        _ => None,
    }
}

fn check(state: &Map<String, Value>) -> Result<(), ShadowError> {
    let state = Value::Object(state.clone());
    if levels(&state) > MAX_LEVELS {
        return Err(ShadowError::TooDeep);
    }
    let bytes = state.to_string().len();
    if bytes > MAX_STATE_BYTES {
        return Err(ShadowError::TooLarge(bytes));
    }
    Ok(())
}

/// How deep the deepest key or item is. The parser takes no more than 128.
fn levels(value: &Value) -> usize {
    let inside = match value {
        Value::Object(object) => object.values().map(levels).max(),
        Value::Array(items) => items.iter().map(levels).max(),
        _ => None,
    };
    inside.map_or(0, |inside| 1 + inside)
}
