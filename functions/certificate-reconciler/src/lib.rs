//! Walks the account's certificates: finds those that nobody has, those that wait for ever, and those that a device has
//! without the ledger's knowing.

mod unknown;

use muster_documents::Serial;
use muster_documents::reconciliation_tasks::{Finding, Reconcile, Reconciled};
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::{
    Attachments, CertificateOwner, CertificateOwners, CertificateRegistry, CertificateStanding,
    CertificateSwitch, CertificateWalk, DeviceRecords, OverdueAction, Policies,
    RegistrationReports, WalkedCertificate,
};

/// Pages of certificates in an invocation, at most.
const PAGES: usize = 10;
/// An invocation ends after the page in which it has looked up so much, and the workflow waits: AWS IoT allows 10 such
/// calls a second.
const LOOKUPS: u64 = 50;
/// So much is looked up in a run. An account with more certificates that Muster does not know has to adopt them.
const LOOKUPS_OF_RUN: u64 = 20_000;

/// What the function reaches.
#[derive(Debug)]
pub struct World<L, I, C, R, Q> {
    /// The ledger.
    pub ledger: L,
    /// All certificates, and what is attached to them.
    pub inventory: I,
    /// Certificates and their policies, one by one.
    pub certificates: C,
    /// The certificates that devices have brought.
    pub registry: R,
    /// The queue of registrations.
    pub registrations: Q,
}

/// What goes for a whole run.
struct Run {
    now: i64,
    settled_before: i64,
    repair: bool,
    deactivate_orphans: bool,
}

impl<L, I, C, R, Q> World<L, I, C, R, Q>
where
    L: CertificateOwners + DeviceRecords,
    I: CertificateWalk + Attachments,
    C: CertificateSwitch + Policies,
    R: CertificateRegistry,
    Q: RegistrationReports,
{
    /// Takes some pages, at the time `now` in milliseconds since 1970. A certificate for which a call fails is counted,
    /// and stands in the way of no other.
    pub async fn reconcile(&self, now: i64, task: Reconcile) -> Result<Reconciled, CloudFailure> {
        let run = Run {
            now,
            settled_before: task.settled_before(now),
            repair: task.repair,
            deactivate_orphans: task.repair && task.deactivate_orphans,
        };
        let mut answer = Reconciled {
            report: task.report,
            ..Reconciled::default()
        };
        let mut after = task
            .after
            .and_then(|after| after.as_str().map(str::to_owned));
        for _ in 0..PAGES {
            let page = self.inventory.walk_certificates(after.as_deref()).await?;
            after = page.after;
            for certificate in &page.certificates {
                answer.report.seen += 1;
                if let Err(failure) = self.look_at(&run, certificate, &mut answer).await {
                    tracing::warn!(
                        target: "muster", certificate = certificate.id, cause = %failure, "it is not seen to"
                    );
                    answer.report.failed += 1;
                }
            }
            if after.is_none() || answer.lookups >= LOOKUPS {
                break;
            }
        }
        answer.after = after.map(Into::into);
        Ok(answer)
    }

    async fn look_at(
        &self,
        run: &Run,
        certificate: &WalkedCertificate,
        answer: &mut Reconciled,
    ) -> Result<(), CloudFailure> {
        use CertificateStanding::{Active, Other, Pending, Shut};
        // Somebody may be at it still.
        if certificate.created_at > run.settled_before || certificate.standing == Other {
            return Ok(());
        }
        let owner = self.ledger.owner(&certificate.id).await?;
        match (certificate.standing, owner) {
            (Shut, CertificateOwner::InForce(serial)) => {
                self.look_who_shut_it(certificate, &serial, answer).await
            }
            (Pending, CertificateOwner::InForce(serial)) => {
                let detail = format!("the certificate {} waits for activation", certificate.id);
                answer
                    .report
                    .note(Finding::CertificateShut, serial.as_str(), detail, false);
                Ok(())
            }
            (Pending, CertificateOwner::Nobody | CertificateOwner::Beside(_)) => {
                self.see_to_pending(run, certificate, answer).await
            }
            (Active, CertificateOwner::Beside(serial)) => {
                self.look_whether_it_was_replaced(run, certificate, &serial, answer)
                    .await
            }
            (Active, CertificateOwner::Nobody) => {
                self.look_whose_it_is(run, certificate, answer).await
            }
            _ => Ok(()),
        }
    }

    /// A device that has no other certificate cannot connect. Muster shuts one in force for a deadline alone.
    async fn look_who_shut_it(
        &self,
        certificate: &WalkedCertificate,
        serial: &Serial,
        answer: &mut Reconciled,
    ) -> Result<(), CloudFailure> {
        let held = self.ledger.held(serial).await?.unwrap_or_default();
        let current = held.current.as_ref();
        let by_deadline = held.rotation.overdue.as_ref().is_some_and(|overdue| {
            overdue.action == OverdueAction::Deactivate && overdue.certificate_id == certificate.id
        });
        if by_deadline || current.is_none_or(|current| current.id != certificate.id) {
            return Ok(());
        }
        let detail = format!("the certificate {} is inactive or revoked", certificate.id);
        answer
            .report
            .note(Finding::CertificateShut, serial.as_str(), detail, false);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
