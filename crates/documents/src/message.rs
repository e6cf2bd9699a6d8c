//! What the topic rules put into the queues.

use base64::Engine;
use serde::{Deserialize, Serialize};

/// A device's message, as the rules of `template.yaml` select it:
/// `SELECT encode(*, 'base64') AS payload, topic() AS topic, clientid() AS clientId, principal() AS principal,
/// timestamp() AS timestamp`.
///
/// The payload is taken as bytes: whatever the device sent arrives whole, JSON, CBOR or neither.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceMessage {
    /// The payload in base64.
    pub payload: String,
    /// The topic that it was published on.
    pub topic: String,
    /// The client id of the connection that published it.
    pub client_id: String,
    /// The id of the certificate of that connection.
    #[serde(default)]
    pub principal: Option<String>,
    /// When AWS IoT received it, in milliseconds since 1970.
    pub timestamp: i64,
}

impl DeviceMessage {
    /// The payload's bytes; `None` if it is not base64.
    pub fn payload_bytes(&self) -> Option<Vec<u8>> {
        base64::engine::general_purpose::STANDARD
            .decode(&self.payload)
            .ok()
    }
}

/// A registry event: a thing has changed (AWS IoT developer guide, "Registry events"). What it is now, the thing says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThingChanged {
    /// Which.
    pub thing_name: String,
}

/// A presence event: someone has connected (AWS IoT developer guide, "Lifecycle events").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PresenceMessage {
    /// The client id that connected.
    pub client_id: String,
    /// The id of the certificate that it connected with.
    pub principal_identifier: String,
}
