//! Says which verifiers a certificate authority can name, so that who registers one need not guess.

use muster_documents::Verifiers;
use std::convert::Infallible;

/// The answer, which is the same whatever is asked: each name once, where it stands first.
pub fn fetch(names: &[String]) -> Result<Verifiers, Infallible> {
    let mut verifiers: Vec<String> = Vec::new();
    for name in names {
        if !verifiers.contains(name) {
            verifiers.push(name.clone());
        }
    }
    Ok(Verifiers { verifiers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_an_operator_lists_as_well_as_muster_does_is_told_once() {
        let names = ["allow-list", "second", "allow-list"].map(str::to_owned);
        let Ok(answer) = fetch(&names);
        assert_eq!(answer.verifiers, ["allow-list", "second"]);
    }
}
