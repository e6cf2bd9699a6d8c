//! Finds things in source text.

/// What stands between `start` and the next `end`, each time.
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let pieces = text.split(start).skip(1);
    pieces
        .filter_map(|piece| piece.split_once(end))
        .map(|(inside, _)| inside)
        .collect()
}

/// The words of `text` that begin with a letter.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| word.starts_with(char::is_alphabetic))
}

/// The text of the block that begins with the first `{` after `start`, each time. Braces in strings must be in pairs.
pub fn blocks<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    let pieces = text.split(start).skip(1);
    pieces
        .filter_map(|piece| {
            let open = piece.find('{')?;
            let mut depth = 0usize;
            for (at, c) in piece.char_indices().skip_while(|(at, _)| *at < open) {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    return Some(&piece[open..=at]);
                }
            }
            None
        })
        .collect()
}

/// The part of a Rust file before its unit tests.
pub fn without_tests(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap_or(source)
}
