//! The identifiers that a device brings, checked once at the edge and trusted inside.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest serial and client id in bytes (AWS IoT: thing name and MQTT client id quotas).
const MAX_BYTES: usize = 128;

/// Why a serial or a client id is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MalformedIdentifier {
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It has more than 128 bytes.
    #[error("it has {0} bytes; at most 128 are allowed")]
    TooLong(usize),
    /// It has a character that a topic, a policy or a thing's name would read as something else.
    #[error("it has the character {0:?}; only letters, digits and {1} are allowed")]
    Character(char, &'static str),
}

/// Whether this has the form of AWS IoT's ids of certificates and CAs: 64 hex digits.
pub fn is_certificate_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn check(text: &str, marks: &'static str) -> Result<(), MalformedIdentifier> {
    if text.is_empty() {
        return Err(MalformedIdentifier::Empty);
    }
    if text.len() > MAX_BYTES {
        return Err(MalformedIdentifier::TooLong(text.len()));
    }
    match text
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !marks.contains(*c))
    {
        Some(character) => Err(MalformedIdentifier::Character(character, marks)),
        None => Ok(()),
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $marks:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes the text if it is well-formed.
            pub fn new(text: impl Into<String>) -> Result<Self, MalformedIdentifier> {
                let text = text.into();
                check(&text, $marks)?;
                Ok(Self(text))
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedIdentifier;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(identifier: $name) -> Self {
                identifier.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

identifier!(
    /// A device's serial, which is also its thing's name: 1 to 128 of `[a-zA-Z0-9_:-]`
    /// (AWS IoT `CreateThing`, `thingName`).
    Serial,
    "_:-"
);
identifier!(
    /// An MQTT client id that is safe in a topic and in a policy: 1 to 128 of `[a-zA-Z0-9_:.-]`.
    ///
    /// AWS IoT puts `${iot:ClientId}` into a policy as it is, so a client id with `*` or `?` would read
    /// other devices' answers, and one with `+`, `#` or `/` would change what a topic filter means.
    ClientId,
    "_:.-"
);

/// The longest common name of a certificate, in characters (RFC 5280, appendix A.1, `ub-common-name`).
const COMMON_NAME_CHARACTERS: usize = 64;

impl Serial {
    /// The serial as a certificate's common name: as much of its end as may stand there, since serials of one
    /// maker differ at their end. Nothing relies on it; the thing's name is the identity.
    pub fn common_name(&self) -> &str {
        let start = self.0.len().saturating_sub(COMMON_NAME_CHARACTERS);
        // A serial is ASCII, so every byte begins a character.
        &self.0[start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_that_a_policy_or_a_topic_would_misread_is_refused() {
        for id in [
            "+", "#", "*", "?", "v*", "??????", "a/b", "a b", "", "ü", "$aws", "a\0",
        ] {
            assert!(ClientId::new(id).is_err(), "{id:?} was taken");
        }
        assert!(ClientId::new("a".repeat(129)).is_err());
        assert!(ClientId::new("a".repeat(128)).is_ok());
    }

    #[test]
    fn a_long_serial_still_makes_a_common_name() {
        let serial = Serial::new(format!("{}0042", "x".repeat(124))).unwrap();
        assert_eq!(serial.common_name().len(), 64);
        assert!(serial.common_name().ends_with("0042"));
        assert_eq!(Serial::new("SN-1").unwrap().common_name(), "SN-1");
    }

    #[test]
    fn a_serial_is_always_a_valid_thing_name() {
        assert!(Serial::new("SN-0001_a:b").is_ok());
        assert!(Serial::new("SN.0001").is_err());
    }
}
