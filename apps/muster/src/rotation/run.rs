//! Runs of the workflow by hand.

use crate::daily_run::{self, Begun};
use muster_cloud::operator::DailyRuns;
use muster_onboarding::CloudFailure;
use serde_json::json;

/// Starts a run, without its window if it is to be `at_once`, or joins the one that is under way. `name` is the execution's.
pub async fn begin(runs: &DailyRuns, name: &str, at_once: bool) -> Result<Begun, CloudFailure> {
    let input = if at_once {
        json!({ "windowMinutes": 0 })
    } else {
        json!({})
    };
    daily_run::begin(runs, name, &input).await
}
