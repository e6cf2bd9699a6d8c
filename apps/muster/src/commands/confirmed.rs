//! A question before something that cannot be undone.

use super::Failure;
use std::io::{self, BufRead, IsTerminal, Write};

/// Asks, on standard error; whoever cannot be asked has to say `--yes`.
pub fn confirmed(question: &str) -> Result<bool, Failure> {
    let input = io::stdin();
    if !input.is_terminal() {
        return Err(format!("{question} Nobody can be asked here; --yes says so").into());
    }
    answer(question, &mut input.lock(), &mut io::stderr())
}

fn answer(question: &str, from: &mut impl BufRead, to: &mut impl Write) -> Result<bool, Failure> {
    write!(to, "{question} [y/N] ")?;
    to.flush()?;
    let mut line = String::new();
    from.read_line(&mut line)?;
    let line = line.trim().to_lowercase();
    Ok(line == "y" || line == "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for (said, meant) in [
            ("y\n", true),
            ("YES\n", true),
            ("\n", false),
            ("", false),
            ("yeah, no\n", false),
        ] {
            let mut asked = Vec::new();
            let answer = answer("Drop it?", &mut said.as_bytes(), &mut asked).unwrap();
            assert_eq!(answer, meant, "{said:?}");
            assert_eq!(asked, b"Drop it? [y/N] ");
        }
    }
}
