//! One pattern.

use std::str::FromStr;

/// The last part of a pattern that stands for any rest.
const ANY_REST: &str = "**";

/// A path of keys, see the [module](super).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPattern(Vec<String>);

/// It is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pattern is keys with dots between; `**` can only be the last of them")]
pub struct MalformedPattern;

impl FromStr for KeyPattern {
    type Err = MalformedPattern;

    fn from_str(text: &str) -> Result<Self, MalformedPattern> {
        let mut keys: Vec<_> = text.split('.').map(str::to_owned).collect();
        if keys.last().is_some_and(|last| last == ANY_REST) {
            keys.pop();
        }
        let malformed = |key: &String| key.is_empty() || key.contains(ANY_REST);
        if keys.iter().any(malformed) {
            return Err(MalformedPattern);
        }
        Ok(Self(keys))
    }
}

impl KeyPattern {
    /// Whether the key at the end of the path is the pattern's, or is in it.
    pub(super) fn covers(&self, path: &[String]) -> bool {
        self.0.len() <= path.len() && self.touches(path)
    }

    /// Whether the one can be in the other, or they are the same.
    pub(super) fn touches(&self, path: &[String]) -> bool {
        let both = self.0.iter().zip(path);
        both.into_iter().all(|(pattern, key)| fits(pattern, key))
    }
}

/// Whether a key is one that a part of a pattern stands for.
fn fits(pattern: &str, key: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == key;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inside = key.strip_prefix(start);
    let Some(mut inside) = inside.and_then(|key| key.strip_suffix(end)) else {
        return false;
    };
    // Each piece as early as it comes, which leaves the most for those after it.
    middle.split('*').all(|piece| {
        let after = inside.split_once(piece).map(|(_, after)| after);
        inside = after.unwrap_or_default();
        after.is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_part_of_one_key_and_never_of_two() {
        for (pattern, key, expected) in [
            ("a", "a", true),
            ("a", "A", false),
            ("a", "ab", false),
            ("*", "", true),
            ("*", "a.b", true),
            ("a*", "a", true),
            ("*b", "ab", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "ac", false),
            ("*ab*ab*", "abab", true),
            ("*ab*ab*", "aba", false),
            ("temp_*", "temp_ü", true),
        ] {
            assert_eq!(fits(pattern, key), expected, "{pattern} {key}");
        }
        let pattern: KeyPattern = "*.b".parse().unwrap();
        let path = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        assert!(pattern.covers(&path(&["a", "b"])));
        assert!(!pattern.covers(&path(&["a", "a", "b"])));
        assert!(!pattern.covers(&path(&["a.b"])));
    }

    #[test]
    fn what_is_no_pattern_is_not_guessed_at() {
        for text in ["", ".", "a.", ".a", "a..b", "**.a", "a.**.b", "a**", "***"] {
            assert!(text.parse::<KeyPattern>().is_err(), "{text:?}");
        }
        let everything: KeyPattern = "**".parse().unwrap();
        assert!(everything.covers(&[]));
        assert_eq!("a.**".parse::<KeyPattern>(), "a".parse());
    }

    proptest::proptest! {
        #[test]
        fn a_star_matches_whatever_stands_in_its_place(
            parts in proptest::collection::vec("[ab*]{0,3}", 2..5), between in "[ab.]{0,4}"
        ) {
            let parts: Vec<_> = parts.iter().map(|part| part.replace('*', "")).collect();
            proptest::prop_assert!(fits(&parts.join("*"), &parts.join(&between)));
        }

        #[test]
        fn no_text_and_no_key_break_it(pattern in ".{0,20}", key in ".{0,40}") {
            if let Ok(pattern) = pattern.parse::<KeyPattern>() {
                let _ = pattern.covers(&[key]);
            }
        }
    }
}
