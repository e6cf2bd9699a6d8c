//! A refusal as it comes: from Muster, from a later Muster, or from the seed.

use muster_documents::RefusalCode;
use serde::{Deserialize, Serialize};

/// What came on `rejected`. Codes that this device doesn't know are kept as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The stable name; empty where the cloud sends none, as the seed's doesn't.
    #[serde(default)]
    pub code: String,
    /// A sentence for a person.
    #[serde(default)]
    pub message: String,
    /// Whether the same request may succeed later. Where a small packet has no room to say so, the code does.
    #[serde(default)]
    pub retryable: bool,
}

/// What the wire has beside the fields of [`Refused`].
#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
    retryable: Option<bool>,
    #[serde(default)]
    error: String,
}

impl Refused {
    /// Reads a payload. One that can't be read is a refusal all the same: something was sent to say no.
    pub fn read(payload: &[u8]) -> Self {
        let wire = serde_json::from_slice(payload).unwrap_or(Wire {
            code: String::new(),
            message: String::new(),
            retryable: None,
            error: "the refusal can't be read".into(),
        });
        let known = RefusalCode::ALL
            .iter()
            .find(|code| code.name() == wire.code);
        let retryable = wire.retryable.or(known.map(|code| code.retryable()));
        Self {
            code: wire.code,
            message: if wire.message.is_empty() {
                wire.error
            } else {
                wire.message
            },
            retryable: retryable.unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_a_later_cloud_with_a_code_of_its_own_is_understood() {
        let refused = Refused::read(
            br#"{"code": "NewReason", "message": "Wait.", "retryable": true, "error": "Wait."}"#,
        );
        assert_eq!(refused.code, "NewReason");
        assert_eq!(refused.message, "Wait.");
        assert!(refused.retryable);
    }

    #[test]
    fn a_refusal_cut_to_its_code_is_as_retryable_as_the_code() {
        assert!(Refused::read(br#"{"code": "DeliveryUnknown"}"#).retryable);
        assert!(!Refused::read(br#"{"code": "SerialUnknown"}"#).retryable);
        assert!(!Refused::read(br#"{"code": "NewReason"}"#).retryable);
    }

    #[test]
    fn the_seeds_error_text_reaches_the_person() {
        let refused = Refused::read(br#"{"error": "no thing"}"#);
        assert_eq!(refused.message, "no thing");
        assert!(!refused.retryable);
    }

    #[test]
    fn noise_on_the_topic_of_refusals_is_a_refusal() {
        assert!(!Refused::read(b"\xff").message.is_empty());
    }
}
