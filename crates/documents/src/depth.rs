//! How deeply a JSON text is nested, found without building it.

/// The deepest nesting of arrays and objects in a JSON text. Brackets inside strings do not count.
pub fn json_depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0usize, false, false);
    for byte in text {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::json_depth;

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert_eq!(json_depth(br#"{"a": "[[[[\"[[["}"#), 1);
        assert_eq!(json_depth(br#"{"a": [[]]}"#), 3);
        assert_eq!(json_depth(b""), 0);
        assert_eq!(json_depth(b"]]]]["), 1);
    }
}
