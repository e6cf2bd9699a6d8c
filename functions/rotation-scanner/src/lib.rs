//! Plans a run of `certificate-rotation`, and reads what is due: the index by rotation day, and nothing else.

use muster_documents::rotation_tasks::{
    DueItems, EndingCertificate, PlannedShard, RotationPlan, Scan,
};
use muster_lambda::NamedError;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::RotationIndex;
use muster_onboarding::rotation::{Day, DayError, SHARDS, shards};
use serde_json::Value;

/// Items in a page: as many as a task can see to in its time.
const PAGE: usize = 100;

/// Why nothing is scanned.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The task's day is none.
    #[error(transparent)]
    InputInvalid(#[from] DayError),
    /// An answer could not be written.
    #[error("the answer cannot be written")]
    OutputInvalid(#[source] serde_json::Error),
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl NamedError for ScanError {
    fn name(&self) -> &'static str {
        match self {
            Self::InputInvalid(_) => "InputInvalid",
            Self::OutputInvalid(_) => "OutputInvalid",
            Self::Cloud(failure) => failure.name(),
        }
    }
}

/// Plans, or reads. `now` is the time in milliseconds since 1970.
pub async fn scan(index: &impl RotationIndex, now: i64, task: Scan) -> Result<Value, ScanError> {
    let answer = match task {
        Scan::Plan {
            day,
            window_minutes,
        } => {
            let day = day.map_or(Ok(Day::of(now)), |day| day.parse())?;
            serde_json::to_value(plan(day, window_minutes))
        }
        Scan::Read { shard, day, after } => {
            serde_json::to_value(read(index, &shard, day.parse()?, after.as_ref()).await?)
        }
    };
    answer.map_err(ScanError::OutputInvalid)
}

/// Shards are worked on one after the other, each in its part of the window.
fn plan(day: Day, window_minutes: u32) -> RotationPlan {
    let slot = window_minutes * 60 / u32::from(SHARDS);
    let planned = |(number, shard)| PlannedShard {
        shard,
        day: day.to_string(),
        wait_seconds: if number == 0 { 0 } else { slot },
    };
    RotationPlan {
        shards: shards().enumerate().map(planned).collect(),
    }
}

async fn read(
    index: &impl RotationIndex,
    shard: &str,
    day: Day,
    after: Option<&Value>,
) -> Result<DueItems, CloudFailure> {
    let page = index.due(shard, day, PAGE, after).await?;
    let certificates = page.certificates.into_iter();
    Ok(DueItems {
        devices: page.devices,
        certificates: certificates
            .map(|certificate| EndingCertificate {
                serial: certificate.serial,
                certificate_id: certificate.certificate_id,
            })
            .collect(),
        read: page.read,
        after: page.after,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_onboarding::ports::DuePage;
    use serde_json::json;

    struct Nothing;

    impl RotationIndex for Nothing {
        async fn due(
            &self,
            _shard: &str,
            _day: Day,
            _limit: usize,
            _after: Option<&Value>,
        ) -> Result<DuePage, CloudFailure> {
            Ok(DuePage::default())
        }
    }

    async fn planned(now: i64, day: Option<&str>) -> Result<RotationPlan, ScanError> {
        let task = json!({ "scan": "plan", "day": day, "windowMinutes": 60 });
        let answer = scan(&Nothing, now, serde_json::from_value(task).unwrap()).await?;
        Ok(serde_json::from_value(answer).unwrap())
    }

    #[tokio::test]
    async fn a_run_looks_at_each_shard_once_in_its_part_of_the_window() {
        let plan = planned(1_767_225_600_000, None).await.unwrap();
        assert_eq!(plan.shards.len(), 16);
        assert!(plan.shards.iter().all(|shard| shard.day == "20260101"));
        let waits: u32 = plan.shards.iter().map(|shard| shard.wait_seconds).sum();
        assert_eq!(waits, 15 * 225);
        assert_eq!(plan.shards[0].wait_seconds, 0);
    }

    #[tokio::test]
    async fn each_run_has_the_day_on_which_it_begins() {
        let newyear = 1_767_225_600_000;
        for (now, day) in [(newyear - 1, "20251231"), (newyear, "20260101")] {
            let plan = planned(now, None).await.unwrap();
            assert_eq!(plan.shards[15].day, day);
        }
    }

    #[tokio::test]
    async fn a_day_that_is_asked_for_has_to_be_one() {
        let plan = planned(0, Some("20240229")).await.unwrap();
        assert_eq!(plan.shards[3].day, "20240229");
        for day in ["20230229", "tomorrow", ""] {
            let error = planned(0, Some(day)).await.unwrap_err();
            assert_eq!(error.name(), "InputInvalid", "{day:?}");
        }
    }
}
