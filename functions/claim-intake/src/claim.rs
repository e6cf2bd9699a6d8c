//! Whether the certificate with which a device asks is a claim certificate.

use muster_documents::{Refusal, is_certificate_id};
use muster_lambda::{ClaimUse, ClaimWatch};
use muster_onboarding::CloudFailure;
use muster_onboarding::claims::{SurgeRule, check_line_claim};
use muster_onboarding::ports::{CertificateSwitch, ClaimLedger, ClaimRecords, EventBus};

/// What claim certificates are looked up and watched with.
#[derive(Debug)]
pub struct Claims<L, C, B> {
    /// The ledger.
    pub ledger: L,
    /// AWS IoT's certificates.
    pub certificates: C,
    /// The bus of events.
    pub bus: B,
    /// When a claim certificate is used too much.
    pub surge_rule: SurgeRule,
}

/// A request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The certificate of its connection, as AWS IoT names it.
    pub(crate) principal: Option<&'a str>,
    /// When AWS IoT received it, in milliseconds since 1970: it counts for that hour.
    pub(crate) at: i64,
    /// Whether it is to be counted. One that is delivered again has been, and what is old is no surge.
    pub(crate) counts: bool,
}

impl<L, C, B> Claims<L, C, B>
where
    L: ClaimRecords + ClaimLedger,
    C: CertificateSwitch,
    B: EventBus,
{
    /// Says why a request is refused, if it is, and counts those of claim certificates, also of one that is shut: what its
    /// shutting has left is done then.
    pub(crate) async fn refusal(&self, asked: Asked<'_>) -> Result<Option<Refusal>, CloudFailure> {
        // Other principals are users and identities: what has another form is not looked up.
        let Some(id) = asked.principal.filter(|id| is_certificate_id(id)) else {
            return Ok(check_line_claim(None).err());
        };
        let mut claim = self.ledger.claim_record(id).await?;
        if let Some(claim) = claim.as_mut().filter(|claim| claim.fleet.is_none())
            && asked.counts
        {
            let watch = ClaimWatch {
                ledger: &self.ledger,
                certificates: &self.certificates,
                bus: &self.bus,
                rule: self.surge_rule,
            };
            let used = ClaimUse {
                claim_certificate_id: id,
                fleet: None,
                at: asked.at,
            };
            watch.watch(used, claim, watch.count(used).await).await;
        }
        Ok(check_line_claim(claim.as_ref()).err())
    }
}
