//! Objects that have to be objects: for serde an array of a struct's fields, in their order, would do as well.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A field that is an object.
pub(crate) fn object<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    value: D,
) -> Result<T, D::Error> {
    from_object(Value::deserialize(value)?).map_err(D::Error::custom)
}

/// What the object says.
pub(crate) fn from_object<T: DeserializeOwned>(value: Value) -> Result<T, serde_json::Error> {
    if value.is_array() {
        return Err(serde_json::Error::custom(
            "invalid type: array, expected a JSON object",
        ));
    }
    serde_json::from_value(value)
}
