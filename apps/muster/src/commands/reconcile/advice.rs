//! What an operator does about a finding.

use muster_documents::reconciliation_tasks::Finding;

/// In a sentence; docs/operations.md has the rest.
pub fn advice(finding: Finding) -> &'static str {
    match finding {
        Finding::DeviceStuck => "an execution had ended and held it; it may ask again",
        Finding::RotationDayWrong => "it would have been asked too late to renew its certificate",
        Finding::RetirementUnfinished => "its old certificate was active still",
        Finding::ThingMissing => {
            "it cannot connect: `muster device release SERIAL`, and have it ask again"
        }
        Finding::CertificateMissing => {
            "it cannot connect: attach the certificate again, or `muster device release SERIAL`"
        }
        Finding::CertificateShut => {
            "it cannot connect: activate the certificate, or `muster device release SERIAL`"
        }
        Finding::ThingUnknown => "`muster fleet import` adopts it, if it is a device's",
        Finding::DateDiffers => "somebody has edited it, and nobody was told",
        Finding::DateMissing => "somebody has taken the attribute away",
        Finding::DateMalformed => "write cert_issuance as yyyymmdd",
        Finding::RegistrationPending => {
            "a device's first connection was not seen to; `muster device show SERIAL` says why"
        }
        Finding::NeverProvisioned => "a device asked for it, and went no further",
        Finding::Orphan => "nobody could use it; activate it again if somebody should",
        Finding::Stray => {
            "a second way in: `muster reconcile remove CERTIFICATE`, if it is nobody's"
        }
        Finding::NotLookedUp => {
            "the account has too many certificates that the ledger does not know: `muster fleet import`"
        }
    }
}
