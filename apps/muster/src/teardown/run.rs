//! Taking all of it away, part by part.

use super::kind::{Kind, Stage};
use super::removal::Removal;
use super::report::{Kept, Left, Piece, Report};
use super::survey::{Survey, survey};
use super::world::World;
use futures_util::{StreamExt, stream};
use muster_cloud::operator::FileVersion;
use muster_onboarding::{CloudFailure, FailureKind};
use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How many things are taken away at once.
const AT_ONCE: usize = 6;
/// How often one is tried that something stands in the way of. AWS IoT takes minutes to see that a policy is detached.
const TRIES: u32 = 9;
/// The pause before the second try, and the longest one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// How many are taken away from one line of progress to the next.
const TOLD: usize = 100;

/// Told what is being done, line by line.
pub type Say<'a> = &'a (dyn Fn(&str) + Sync);

impl World {
    /// Takes everything away, and goes on to the next part of the work only where nothing is left of the one before.
    pub(super) async fn run(
        &mut self,
        mut report: Report,
        say: Say<'_>,
    ) -> Result<Report, CloudFailure> {
        let mut shut_at = Instant::now();
        for (number, stage) in Stage::ALL.into_iter().enumerate() {
            say(stage.name());
            let settled = match stage {
                // Of a stack that is gone nothing runs any more.
                Stage::Devices if !self.stack.is_deleted() => shut_at + self.terms.settle,
                _ => Instant::now(),
            };
            self.take_away(stage, settled, &mut report, say).await?;
            if stage == Stage::Shut {
                shut_at = Instant::now();
            }
            if !report.left.is_empty() {
                report.not_begun = Stage::ALL[number + 1..].to_vec();
                break;
            }
        }
        Ok(report)
    }

    /// One part of the work, again and again until nothing of it is there. Before `settled` something may still come.
    async fn take_away(
        &mut self,
        stage: Stage,
        settled: Instant,
        report: &mut Report,
        say: Say<'_>,
    ) -> Result<(), CloudFailure> {
        let mut seen = BTreeSet::new();
        loop {
            let survey = survey(self).await?;
            let looked = Instant::now();
            survey.kept.iter().for_each(|kept| report.keep(kept));
            let mut found = false;
            for kind in stage.kinds() {
                let pieces = survey.of(*kind).iter();
                let pieces: Vec<_> = pieces
                    .filter(|piece| seen.insert((*piece).clone()))
                    .collect();
                if pieces.is_empty() {
                    continue;
                }
                found = true;
                let (count, plural) = (pieces.len(), kind.plural());
                say(&format!("  {count} {plural}: being {}", kind.done()));
                match kind {
                    Kind::StackResource => self.delete_stack(&pieces, report, say).await?,
                    Kind::VaultFile => self.empty_vault(&pieces, report).await,
                    _ => self.each(&pieces, &survey, report, say).await,
                }
            }
            let done = !found && looked >= settled;
            if done || !report.left.is_empty() || !comes_again(stage) {
                return Ok(());
            }
            if !found {
                let rest = settled.saturating_duration_since(Instant::now());
                say(&format!(
                    "  waiting {} s for what was under way when the stack was shut",
                    rest.as_secs()
                ));
                sleep(rest).await;
            }
        }
    }

    async fn each(&self, pieces: &[&Piece], survey: &Survey, report: &mut Report, say: Say<'_>) {
        let removed = stream::iter(pieces)
            .map(async |piece| (*piece, self.remove_patiently(piece, survey).await));
        let mut removed = removed.buffer_unordered(AT_ONCE);
        let mut count = 0;
        while let Some((piece, removal)) = removed.next().await {
            match removal {
                Ok(Removal::Gone) => report.note(piece),
                Ok(Removal::Stays(reason)) => report.keep(&Kept {
                    kind: piece.kind,
                    name: piece.said(),
                    reason,
                }),
                Err(error) => report.left.push(left(piece, &error)),
            }
            count += 1;
            if count % TOLD == 0 {
                say(&format!("  {count} of {}", pieces.len()));
            }
        }
    }

    async fn remove_patiently(
        &self,
        piece: &Piece,
        survey: &Survey,
    ) -> Result<Removal, CloudFailure> {
        let (mut pause, longest) = PAUSES;
        for _ in 1..TRIES {
            match self.remove(piece, survey).await {
                Err(error) if error.kind == FailureKind::Throttled => sleep(pause).await,
                other => return other,
            }
            pause = (pause * 2).min(longest);
        }
        self.remove(piece, survey).await
    }

    async fn empty_vault(&self, pieces: &[&Piece], report: &mut Report) {
        let Some(vault) = self.vault() else {
            return;
        };
        let versions: Vec<_> = pieces.iter().map(|piece| version(piece)).collect();
        match vault.delete(&versions).await {
            Ok(()) => pieces.iter().for_each(|piece| report.note(piece)),
            Err(error) => report
                .left
                .extend(pieces.first().map(|piece| left(piece, &error))),
        }
    }
}

/// Whether more of it may come while it is taken away.
fn comes_again(stage: Stage) -> bool {
    matches!(stage, Stage::Shut | Stage::WaysIn | Stage::Devices)
}

fn version(piece: &Piece) -> FileVersion {
    FileVersion {
        key: piece.name.clone(),
        version: piece.also.clone(),
    }
}

/// With all causes.
pub(super) fn left(piece: &Piece, error: &dyn Error) -> Left {
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !reason.contains(&said) {
            reason.extend([": ", &said]);
        }
        cause = error.source();
    }
    Left {
        kind: piece.kind,
        name: piece.said(),
        reason,
    }
}
