//! Matches a policy's resources, as AWS IoT does and as a plain wildcard matcher does.

/// How a resource of a policy is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// As AWS documents it: `${*}`, `${?}` and `${$}` are these characters themselves.
    Aws,
    /// As a plain wildcard matcher does, an emulator's for example: it knows no such escapes.
    Plain,
}

enum Token {
    Many,
    One,
    Exactly(char),
}

/// Whether `pattern` matches `text` for a connection with that client id. The client id is put in as it is: its own
/// `*` and `?` are wildcards then, which is what makes such client ids dangerous.
pub fn matches(pattern: &str, client_id: &str, text: &str, reading: Reading) -> bool {
    let text: Vec<char> = text.chars().collect();
    match_tokens(&tokens(pattern, client_id, reading), &text)
}

fn tokens(pattern: &str, client_id: &str, reading: Reading) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = pattern;
    while let Some(next) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("${iot:ClientId}") {
            tokens.extend(client_id.chars().map(wildcard));
            rest = after;
            continue;
        }
        let escaped = ["${*}", "${?}", "${$}"]
            .iter()
            .find(|escape| rest.starts_with(**escape));
        if let (Reading::Aws, Some(escape)) = (reading, escaped) {
            tokens.extend(escape.chars().nth(2).map(Token::Exactly));
            rest = &rest[escape.len()..];
            continue;
        }
        tokens.push(wildcard(next));
        rest = &rest[next.len_utf8()..];
    }
    tokens
}

fn wildcard(c: char) -> Token {
    match c {
        '*' => Token::Many,
        '?' => Token::One,
        other => Token::Exactly(other),
    }
}

fn match_tokens(tokens: &[Token], text: &[char]) -> bool {
    // reached[n]: the tokens so far match the first n characters.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for token in tokens {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match token {
                Token::Many => reached[at] || (at > 0 && next[at - 1]),
                Token::One => at > 0 && reached[at - 1],
                Token::Exactly(c) => at > 0 && reached[at - 1] && text[at - 1] == *c,
            };
        }
        reached = next;
    }
    reached[text.len()]
}

#[test]
fn a_client_id_that_is_a_wildcard_matches_others_answers() {
    let pattern = "topic/provision/${iot:ClientId}/accepted";
    let victim = "topic/provision/victim/accepted";
    for reading in [Reading::Aws, Reading::Plain] {
        for attacker in ["*", "v*", "??????"] {
            assert!(matches(pattern, attacker, victim, reading));
        }
        assert!(matches(pattern, "victim", victim, reading));
        assert!(!matches(pattern, "another", victim, reading));
    }
}

#[test]
fn only_aws_reads_the_escapes() {
    assert!(matches("client/*${*}*", "", "client/a*b", Reading::Aws));
    assert!(!matches("client/*${*}*", "", "client/ab", Reading::Aws));
    assert!(!matches("client/*${*}*", "", "client/a*b", Reading::Plain));
}
