//! `muster token revoke`.

use super::batch::{Stopped, each};
use super::devices::Devices;
use super::listed;
use crate::commands::Failure;
use crate::output::Output;
use muster_cloud::operator::Tokens;
use muster_documents::Serial;
use serde_json::json;
use std::process::ExitCode;

/// Make tokens good for nothing, at once; the certificates that they gave stay, and `muster device release` takes those
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    devices: Devices,
}

/// What became of the tokens.
#[derive(Debug, Default)]
struct Outcome {
    /// Whose are good no more.
    revoked: Vec<Serial>,
    /// Who had none.
    without: Vec<Serial>,
    /// Whose may be good still, and why.
    stopped: Option<Stopped>,
}

/// Whose tokens may be good still, and why the first of them is.
#[derive(Debug, thiserror::Error)]
#[error(
    "not reached: {}; their tokens may be good still: run the command again for these",
    listed(serials)
)]
struct Unreached {
    serials: Vec<Serial>,
    #[source]
    source: Failure,
}

/// Revokes what is there, and then names what was not: a serial that has no token keeps none of the others'.
pub async fn run(tokens: &Tokens, asked: Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let (serials, refused) = asked.devices.read()?;
    for why in &refused {
        output.progress(why);
    }
    let Outcome {
        revoked,
        without,
        stopped,
    } = revoke_each(serials, async |serial| tokens.revoke(serial).await).await;
    if !revoked.is_empty() || stopped.is_some() {
        let unreached = stopped.as_ref().map(|stopped| &stopped.serials);
        let none = Vec::new();
        output.result(
            &json!({
                "revoked": revoked, "without": without, "refused": refused, "unreached": unreached.unwrap_or(&none),
            }),
            &said(&revoked),
        );
    }
    if let Some(Stopped { serials, source }) = stopped {
        return Err(Unreached { serials, source }.into());
    }
    if !without.is_empty() {
        return Err(format!(
            "no token to revoke for {}; `muster token list` shows those that there are",
            listed(&without)
        )
        .into());
    }
    if revoked.is_empty() {
        return Err("there is no serial to revoke a token of".into());
    }
    Ok(if refused.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Revokes with `revoke`, which answers whether there was a token.
async fn revoke_each<E: Into<Failure>>(
    serials: Vec<Serial>,
    revoke: impl AsyncFn(&Serial) -> Result<bool, E>,
) -> Outcome {
    let mut all = Outcome::default();
    let take = |serial, was_there| {
        if was_there {
            all.revoked.push(serial);
        } else {
            all.without.push(serial);
        }
        Ok(())
    };
    let done = each(serials, revoke, take).await;
    all.stopped = done.err();
    all
}

fn said(revoked: &[Serial]) -> String {
    match revoked {
        [] => "nothing is revoked".to_owned(),
        revoked => format!(
            "revoked: {}; a certificate that was given stays, and `muster device release` takes it away",
            listed(revoked)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serials(names: &[&str]) -> Vec<Serial> {
        let serials = names.iter().map(|name| Serial::new(*name).unwrap());
        serials.collect()
    }

    #[tokio::test]
    async fn a_serial_without_a_token_keeps_none_of_the_others() {
        let there = async |serial: &Serial| Ok::<_, Failure>(serial.as_str() != "a-2");
        let all = revoke_each(serials(&["a-1", "a-2", "a-3"]), there).await;
        assert_eq!(all.revoked, serials(&["a-1", "a-3"]));
        assert_eq!(all.without, serials(&["a-2"]));
        assert!(all.stopped.is_none());
    }

    #[tokio::test]
    async fn whoever_was_not_reached_is_named() {
        let names: Vec<_> = (1..=20).map(|number| format!("a-{number}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let third_fails = async |serial: &Serial| match serial.as_str() {
            "a-3" => Err("throttled"),
            _ => Ok(true),
        };
        let all = revoke_each(serials(&names), third_fails).await;
        let Stopped { serials, source } = all.stopped.unwrap();
        assert_eq!(all.revoked.len() + serials.len(), 20);
        assert!(serials.iter().all(|serial| !all.revoked.contains(serial)));
        let unreached = Unreached { serials, source };
        let text = unreached.to_string();
        assert!(text.starts_with("not reached: a-3, "), "{text}");
        assert!(
            text.contains(", a-20; their tokens may be good still"),
            "{text}"
        );
        assert_eq!(unreached.source.to_string(), "throttled");
    }
}
