//! The topics of claim provisioning. They are a contract with devices in the field (mission, section 1).

use crate::ClientId;

/// The four topics on which one client id is provisioned.
///
/// `<prefix>/<clientId>/{json,ack}` go up, `<prefix>/<clientId>/{accepted,rejected}` come down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    stem: String,
}

impl Topics {
    /// The topics of `client_id` under `prefix` (no trailing slash).
    pub fn new(prefix: &str, client_id: &ClientId) -> Self {
        Self {
            stem: format!("{prefix}/{client_id}"),
        }
    }

    /// Where the device publishes its request.
    pub fn json(&self) -> String {
        format!("{}/json", self.stem)
    }

    /// Where the device says what it still misses.
    pub fn ack(&self) -> String {
        format!("{}/ack", self.stem)
    }

    /// Where the certificate comes.
    pub fn accepted(&self) -> String {
        format!("{}/accepted", self.stem)
    }

    /// Where a refusal comes.
    pub fn rejected(&self) -> String {
        format!("{}/rejected", self.stem)
    }

    /// The client id part of a topic under `prefix`, as it stands there, checked by nobody yet.
    pub fn client_id_in<'a>(prefix: &str, topic: &'a str) -> Option<&'a str> {
        topic
            .strip_prefix(prefix)?
            .strip_prefix('/')?
            .split_once('/')
            .map(|(id, _)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topics_are_the_seeds_own() {
        let topics = Topics::new("provision", &ClientId::new("nrf-1").unwrap());
        assert_eq!(topics.json(), "provision/nrf-1/json");
        assert_eq!(topics.ack(), "provision/nrf-1/ack");
        assert_eq!(topics.accepted(), "provision/nrf-1/accepted");
        assert_eq!(topics.rejected(), "provision/nrf-1/rejected");
    }

    #[test]
    fn the_client_id_is_read_back_from_a_topic() {
        assert_eq!(
            Topics::client_id_in("provision", "provision/nrf-1/json"),
            Some("nrf-1")
        );
        assert_eq!(Topics::client_id_in("a/b", "a/b/nrf-1/ack"), Some("nrf-1"));
        assert_eq!(Topics::client_id_in("provision", "other/nrf-1/json"), None);
        assert_eq!(Topics::client_id_in("provision", "provision"), None);
    }
}
