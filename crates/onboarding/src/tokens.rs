//! Tokens: secrets with which a device that has nothing else asks for a certificate over HTTPS.

use crate::ports::TokenRecord;
use muster_documents::Serial;
use muster_pki::sha256_hex;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// The length of what the ledger keeps of a token: HMAC with SHA-256.
const MAC_BYTES: usize = 32;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// One certificate.
    Certificate,
    /// The shadow paths, as often as is asked while it lives.
    Shadow,
    /// Both, as the seed's tokens are.
    Both,
}

impl Opens {
    const ALL: [Self; 3] = [Self::Certificate, Self::Shadow, Self::Both];

    /// As it stands in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Shadow => "shadow",
            Self::Both => "both",
        }
    }

    /// What has this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|opens| opens.name() == name)
    }

    /// Whether it opens this.
    pub fn covers(self, door: Self) -> bool {
        self == door || self == Self::Both
    }
}

/// What stands for a token where its keyed hash is made: the lowercase hex SHA-256 of both. The token itself goes
/// nowhere, and that of one serial is none of another's.
pub fn token_digest(serial: &Serial, token: &SecretString) -> String {
    let whole = format!("muster token\0{serial}\0{}", token.expose_secret());
    sha256_hex(whole.as_bytes())
}

/// Whether a token opens a door at the time `now`, in seconds since 1970: `shown` is its keyed hash, `record` what the
/// ledger says of the serial's token. It takes as long for a serial that has none as for a wrong one.
pub fn fits(record: Option<&TokenRecord>, shown: &[u8], door: Opens, now: i64) -> bool {
    let none = [0; MAC_BYTES];
    let kept = record.map_or(none.as_slice(), |record| record.mac.as_slice());
    let equal = bool::from(kept.ct_eq(shown));
    equal && record.is_some_and(|record| record.opens.covers(door) && now < record.expires_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(opens: Opens) -> TokenRecord {
        TokenRecord {
            mac: vec![7; MAC_BYTES],
            opens,
            expires_at: 100,
        }
    }

    #[test]
    fn a_token_opens_what_it_is_for_until_its_end_and_nothing_else_does() {
        let mac = [7; MAC_BYTES];
        for (opens, certificate, shadow) in [
            (Opens::Certificate, true, false),
            (Opens::Shadow, false, true),
            (Opens::Both, true, true),
        ] {
            let record = record(opens);
            assert_eq!(
                fits(Some(&record), &mac, Opens::Certificate, 99),
                certificate
            );
            assert_eq!(fits(Some(&record), &mac, Opens::Shadow, 99), shadow);
            assert!(!fits(Some(&record), &mac, opens, 100));
            assert!(!fits(Some(&record), &[8; MAC_BYTES], opens, 99));
            assert!(!fits(Some(&record), &mac[..31], opens, 99));
        }
    }

    #[test]
    fn what_stands_for_no_token_is_none() {
        assert!(!fits(None, &[0; MAC_BYTES], Opens::Certificate, 0));
        let mut empty = record(Opens::Both);
        empty.mac.clear();
        assert!(!fits(Some(&empty), &[0; MAC_BYTES], Opens::Certificate, 0));
    }

    #[test]
    fn a_token_of_one_serial_is_none_of_anothers() {
        let token = SecretString::from("7QX2".to_owned());
        let digest = |serial: &str| token_digest(&Serial::new(serial).unwrap(), &token);
        assert_ne!(digest("a"), digest("b"));
        assert_eq!(digest("a").len(), 64);
    }
}
