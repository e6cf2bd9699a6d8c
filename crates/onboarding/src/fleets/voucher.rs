//! Vouchers: secrets that are good for one device and one time.

use muster_pki::sha256_hex;
use secrecy::{ExposeSecret, SecretString};

/// By which the ledger knows a voucher: the lowercase hex SHA-256 of its text. As the text has 128 random bits, nobody
/// finds it from this.
pub fn voucher_hash(text: &SecretString) -> String {
    sha256_hex(text.expose_secret().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_knows_a_voucher_by_the_hash_of_its_text() {
        let hash = voucher_hash(&"7QX2".to_owned().into());
        assert_eq!(hash, muster_pki::sha256_hex(b"7QX2"));
    }
}
