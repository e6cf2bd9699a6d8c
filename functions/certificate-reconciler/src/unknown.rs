//! Certificates that the ledger does not know, or that were never activated.

use crate::{LOOKUPS_OF_RUN, Run, World};
use muster_documents::reconciliation_tasks::{Finding, Reconciled};
use muster_documents::{CertificateRegistered, Serial};
use muster_lambda::count_one;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::{
    Attachments, CertificateOwners, CertificateRegistry, CertificateSwitch, CertificateWalk,
    DeviceRecords, Policies, RegistrationReports, WalkedCertificate,
};
use muster_pki::read_certificate;

/// The metric that the template's alarm watches.
const METRIC: &str = "StrayCertificate";

/// For so long a certificate that a device brought is announced again: what has kept it out may have passed. After that
/// the device has to connect once more, at which AWS IoT announces it by itself. In milliseconds: seven days.
const ANNOUNCED_FOR: i64 = 7 * 24 * 3_600_000;

impl<L, I, C, R, Q> World<L, I, C, R, Q>
where
    L: CertificateOwners + DeviceRecords,
    I: CertificateWalk + Attachments,
    C: CertificateSwitch + Policies,
    R: CertificateRegistry,
    Q: RegistrationReports,
{
    /// A certificate that waits for being activated: one that a device brought, or was handed, and whose registration was
    /// not seen to the end; or one that AWS IoT has issued for fleet provisioning, with an ownership token that was good
    /// for an hour.
    pub(crate) async fn see_to_pending(
        &self,
        run: &Run,
        certificate: &WalkedCertificate,
        answer: &mut Reconciled,
    ) -> Result<(), CloudFailure> {
        if !look_up(&certificate.id, answer) {
            return Ok(());
        }
        let Some(found) = self.registry.certificate(&certificate.id).await? else {
            return Ok(());
        };
        let Some(ca) = found.description.ca_certificate_id else {
            let detail = "issued for fleet provisioning, and never provisioned".to_owned();
            let finding = Finding::NeverProvisioned;
            answer.report.note(finding, &certificate.id, detail, false);
            return Ok(());
        };
        // Of another CA it is somebody else's; of one for just-in-time provisioning it is AWS IoT that activates it.
        let authority = self.registry.authority(&ca).await?;
        if !authority.is_ours() || !authority.active || authority.template.is_some() {
            return Ok(());
        }
        let announces = run.repair && run.now - certificate.created_at <= ANNOUNCED_FOR;
        if announces {
            let registered = CertificateRegistered {
                certificate_id: certificate.id.clone(),
                ca_certificate_id: ca.clone(),
                timestamp: run.now,
            };
            self.registrations.report_registration(&registered).await?;
        }
        let name = read_certificate(&found.der).ok();
        let name = name.and_then(|read| read.common_name);
        let detail = format!("brought by {:?}, of the CA {ca}", name.unwrap_or_default());
        answer.report.note(
            Finding::RegistrationPending,
            &certificate.id,
            detail,
            announces,
        );
        Ok(())
    }

    /// A certificate that a device was handed, gets next, or had before. The last one has to be inactive.
    pub(crate) async fn look_whether_it_was_replaced(
        &self,
        run: &Run,
        certificate: &WalkedCertificate,
        serial: &Serial,
        answer: &mut Reconciled,
    ) -> Result<(), CloudFailure> {
        let held = self.ledger.held(serial).await?.unwrap_or_default();
        // device-reconciler sees to the one that is being retired.
        let expected =
            held.uses(&certificate.id) || held.rotation.retiring.as_ref() == Some(&certificate.id);
        if !expected && held.current.is_some() {
            note_stray(run, certificate, serial, "was replaced", answer);
        }
        Ok(())
    }

    /// An active certificate that the ledger does not know: a way in that nobody watches, where it is a device's; of no
    /// use to anybody, where nothing is attached to it; else somebody else's.
    pub(crate) async fn look_whose_it_is(
        &self,
        run: &Run,
        certificate: &WalkedCertificate,
        answer: &mut Reconciled,
    ) -> Result<(), CloudFailure> {
        if !look_up(&certificate.id, answer) {
            return Ok(());
        }
        let things = self.inventory.things_of(&certificate.arn).await?;
        for thing in &things {
            let Ok(serial) = Serial::new(&**thing) else {
                continue;
            };
            // Of a thing that the ledger does not know, thing-reconciler tells.
            let Some(held) = self.ledger.held(&serial).await? else {
                continue;
            };
            if held.uses(&certificate.id) {
                return Ok(());
            }
            if held.state == Some(DeviceState::Known) {
                let detail = format!(
                    "imported, and not in; its thing has the active certificate {}",
                    certificate.id
                );
                answer
                    .report
                    .note(Finding::ThingUnknown, thing, detail, false);
                return Ok(());
            }
            if held.current.is_some() {
                note_stray(
                    run,
                    certificate,
                    &serial,
                    "the ledger does not know it",
                    answer,
                );
                return Ok(());
            }
        }
        if !things.is_empty() || self.has_policies(certificate, answer).await? {
            return Ok(());
        }
        if run.deactivate_orphans {
            self.certificates
                .deactivate_certificate(&certificate.id)
                .await?;
            // A run names only the first ones.
            tracing::info!(
                target: "muster", certificate = certificate.id, "an orphan is set inactive"
            );
        }
        let detail = "active, with no thing and no policy".to_owned();
        answer.report.note(
            Finding::Orphan,
            &certificate.id,
            detail,
            run.deactivate_orphans,
        );
        Ok(())
    }

    async fn has_policies(
        &self,
        certificate: &WalkedCertificate,
        answer: &mut Reconciled,
    ) -> Result<bool, CloudFailure> {
        answer.lookups += 1;
        answer.report.lookups += 1;
        let policies = self
            .certificates
            .attached_policies(&certificate.arn)
            .await?;
        Ok(!policies.is_empty())
    }
}

/// A second way in for a device.
fn note_stray(
    run: &Run,
    certificate: &WalkedCertificate,
    serial: &Serial,
    why: &str,
    answer: &mut Reconciled,
) {
    tracing::warn!(target: "muster", %serial, certificate = certificate.id, why, "a stray certificate");
    count_one(METRIC, run.now);
    let detail = format!("active, and {serial}'s: {why}");
    let finding = Finding::Stray;
    answer.report.note(finding, &certificate.id, detail, false);
}

/// Counts a look at a certificate; `false` if the run has had all that it may.
fn look_up(certificate_id: &str, answer: &mut Reconciled) -> bool {
    if answer.report.lookups >= LOOKUPS_OF_RUN {
        let detail = "a run looks up 20,000 certificates that the ledger does not know".to_owned();
        answer
            .report
            .note(Finding::NotLookedUp, certificate_id, detail, false);
        return false;
    }
    answer.lookups += 1;
    answer.report.lookups += 1;
    true
}
