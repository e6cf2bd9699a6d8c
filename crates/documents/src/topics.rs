//! The topics of claim provisioning. They are a contract with devices in the field (mission, section 1).

use crate::ClientId;
use serde::{Deserialize, Serialize};

/// What a device asks for on these topics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Its first certificate, with a claim certificate.
    #[default]
    Provisioning,
    /// Another certificate, with the one that it has.
    Rotation,
}

/// The first parts of the topics. Claim certificates may use the one, devices' certificates the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPrefixes {
    /// For first certificates.
    pub provisioning: String,
    /// For others.
    pub rotation: String,
}

impl TopicPrefixes {
    /// The prefix for a purpose.
    pub fn of(&self, purpose: Purpose) -> &str {
        match purpose {
            Purpose::Provisioning => &self.provisioning,
            Purpose::Rotation => &self.rotation,
        }
    }

    /// What a topic is for. One of neither is for provisioning, where it is refused.
    pub fn purpose_of(&self, topic: &str) -> Purpose {
        match Topics::client_id_in(&self.rotation, topic) {
            Some(_) => Purpose::Rotation,
            None => Purpose::Provisioning,
        }
    }
}

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
    fn a_topic_says_what_is_asked_for() {
        let prefixes = TopicPrefixes {
            provisioning: "provision".to_owned(),
            rotation: "rotate".to_owned(),
        };
        for (topic, purpose) in [
            ("rotate/nrf-1/json", Purpose::Rotation),
            ("provision/nrf-1/json", Purpose::Provisioning),
            ("rotated/nrf-1/json", Purpose::Provisioning),
            ("rotate", Purpose::Provisioning),
            ("provision/rotate/json", Purpose::Provisioning),
        ] {
            assert_eq!(prefixes.purpose_of(topic), purpose, "{topic}");
        }
        assert_eq!(prefixes.of(Purpose::Rotation), "rotate");
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
