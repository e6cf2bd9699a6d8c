//! What a secret looks like that a person may have to type: a voucher, a token.

use secrecy::SecretString;

/// The digits of Crockford's base 32: none of them looks like another.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The bits of a digit.
const BITS: u32 = 5;

/// The digits of a secret, which hold 128 bits.
const LENGTH: u32 = 26;

/// After how many digits there is a dash; the last group is one longer.
const GROUP: u32 = 5;

/// The text of a secret: 26 digits in five groups, `01234-56789-ABCDE-FGHJK-MNPQRS`, which stand for 128 random bits.
pub fn secret_text(random: u128) -> SecretString {
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

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::collections::BTreeSet;

    fn text(random: u128) -> String {
        secret_text(random).expose_secret().to_owned()
    }

    #[test]
    fn a_secret_has_all_128_bits_in_digits_that_nobody_mistakes() {
        assert_eq!(text(0), "00000-00000-00000-00000-000000");
        assert_eq!(text(u128::MAX), "7ZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZZ");
        let each_bit: BTreeSet<_> = (0..128).map(|bit| text(1 << bit)).collect();
        assert_eq!(each_bit.len(), 128);
        for alike in ['I', 'L', 'O', 'U'] {
            assert!(!DIGITS.contains(&(alike as u8)), "{alike}");
        }
    }
}
