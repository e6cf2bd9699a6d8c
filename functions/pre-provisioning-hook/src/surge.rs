//! Sees to it that a claim certificate that has leaked is noticed.

use crate::World;
use muster_onboarding::CloudFailure;
use muster_onboarding::fleets::{Asked, hour};
use muster_onboarding::ports::{
    AdmissionLedger, CertificateSwitch, ClaimLedger, ClaimRecord, ClaimSurge, EventBus, HourCount,
};

/// How long the count of an hour is kept, in seconds: four weeks.
const COUNT_LIFE: i64 = 28 * 24 * 3600;
/// In milliseconds.
const HOUR: i64 = 3_600_000;
/// Why a claim certificate is shut.
const WHY: &str = "surge";
/// The metric that the template's alarm watches.
const METRIC: &str = "ClaimSurge";

impl<L, C, T, D, V, B, Q> World<L, C, T, D, V, B, Q>
where
    L: AdmissionLedger + ClaimLedger,
    C: CertificateSwitch,
    B: EventBus,
{
    /// Counts a request by claim certificate and hour.
    pub(crate) async fn count(&self, now: i64, asked: &Asked) -> Result<HourCount, CloudFailure> {
        let end = now.div_euclid(1000) + COUNT_LIFE;
        self.ledger
            .count_request(asked.claim_certificate_id(), &hour(now), end)
            .await
    }

    /// Looks whether the claim certificate is used too much. A count that fails lets nobody in and keeps nobody out.
    pub(crate) async fn watch(
        &self,
        now: i64,
        asked: &Asked,
        claim: &mut ClaimRecord,
        counted: Result<HourCount, CloudFailure>,
    ) {
        let watched = async {
            match self.surge(now, asked, counted?).await? {
                Some(surge) => self.act(surge, claim).await,
                None => Ok(()),
            }
        };
        if let Err(failure) = watched.await {
            tracing::warn!(
                target: "muster", claim_certificate_id = asked.claim_certificate_id(), cause = %failure,
                "the claim certificate's use could not be watched"
            );
        }
    }

    /// The surge, if this request is one too many and this hour's surge has not been seen to: an operator who opens the
    /// claim certificate again has the rest of the hour. The day before is read once in an hour, and only if the hour
    /// has more requests than are never too many.
    async fn surge(
        &self,
        now: i64,
        asked: &Asked,
        count: HourCount,
    ) -> Result<Option<ClaimSurge>, CloudFailure> {
        if count.surged || count.requests <= self.surge_rule.minimum {
            return Ok(None);
        }
        let (claim, this_hour) = (asked.claim_certificate_id(), hour(now));
        let threshold = if let Some(threshold) = count.threshold {
            threshold
        } else {
            let (first, last) = (hour(now - 24 * HOUR), hour(now - HOUR));
            let past_day = self.ledger.requests_between(claim, &first, &last).await?;
            let threshold = self.surge_rule.threshold(past_day);
            self.ledger
                .note_threshold(claim, &this_hour, threshold)
                .await?;
            threshold
        };
        Ok((count.requests > threshold).then(|| ClaimSurge {
            claim_certificate_id: claim.to_owned(),
            fleet: asked.fleet.clone(),
            hour: this_hour,
            requests: count.requests,
            threshold,
            at: now,
        }))
    }

    /// Shuts the claim certificate, where the stack is to, and tells of the surge once. What is cut off before it has
    /// told is done again by the next request.
    async fn act(&self, surge: ClaimSurge, claim: &mut ClaimRecord) -> Result<(), CloudFailure> {
        let id = &surge.claim_certificate_id;
        let mut deactivated = Ok(());
        if self.surge_rule.shuts {
            self.ledger.shut_claim(id, WHY).await?;
            claim.shut = Some(WHY.to_owned());
            // The hook refuses without it: it ends what else the certificate can do.
            deactivated = self.certificates.deactivate_certificate(id).await;
        }
        if self.ledger.note_surge(&surge).await? {
            muster_lambda::count_one(METRIC, surge.at);
            tracing::warn!(
                target: "muster", claim_certificate_id = id, fleet = %surge.fleet, requests = surge.requests,
                threshold = surge.threshold, "a claim certificate is used more than it should be"
            );
            self.tell_surge(&surge, claim.shut.is_some()).await;
        }
        deactivated
    }
}
