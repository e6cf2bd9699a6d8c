//! Sees to it that a claim certificate that has leaked is noticed, whichever way its holders ask.

use crate::metric::{Measurement, Unit};
use muster_documents::FleetName;
use muster_onboarding::CloudFailure;
use muster_onboarding::claims::{SurgeRule, hour};
use muster_onboarding::ports::{
    BusEvent, CertificateSwitch, ClaimLedger, ClaimRecord, ClaimSurge, EventBus, HourCount,
};
use serde_json::json;

/// How long the count of an hour is kept, in seconds: four weeks.
const COUNT_LIFE: i64 = 28 * 24 * 3600;
/// In milliseconds.
const HOUR: i64 = 3_600_000;
/// Why a claim certificate is shut.
const WHY: &str = "surge";
/// The metric that the template's alarm watches.
const METRIC: &str = "ClaimSurge";

/// What a claim certificate's use is watched with.
#[derive(Debug)]
pub struct ClaimWatch<'a, L, C, B> {
    /// The ledger, which counts.
    pub ledger: &'a L,
    /// AWS IoT's certificates.
    pub certificates: &'a C,
    /// The bus of events.
    pub bus: &'a B,
    /// What is too much, and what is done then.
    pub rule: SurgeRule,
}

/// A request with a claim certificate.
#[derive(Debug, Clone, Copy)]
pub struct ClaimUse<'a> {
    /// The claim certificate's id.
    pub claim_certificate_id: &'a str,
    /// The fleet that is asked for, if one is.
    pub fleet: Option<&'a FleetName>,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

impl<L: ClaimLedger, C: CertificateSwitch, B: EventBus> ClaimWatch<'_, L, C, B> {
    /// Counts a request by claim certificate and hour.
    ///
    /// # Errors
    /// The call's failure, which [`ClaimWatch::watch`] takes.
    pub async fn count(&self, used: ClaimUse<'_>) -> Result<HourCount, CloudFailure> {
        let end = used.at.div_euclid(1000) + COUNT_LIFE;
        self.ledger
            .count_request(used.claim_certificate_id, &hour(used.at), end)
            .await
    }

    /// Looks whether the claim certificate is used too much, and shuts it in `claim`, too, where the stack is to. A count
    /// that fails lets nobody in and keeps nobody out.
    pub async fn watch(
        &self,
        used: ClaimUse<'_>,
        claim: &mut ClaimRecord,
        counted: Result<HourCount, CloudFailure>,
    ) {
        let watched = async {
            match self.surge(used, counted?).await? {
                Some(surge) => self.act(surge, claim).await,
                None => Ok(()),
            }
        };
        if let Err(failure) = watched.await {
            tracing::warn!(
                target: "muster", claim_certificate_id = used.claim_certificate_id, cause = %failure,
                "the claim certificate's use could not be watched"
            );
        }
    }

    /// The surge, if this request is one too many and this hour's surge has not been seen to: an operator who opens the
    /// claim certificate again has the rest of the hour. The day before is read once in an hour, and only if the hour
    /// has more requests than are never too many.
    async fn surge(
        &self,
        used: ClaimUse<'_>,
        count: HourCount,
    ) -> Result<Option<ClaimSurge>, CloudFailure> {
        if count.surged || count.requests <= self.rule.minimum {
            return Ok(None);
        }
        let (claim, this_hour) = (used.claim_certificate_id, hour(used.at));
        let threshold = if let Some(threshold) = count.threshold {
            threshold
        } else {
            let (first, last) = (hour(used.at - 24 * HOUR), hour(used.at - HOUR));
            let past_day = self.ledger.requests_between(claim, &first, &last).await?;
            let threshold = self.rule.threshold(past_day);
            self.ledger
                .note_threshold(claim, &this_hour, threshold)
                .await?;
            threshold
        };
        Ok((count.requests > threshold).then(|| ClaimSurge {
            claim_certificate_id: claim.to_owned(),
            fleet: used.fleet.cloned(),
            hour: this_hour,
            requests: count.requests,
            threshold,
            at: used.at,
        }))
    }

    /// Shuts the claim certificate, where the stack is to, and tells of the surge once. What is cut off before it has
    /// told is done again by the next request.
    async fn act(&self, surge: ClaimSurge, claim: &mut ClaimRecord) -> Result<(), CloudFailure> {
        let id = &surge.claim_certificate_id;
        let mut deactivated = Ok(());
        if self.rule.shuts {
            self.ledger.shut_claim(id, WHY).await?;
            claim.shut = Some(WHY.to_owned());
            // Requests are refused without it: it ends what else the certificate can do.
            deactivated = self.certificates.deactivate_certificate(id).await;
        }
        if self.ledger.note_surge(&surge).await? {
            let told = Measurement {
                metrics: vec![(METRIC, Unit::Count, 1)],
                dimensions: Vec::new(),
            };
            told.record();
            tracing::warn!(
                target: "muster", claim_certificate_id = id, fleet = surge.fleet.as_ref().map(FleetName::as_str),
                requests = surge.requests, threshold = surge.threshold,
                "a claim certificate is used more than it should be"
            );
            self.tell(&surge, claim.shut.is_some()).await;
        }
        deactivated
    }

    async fn tell(&self, surge: &ClaimSurge, shut: bool) {
        let event = BusEvent {
            name: "ClaimSurge",
            detail: json!({
                "claimCertificateId": surge.claim_certificate_id, "fleet": surge.fleet, "hour": surge.hour,
                "requests": surge.requests, "threshold": surge.threshold, "shut": shut,
            }),
        };
        if let Err(failure) = self.bus.tell(&event).await {
            tracing::warn!(target: "muster", cause = %failure, "the bus lacks an event");
        }
    }
}
