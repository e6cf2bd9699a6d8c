//! What an operator does about a finding.

use muster_documents::reconciliation_tasks::Finding;

/// In a sentence; docs/operations.md has the rest.
pub fn advice(finding: Finding) -> &'static str {
    match finding {
        Finding::DeviceStuck => {
            "an execution that has ended holds it; given free, it may ask again"
        }
        Finding::RotationDayWrong => "it would have been asked too late to renew its certificate",
        Finding::RetirementUnfinished => "its old certificate was active still",
        Finding::ThingMissing | Finding::CertificateMissing => {
            "mend it in AWS IoT (docs/operations.md); `muster device release SERIAL` only if the certificate is gone"
        }
        Finding::CertificateShut => {
            "if nobody meant to, activate it; one that never was activated goes with `muster device release SERIAL`"
        }
        Finding::ThingUnknown => {
            "`muster fleet import` adopts it, if it is a device's of yours and no other stack's"
        }
        Finding::DateDiffers => "somebody has edited it, and nobody was told",
        Finding::DateMissing => "somebody has taken the attribute away",
        Finding::DateMalformed => "write cert_issuance as yyyymmdd",
        Finding::RegistrationPending => {
            "a device's first connection was not seen to; it stays listed until the device connects again"
        }
        Finding::NeverProvisioned => {
            "a device asked for it, and went no further; nobody can use it"
        }
        Finding::Orphan => {
            "set it inactive if it is nobody's: a custom authorizer may let it in all the same"
        }
        Finding::Stray => {
            "a second way in, or the device's own: set it inactive first (docs/operations.md)"
        }
        Finding::NotLookedUp => {
            "the account has too many certificates that the ledger does not know; strays among these go unseen"
        }
    }
}
