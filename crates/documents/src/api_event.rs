//! How requests reach the functions behind the REST API.

use crate::object::from_object;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// A request in `body`, as an object, or as a string of JSON as API Gateway sends it. What stands beside `body` is passed
/// over.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
pub struct ApiEvent<T> {
    /// The request.
    #[serde(deserialize_with = "object_or_text")]
    pub body: T,
    /// Who asks, where API Gateway says it: the ARN of IAM's identity.
    #[serde(default)]
    pub caller: Option<String>,
    /// Which operation of the API is asked for, where a function serves more than one: method and path, for example
    /// `DELETE /fleets/{templateName}`.
    #[serde(default)]
    pub operation: Option<String>,
    /// What the path and the query say.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

fn object_or_text<'de, D: Deserializer<'de>, T: DeserializeOwned>(body: D) -> Result<T, D::Error> {
    let body = match Value::deserialize(body)? {
        Value::String(text) => serde_json::from_str(&text),
        body => Ok(body),
    };
    let request = body.and_then(from_object);
    request.map_err(|error| {
        let said = error.to_string();
        // What is wrong is repeated, and who sends a key in the wrong field shall not find it in a log.
        if said.contains("-----BEGIN") {
            D::Error::custom("a PEM block stands in a field that takes none")
        } else {
            D::Error::custom(said)
        }
    })
}
