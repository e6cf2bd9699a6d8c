//! Runs of daily workflows by hand.

use muster_cloud::operator::{DailyRun, DailyRuns, RunEnd, RunProgress};
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::Value;
use std::time::Duration;

/// How long a look at a run waits for the next one, at first and at last.
const FIRST_LOOK: Duration = Duration::from_millis(200);
const LATER_LOOKS: Duration = Duration::from_secs(2);

/// How many looks in a row may fail: a run takes hours, and a lost connection is not its end.
const LOST_LOOKS: u32 = 30;

/// A run that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// It.
    pub run: DailyRun,
    /// Whether it was under way before.
    pub joined: bool,
}

/// Starts a run with this input, unless one is under way: two would share AWS IoT's quotas. `name` is the execution's.
pub async fn begin(runs: &DailyRuns, name: &str, input: &Value) -> Result<Begun, CloudFailure> {
    if let Some(run) = runs.running().await? {
        return Ok(Begun { run, joined: true });
    }
    let run = runs.start(name, input).await?;
    Ok(Begun { run, joined: false })
}

/// Waits for a run's end, and tells how far it is whenever that changes.
pub async fn wait(
    runs: &DailyRuns,
    run: &DailyRun,
    told: impl Fn(RunProgress),
) -> Result<RunEnd, CloudFailure> {
    let (mut pause, mut lost, mut before) = (FIRST_LOOK, 0, None);
    loop {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LATER_LOOKS);
        match runs.end(run).await {
            Ok(Some(end)) => return Ok(end),
            Ok(None) => {
                lost = 0;
                // Who may not see how far it is still sees its end.
                let now = runs.progress(run).await.ok().flatten();
                if let Some(now) = now.filter(|now| before != Some(*now)) {
                    told(now);
                    before = Some(now);
                }
            }
            Err(error) if lost < LOST_LOOKS && passes(error.kind) => lost += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Whether another look may see more. A moment after its start an execution may not be found (Step Functions).
fn passes(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::NotFound | FailureKind::Throttled | FailureKind::Unavailable
    )
}
