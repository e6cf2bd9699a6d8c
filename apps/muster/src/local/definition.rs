//! State machines' definitions as the emulator takes them.

/// The field that the emulator takes as a number only.
const FIELD: &str = "\"TimeoutSeconds\": ";

/// Writes time-outs that are `JSONata` expressions of one substitution, `"{% ${Name} %}"`, as that substitution alone.
///
/// AWS evaluates a `TimeoutSeconds` in `JSONata`; the emulator does not, and fails the state that is to wait for it
/// (docs/local-stack.md). With the substitution alone it gets the number.
pub fn with_plain_timeouts(definition: &str) -> String {
    let mut plain = String::with_capacity(definition.len());
    let mut rest = definition;
    while let Some(at) = rest.find(FIELD) {
        let (before, value) = rest.split_at(at + FIELD.len());
        plain.push_str(before);
        rest = value;
        if let Some(expression) = value.strip_prefix("\"{% ${")
            && let Some((name, after)) = expression.split_once("} %}\"")
            && name.chars().all(char::is_alphanumeric)
        {
            plain.extend(["${", name, "}"]);
            rest = after;
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::with_plain_timeouts;

    #[test]
    fn a_substituted_timeout_becomes_a_number_and_nothing_else_changes() {
        let definition = r#"{"A": {"TimeoutSeconds": "{% ${Wait} %}", "X": "{% ${Wait} %}"}, "B": {"TimeoutSeconds": 60},
            "C": {"TimeoutSeconds": "{% $wait + 1 %}"}}"#;
        let expected = definition.replacen("\"{% ${Wait} %}\"", "${Wait}", 1);
        assert_eq!(with_plain_timeouts(definition), expected);
    }
}
