//! Whether AWS allows the account less than by default, or less than the stack is set to use.

mod watched;

use super::{Finding, Patient};
use crate::commands::Failure;
use muster_cloud::operator::Quota;
use watched::{ROTATION, SERVICES, is_named};

/// How one raises a quota, and which ones a fleet needs.
const PAGE: &str = "docs/operations.md#raising-quotas";

/// What the stack's own settings use up of a quota.
#[derive(Debug, Clone, Copy, Default)]
struct Settings {
    /// Executions of functions at once, by all queues together: the sum of their `MaximumConcurrency`.
    queues: f64,
    /// Devices a second that rotation has renew their certificates: `RotationsPerSecond`.
    rotations: f64,
}

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    // The emulator has no Service Quotas, and its services know no limits.
    if patient.target.is_local() {
        return Ok(vec![Finding::ok("not asked of a local stack")]);
    }
    let settings = settings(patient).await?;
    let mut found = Vec::new();
    for (service, names) in SERVICES {
        let applied = patient.checkup.applied_quotas(service).await?;
        let defaults = patient.checkup.default_quotas(service).await?;
        found.extend(judge(service, names, &applied, &defaults, settings));
    }
    Ok(found)
}

async fn settings(patient: &Patient<'_>) -> Result<Settings, Failure> {
    let stack = patient.stack().await?;
    let mut queues = 0;
    for source in stack.parts_of("AWS::Lambda::EventSourceMapping") {
        // One that cannot be read is told of among the ways in.
        let source = patient.checkup.event_source(source).await.ok();
        queues += source.and_then(|source| source.at_once).unwrap_or_default();
    }
    let rotations = patient.health().await?.parameters.get("RotationsPerSecond");
    Ok(Settings {
        queues: queues.into(),
        rotations: rotations
            .and_then(|rate| rate.parse().ok())
            .unwrap_or_default(),
    })
}

/// What is too little of a service's quotas with these names. One that AWS does not list gives no finding: a name may change, and
/// says nothing of what holds.
fn judge(
    service: &str,
    names: &[&str],
    applied: &[Quota],
    defaults: &[Quota],
    settings: Settings,
) -> Vec<Finding> {
    let default_of = |code: &str| defaults.iter().find(|default| default.code == code);
    let unchanged = defaults
        .iter()
        .filter(|default| applied.iter().all(|quota| quota.code != default.code));
    let watched = applied
        .iter()
        .chain(unchanged)
        .filter(|quota| names.iter().any(|name| is_named(name, &quota.name)));
    watched
        .filter_map(|quota| {
            let default = default_of(&quota.code).map(|default| default.value);
            judge_one(service, quota, default, settings)
        })
        .collect()
}

fn judge_one(
    service: &str,
    quota: &Quota,
    default: Option<f64>,
    settings: Settings,
) -> Option<Finding> {
    let (name, value) = (&quota.name, quota.value);
    let (used, said) = used(quota, settings);
    let default = default.unwrap_or_default();
    // Others of the account use it, too: the stack's settings are not to take it all.
    let said = if value <= used {
        format!("{service}: {name} is {value}, and {said}")
    } else if value < default {
        format!("{service}: {name} is {value}, below AWS's default of {default}")
    } else {
        return None;
    };
    let advice = if quota.adjustable {
        let desired = default.max(2.0 * used);
        let code = &quota.code;
        format!(
            "aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} \
             --desired-value {desired} ({PAGE})"
        )
    } else {
        format!("a support case: AWS takes no request for it ({PAGE})")
    };
    Some(Finding::warning(said, advice))
}

/// How much of a quota the stack's settings may take, and what they are; 0 where none of them is about it.
fn used(quota: &Quota, settings: Settings) -> (f64, String) {
    let Settings { queues, rotations } = settings;
    if is_named("Concurrent executions", &quota.name) && queues > 0.0 {
        let said =
            format!("the stack's queues take {queues} at once: the hook and the API get none");
        return (queues, said);
    }
    if ROTATION.iter().any(|call| is_named(call, &quota.name)) && rotations > 0.0 {
        let said =
            format!("RotationsPerSecond is {rotations}: a rotation leaves none to new devices");
        return (rotations, said);
    }
    (0.0, String::from("nothing is allowed"))
}

#[cfg(test)]
mod tests;
