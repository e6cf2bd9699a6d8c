//! Whether the certificate with which a device asks is a claim certificate.

use muster_documents::Refusal;
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

impl<L, C, B> Claims<L, C, B>
where
    L: ClaimRecords + ClaimLedger,
    C: CertificateSwitch,
    B: EventBus,
{
    /// Counts a request of the connection with the certificate `principal`, and says why it is refused, if so. `at` is in
    /// milliseconds since 1970. What is no claim certificate is not counted: the ledger would keep what strangers name.
    pub(crate) async fn refusal(
        &self,
        principal: Option<&str>,
        at: i64,
    ) -> Result<Option<Refusal>, CloudFailure> {
        let Some(id) = principal.filter(|id| is_certificate_id(id)) else {
            return Ok(check_line_claim(None).err());
        };
        let mut claim = self.ledger.claim_record(id).await?;
        if check_line_claim(claim.as_ref()).is_ok()
            && let Some(claim) = &mut claim
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
                at,
            };
            watch.watch(used, claim, watch.count(used).await).await;
        }
        Ok(check_line_claim(claim.as_ref()).err())
    }
}

/// Other principals of AWS IoT's are users and identities, which are longer or have other characters (AWS IoT developer guide,
/// "Principals").
fn is_certificate_id(principal: &str) -> bool {
    principal.len() == 64 && principal.bytes().all(|byte| byte.is_ascii_hexdigit())
}
