//! Why a device is told no.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident: $retryable:literal,)*) => {
        /// The stable name of a refusal. Each has a page in `docs/errors/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum RefusalCode {
            $($(#[$doc])* $name,)*
        }

        impl RefusalCode {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name as it travels.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Whether the same request may succeed later.
            pub fn retryable(self) -> bool {
                match self {
                    $(Self::$name => $retryable,)*
                }
            }
        }
    };
}

codes! {
    /// The body is neither a JSON object nor a CBOR map.
    RequestUnreadable: false,
    /// The body is larger than [`crate::MAX_REQUEST_BYTES`].
    RequestTooLarge: false,
    /// The body is nested deeper than [`crate::MAX_REQUEST_DEPTH`].
    RequestTooDeep: false,
    /// A field of the body has the wrong type.
    RequestInvalid: false,
    /// A packet size was given, but no CSR.
    CsrMissing: false,
    /// The CSR does not parse.
    CsrUnreadable: false,
    /// The CSR's signature is not its key's.
    CsrSignatureInvalid: false,
    /// An RSA key under 2048 bits.
    KeyTooWeak: false,
    /// A key that is neither RSA nor on P-256 or P-384.
    KeyUnsupported: false,
    /// AWS IoT would not sign the CSR.
    CsrRefused: false,
    /// The packet size is not within 128 to 4096 bytes.
    PacketSizeOutOfRange: false,
    /// The topic leaves too little room in a packet of that size.
    PacketSizeTooSmall: false,
    /// The serial is not 1 to 128 of `[a-zA-Z0-9_:-]`.
    SerialMalformed: false,
    /// Nobody has imported this serial.
    SerialUnknown: false,
    /// The serial already has a certificate, for another key.
    AlreadyProvisioned: false,
    /// The serial is being provisioned with another key at this moment.
    ProvisioningInProgress: true,
    /// The client id is not 1 to 128 of `[a-zA-Z0-9_:.-]`.
    ClientIdMalformed: false,
    /// The topic names another client id than the connection's.
    ClientIdMismatch: false,
    /// The request carries no CSR and this stack makes no keys.
    LegacyModeOff: false,
    /// An acknowledgement that does not parse.
    AcknowledgementUnreadable: false,
    /// An acknowledgement for a delivery that is not under way.
    DeliveryUnknown: true,
    /// The certificate was not acknowledged, or not used, in time and has been revoked.
    DeliveryAbandoned: true,
    /// Something failed on the cloud's side; nothing was left behind.
    ProvisioningFailed: true,
}

/// The answer on `rejected`: `{"code", "message", "retryable", "error"}`. `error` repeats the message for
/// devices written for the seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The stable name.
    pub code: RefusalCode,
    /// A sentence for the person who reads it: what is wrong and what to do.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
}

impl Refusal {
    /// A refusal that says `message`.
    pub fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: code.retryable() }
    }

    /// The payload for the device in at most `room` bytes: the message is cut where it must be, the code never.
    pub fn to_payload(&self, room: usize) -> Vec<u8> {
        let render = |text: &str, error: &str| {
            serde_json::json!({
                "code": self.code, "message": text, "retryable": self.retryable, "error": error,
            })
            .to_string()
            .into_bytes()
        };
        let whole = render(&self.message, &self.message);
        if whole.len() <= room {
            return whole;
        }
        // The seed's field first: a device of the seed reads nothing else. Then as much of the sentence as fits.
        let bare = render("", self.code.name());
        let mut end = room.saturating_sub(bare.len()).min(self.message.len());
        while !self.message.is_char_boundary(end) {
            end -= 1;
        }
        loop {
            let cut = render(&self.message[..end], self.code.name());
            if cut.len() <= room || end == 0 {
                return cut;
            }
            end -= 1;
            while !self.message.is_char_boundary(end) {
                end -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_carries_the_seeds_error_text_beside_its_code() {
        let refusal = Refusal::new(RefusalCode::SerialUnknown, "Import it.");
        let payload: serde_json::Value = serde_json::from_slice(&refusal.to_payload(4096)).unwrap();
        assert_eq!(
            payload,
            serde_json::json!({
                "code": "SerialUnknown", "message": "Import it.", "retryable": false, "error": "Import it.",
            })
        );
    }

    #[test]
    fn a_long_sentence_is_cut_to_the_devices_packet_and_stays_json() {
        let refusal = Refusal::new(RefusalCode::SerialUnknown, "\"ü\" ".repeat(100));
        for room in [110, 128, 200, 300] {
            let payload = refusal.to_payload(room);
            assert!(payload.len() <= room, "{} > {room}", payload.len());
            let json: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            assert_eq!(json["code"], "SerialUnknown");
        }
    }

    #[test]
    fn a_code_is_written_as_its_name() {
        for code in RefusalCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }
}
