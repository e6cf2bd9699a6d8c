//! Vouchers: secrets that are good for one device and one time.

use muster_pki::sha256_hex;
use secrecy::{ExposeSecret, SecretString};

/// The digits of Crockford's base 32: none of them looks like another.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The bits of a digit.
const BITS: u32 = 5;

/// The digits of a voucher, which hold 128 bits.
const LENGTH: u32 = 26;

/// After how many digits there is a dash; the last group is one longer.
const GROUP: u32 = 5;

/// The text of a voucher: 26 digits in five groups, `01234-56789-ABCDE-FGHJK-MNPQRS`, which stand for 128 random bits.
pub fn voucher_text(random: u128) -> SecretString {
    let mut text = String::new();
    for at in 0..LENGTH {
        if at % GROUP == 0 && (1..=4 * GROUP).contains(&at) {
            text.push('-');
        }
        let digit = random >> (BITS * (LENGTH - 1 - at)) & 31;
        let digit = usize::try_from(digit).unwrap_or_default();
        text.push(char::from(DIGITS[digit]));
    }
    text.into()
}

/// By which the ledger knows a voucher: the lowercase hex SHA-256 of its text. As the text has 128 random bits, nobody
/// finds it from this.
pub fn voucher_hash(text: &SecretString) -> String {
    sha256_hex(text.expose_secret().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn text(random: u128) -> String {
        voucher_text(random).expose_secret().to_owned()
    }

    #[test]
    fn a_voucher_has_all_128_bits_in_digits_that_nobody_mistakes() {
        assert_eq!(text(0), "00000-00000-00000-00000-000000");
        assert_eq!(text(u128::MAX), "7ZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZZ");
        let each_bit: BTreeSet<_> = (0..128).map(|bit| text(1 << bit)).collect();
        assert_eq!(each_bit.len(), 128);
        for alike in ['I', 'L', 'O', 'U'] {
            assert!(!DIGITS.contains(&(alike as u8)), "{alike}");
        }
    }

    #[test]
    fn the_ledger_knows_a_voucher_by_the_hash_of_its_text() {
        let hash = voucher_hash(&"7QX2".to_owned().into());
        assert_eq!(hash, muster_pki::sha256_hex(b"7QX2"));
    }
}
