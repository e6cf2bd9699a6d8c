//! Whether an operator means this stack.

use crate::commands::Failure;
use crate::teardown::Place;
use std::fmt::Display;
use std::io::{BufRead, Write};

/// Whether what was said is the stack's name.
pub fn check(said: &str, place: &Place) -> Result<(), Failure> {
    let Place { stack, .. } = place;
    if said == stack {
        return Ok(());
    }
    Err(format!("the stack is called {stack}, and not {said:?}: nothing was removed").into())
}

/// Shows what would go, and asks for the stack's name.
pub fn ask(
    shown: &impl Display,
    place: &Place,
    answers: &mut impl BufRead,
    screen: &mut impl Write,
) -> Result<(), Failure> {
    let Place {
        account,
        region,
        stack,
        ..
    } = place;
    write!(
        screen,
        "{shown}\n\nThis cannot be undone. To remove it from account {account}, {region}, type the stack's name ({stack}): "
    )?;
    screen.flush()?;
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    check(answer.trim(), place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            stack: "muster-prod".to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
            devices: 3,
        }
    }

    #[test]
    fn only_the_stacks_own_name_means_yes() {
        for (answer, is_yes) in [
            ("muster-prod\n", true),
            ("  muster-prod ", true),
            ("muster\n", false),
            ("yes\n", false),
            ("", false),
        ] {
            let mut screen = Vec::new();
            let asked = ask(&"plan", &place(), &mut answer.as_bytes(), &mut screen);
            assert_eq!(asked.is_ok(), is_yes, "{answer:?}");
            let screen = String::from_utf8(screen).unwrap();
            for part in ["plan", "111122223333", "eu-central-1", "muster-prod"] {
                assert!(screen.contains(part), "{screen}");
            }
        }
    }
}
