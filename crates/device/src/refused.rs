//! A refusal as it comes: from Muster, from a later Muster, or from the seed.

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
    /// Whether the same request may succeed later.
    #[serde(default)]
    pub retryable: bool,
}

/// What the wire has beside the fields of [`Refused`].
#[derive(Deserialize)]
struct Wire {
    #[serde(flatten)]
    refused: Refused,
    #[serde(default)]
    error: String,
}

impl Refused {
    /// Reads a payload. One that can't be read is a refusal all the same: something was sent to say no.
    pub fn read(payload: &[u8]) -> Self {
        let wire = serde_json::from_slice(payload).unwrap_or(Wire {
            refused: Self {
                code: String::new(),
                message: String::new(),
                retryable: false,
            },
            error: "the refusal can't be read".into(),
        });
        let mut refused = wire.refused;
        if refused.message.is_empty() {
            refused.message = wire.error;
        }
        refused
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
