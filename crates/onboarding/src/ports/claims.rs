//! Claim certificates: what the ledger says of them, and what they are used for.

use crate::CloudFailure;
use muster_documents::FleetName;

/// What the ledger says of a claim certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimRecord {
    /// The fleet whose devices share it, if they are a fleet's.
    pub fleet: Option<String>,
    /// Until when it is good, in seconds since 1970, if another has taken its place.
    pub until: Option<i64>,
    /// Why it may provision nothing any more, if so.
    pub shut: Option<String>,
}

/// The ledger's items of claim certificates.
pub trait ClaimRecords {
    /// What it says of one, read consistently; `None` if the certificate is no claim certificate.
    fn claim_record(
        &self,
        certificate_id: &str,
    ) -> impl Future<Output = Result<Option<ClaimRecord>, CloudFailure>> + Send;
}

/// How often a claim certificate was used in an hour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HourCount {
    /// Requests, this one among them.
    pub requests: i64,
    /// How many are not too many in this hour, if that was worked out already.
    pub threshold: Option<i64>,
    /// Whether this hour's surge has been told.
    pub surged: bool,
}

/// A claim certificate that is used more than it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimSurge {
    /// Which.
    pub claim_certificate_id: String,
    /// The fleet whose devices share it, if they are a fleet's.
    pub fleet: Option<FleetName>,
    /// The hour, `yyyy-mm-ddThh` in UTC.
    pub hour: String,
    /// Requests in this hour so far.
    pub requests: i64,
    /// How many would not have been too many.
    pub threshold: i64,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// The ledger's count of what claim certificates are used for. Hours are `yyyy-mm-ddThh` in UTC.
pub trait ClaimLedger {
    /// Counts one request; the count is kept until `expires_at`, in seconds since 1970.
    fn count_request(
        &self,
        claim_certificate_id: &str,
        hour: &str,
        expires_at: i64,
    ) -> impl Future<Output = Result<HourCount, CloudFailure>> + Send;
    /// The requests of the hours from `first` to `last`, both among them.
    fn requests_between(
        &self,
        claim_certificate_id: &str,
        first: &str,
        last: &str,
    ) -> impl Future<Output = Result<i64, CloudFailure>> + Send;
    /// Notes how many requests are not too many in an hour.
    fn note_threshold(
        &self,
        claim_certificate_id: &str,
        hour: &str,
        threshold: i64,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Notes a surge in the claim's timeline; `false` if one of this hour is noted already.
    fn note_surge(
        &self,
        surge: &ClaimSurge,
    ) -> impl Future<Output = Result<bool, CloudFailure>> + Send;
    /// Has the claim certificate provision nothing any more.
    fn shut_claim(
        &self,
        claim_certificate_id: &str,
        why: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}
