//! Why a device is told no.

use serde::{Deserialize, Serialize};
use serde_json::json;

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
    /// The topic names another client id than the connection's; or the client id is not the serial, as the fleet's
    /// settings want it to be.
    ClientIdMismatch: false,
    /// The request carries no CSR and this stack makes no keys.
    LegacyModeOff: false,
    /// An acknowledgement that does not parse.
    AcknowledgementUnreadable: false,
    /// An acknowledgement for a delivery that is not under way.
    DeliveryUnknown: true,
    /// The certificate was not acknowledged, or not used, in time and has been revoked.
    DeliveryAbandoned: true,
    /// The certificate cannot be read, or is that of a CA.
    CertificateUnsuitable: false,
    /// The certificate is no longer valid.
    CertificateExpired: false,
    /// The certificate is not valid yet.
    CertificateNotYetValid: true,
    /// The CA's revocation list names the certificate.
    CertificateRevoked: false,
    /// The CA's revocation list cannot be used, so that nobody knows which certificates it has taken back.
    RevocationListInvalid: true,
    /// The certificate's common name cannot be a thing's name.
    CommonNameMalformed: false,
    /// The verifier said no.
    NotVerified: false,
    /// The CA that signed the certificate, or is to sign it, is disabled.
    CaDisabled: true,
    /// A thing of this name is there already, and nobody has shown that it may be touched.
    ThingExists: false,
    /// The provisioning template is no fleet's that lets devices in.
    FleetUnknown: false,
    /// The certificate of the connection is no claim certificate of the fleet's.
    ClaimNotOfFleet: false,
    /// The certificate of the connection is no claim certificate for the claim topics.
    ClaimUnknown: false,
    /// The claim certificate provisions nothing at the moment, or nothing any more.
    ClaimShut: true,
    /// The fleet has no such model, or the device was imported as another.
    ModelUnknown: false,
    /// The fleet lets in by voucher, and the device shows none.
    VoucherMissing: false,
    /// The voucher is not good for this device.
    VoucherInvalid: false,
    /// The certificate of the connection is not the one that is in force for this device.
    CertificateNotOfDevice: false,
    /// The device may keep its certificate for now.
    RotationNotDue: true,
    /// The token is not the serial's, is over, or is not for a certificate.
    TokenRefused: false,
    /// The token was spent by another key.
    TokenSpent: false,
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
        Self {
            code,
            message: message.into(),
            retryable: code.retryable(),
        }
    }

    /// The payload for the device in at most `room` bytes. What does not fit is cut, the code never: first the
    /// sentence gets shorter, then it goes, then what only a device of the seed reads, then `retryable`.
    pub fn to_payload(&self, room: usize) -> Vec<u8> {
        let code = self.code.name();
        let whole = self.render(&self.message, &self.message);
        if whole.len() <= room {
            return whole;
        }
        let bare = self.render("", code);
        let mut end = room.saturating_sub(bare.len()).min(self.message.len());
        while end > 0 {
            let cut = self
                .message
                .get(..end)
                .map(|start| self.render(start, code));
            if let Some(cut) = cut.filter(|cut| cut.len() <= room) {
                return cut;
            }
            end -= 1;
        }
        let shorter = [
            bare,
            json!({ "code": code, "retryable": self.retryable, "error": code })
                .to_string()
                .into_bytes(),
            json!({ "code": code, "retryable": self.retryable })
                .to_string()
                .into_bytes(),
        ];
        let fitting = shorter.into_iter().find(|payload| payload.len() <= room);
        fitting.unwrap_or_else(|| json!({ "code": code }).to_string().into_bytes())
    }

    fn render(&self, message: &str, error: &str) -> Vec<u8> {
        json!({
            "code": self.code, "message": message, "retryable": self.retryable, "error": error,
        })
        .to_string()
        .into_bytes()
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
        for room in [46, 60, 80, 110, 128, 200, 300] {
            let payload = refusal.to_payload(room);
            assert!(payload.len() <= room, "{} > {room}", payload.len());
            let json: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            assert_eq!(json["code"], "SerialUnknown");
        }
    }

    #[test]
    fn every_code_goes_into_the_smallest_packet_that_a_manifest_goes_into() {
        for code in RefusalCode::ALL {
            let payload = Refusal::new(*code, "A sentence that does not fit.").to_payload(46);
            assert!(
                payload.len() <= 46,
                "{} takes {}",
                code.name(),
                payload.len()
            );
            let json: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            assert_eq!(json["code"], code.name());
        }
    }

    #[test]
    fn a_code_is_written_as_its_name() {
        for code in RefusalCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }
}
