//! One thing, from its name to its device in the ledger.

use super::Outcome;
use super::extras::Extras;
use super::pace::Pace;
use super::report::Adopted;
use super::terms::Terms;
use muster_cloud::operator::{Thing, Things};
use muster_cloud::{Identity, Ledger, Registrations, ThingDates};
use muster_documents::Serial;
use muster_onboarding::adoption::{
    AdoptedDevice, Known, KnownDevice, NotAdopted, check_holders, check_validity, first_day,
    in_force_since, one_active,
};
use muster_onboarding::ports::{Certificate, CertificateRegistry, Policies, RegisteredCertificate};
use muster_onboarding::rotation::CERT_ISSUANCE;
use muster_onboarding::{CloudFailure, FailureKind};

/// What adopting reaches, and on which terms it is done.
pub(super) struct Desk<'a> {
    pub(super) things: Things,
    pub(super) registrations: Registrations,
    pub(super) identity: Identity,
    pub(super) dates: ThingDates,
    pub(super) ledger: Ledger,
    pub(super) pace: Pace,
    pub(super) known: Known,
    pub(super) terms: &'a Terms,
}

/// Why a thing is not taken.
#[derive(Debug)]
pub(super) enum NotTaken {
    /// By rule.
    Left(NotAdopted),
    /// A call failed.
    Cloud(CloudFailure),
}

impl Desk<'_> {
    pub(super) async fn take(&self, name: &str) -> Result<Outcome, NotTaken> {
        let serial = Serial::new(name).map_err(NotAdopted::NameMalformed)?;
        match self.known.devices.get(name) {
            Some(device) if !device.may_be_adopted() => self.see_to(&serial, device).await,
            _ => self.take_in(&serial).await,
        }
    }

    /// A device that is in already stays as it is. If it was adopted, it gets what an earlier try did not give it.
    async fn see_to(&self, serial: &Serial, device: &KnownDevice) -> Result<Outcome, NotTaken> {
        self.terms.check_fleet(device.fleet.as_deref())?;
        let wanted = &self.terms.wanted;
        let (Some((_, arn)), true) = (
            device.as_adopted(),
            wanted.attach_policy || wanted.date_things,
        ) else {
            return Ok(Outcome::AlreadyThere(Extras::default()));
        };
        self.pace.turn().await;
        let Some(thing) = self.things.thing(serial).await? else {
            return Ok(Outcome::AlreadyThere(Extras::default()));
        };
        let policies = self.identity.attached_policies(arn).await?;
        let extras = self.extras(serial, arn, &policies, &thing, device.issued_on);
        Ok(Outcome::AlreadyThere(extras.await?))
    }

    async fn take_in(&self, serial: &Serial) -> Result<Outcome, NotTaken> {
        self.terms.check_prefix(serial)?;
        self.pace.turn().await;
        let thing = self.things.thing(serial).await?;
        let thing = thing.ok_or(NotAdopted::ThingMissing)?;
        let attached = self.certificates(&thing).await?;
        let found = one_active(attached)?;
        let (id, arn) = (
            &found.description.certificate_id,
            &found.description.certificate_arn,
        );
        let things = self.things.things_of(arn).await?;
        let policies = self.identity.attached_policies(arn).await?;
        let claim_policies = self.terms.claim_policies.each_ref().map(String::as_str);
        check_holders(serial, id, &things, &policies, &claim_policies, &self.known)?;
        let device = self.device(serial, &thing, &found)?;
        if !self.terms.wanted.dry_run {
            match self.ledger.adopt_device(&device).await {
                // It came in by itself meanwhile.
                Err(failure) if failure.kind == FailureKind::ConditionFailed => {
                    return Ok(Outcome::AlreadyThere(Extras::default()));
                }
                other => other?,
            }
        }
        let extras = self.extras(serial, arn, &policies, &thing, Some(device.issued_on));
        let extras = extras.await?;
        let mut own_policies = policies;
        own_policies.retain(|policy| *policy != self.terms.policy);
        Ok(Outcome::Adopted(Adopted {
            extras,
            own_policies,
            certificate_id: device.certificate.id,
            issued_on: device.issued_on,
            rotation_day: device.rotation_day,
            serial: device.serial,
        }))
    }

    async fn certificates(
        &self,
        thing: &Thing,
    ) -> Result<Vec<RegisteredCertificate>, CloudFailure> {
        let mut found = Vec::new();
        for id in &thing.certificate_ids {
            found.extend(self.registrations.certificate(id).await?);
        }
        Ok(found)
    }

    fn device(
        &self,
        serial: &Serial,
        thing: &Thing,
        found: &RegisteredCertificate,
    ) -> Result<AdoptedDevice, NotAdopted> {
        let terms = self.terms;
        let read = check_validity(found, terms.now.div_euclid(1000))?;
        let today = terms.today();
        let date = thing.attributes.get(CERT_ISSUANCE).map(String::as_str);
        let issued_on = in_force_since(date, read.not_before_unix, today);
        let rotation_day = first_day(
            serial,
            issued_on,
            read.not_after_unix,
            &terms.rotation,
            today,
            terms.wanted.spread_days,
        );
        Ok(AdoptedDevice {
            serial: serial.clone(),
            certificate: Certificate {
                id: found.description.certificate_id.clone(),
                arn: found.description.certificate_arn.clone(),
                der: found.der.clone(),
            },
            not_after: read.not_after_unix,
            fingerprint: read.public_key_fingerprint,
            fleet: terms.wanted.fleet.clone(),
            model: terms.wanted.model.clone(),
            issued_on,
            rotation_day,
            at: terms.now,
            expires_at: terms.expires_at,
        })
    }
}
