//! Who asks, and what shows it.

use crate::ShadowError;
use muster_documents::Serial;
use muster_lambda::{DeviceRequest, NotAuthenticated, about_device};
use muster_onboarding::ports::{HeldDevice, OverdueAction};
use muster_pki::{certificate_id, pem_to_der, read_certificate};
use secrecy::SecretString;

/// Who asks.
pub(crate) struct Caller {
    /// Who it says that it is.
    pub(crate) serial: Serial,
    /// What is to show it.
    pub(crate) proof: Proof,
}

/// What is to show that it is who it says.
pub(crate) enum Proof {
    Token(SecretString),
    Certificate(ClientCertificate),
}

/// The certificate of a connection, whose key API Gateway has seen to be the caller's.
pub(crate) struct ClientCertificate {
    id: String,
    not_after: i64,
}

impl Caller {
    /// Reads who asks. A request shows one thing: which of two counted would be for somebody else to guess.
    pub(crate) fn of(request: &DeviceRequest) -> Result<Self, ShadowError> {
        let serial = request.query("serialNumber");
        let serial = serial.ok_or(ShadowError::SerialMissing)?;
        let serial = Serial::new(serial).map_err(ShadowError::SerialMalformed)?;
        about_device(&serial);
        let token = request.token(request.query("deviceToken"))?;
        let certificate = match (request.client_certificate(), &token) {
            (Some(_), Some(_)) => return Err(ShadowError::TwoProofs),
            (Some(pem), None) => Some(ClientCertificate::read(pem).ok_or_else(refused)?),
            (None, _) => None,
        };
        let token = token.map(Proof::Token);
        let proof = certificate.map(Proof::Certificate).or(token);
        Ok(Self {
            serial,
            proof: proof.ok_or_else(refused)?,
        })
    }
}

fn refused() -> ShadowError {
    NotAuthenticated::TokenRefused.into()
}

impl Proof {
    /// What the log calls it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Certificate(_) => "certificate",
        }
    }
}

/// Whether a device's deadline has passed, and more than an alert came of that.
pub(crate) fn is_overdue(held: &HeldDevice) -> bool {
    let overdue = held.rotation.overdue.as_ref();
    overdue.is_some_and(|overdue| overdue.action != OverdueAction::Alert)
}

impl ClientCertificate {
    fn read(pem: &str) -> Option<Self> {
        let der = pem_to_der(pem).ok()?;
        let summary = read_certificate(&der).ok()?;
        Some(Self {
            id: certificate_id(&der),
            not_after: summary.not_after_unix,
        })
    }

    /// Whether it is the device's: in force or the next, not over at the time `now`, and not shut out or on its way there.
    pub(crate) fn is_good_for(&self, held: &HeldDevice, now: i64) -> bool {
        let rotation = &held.rotation;
        let next = rotation.next.as_ref();
        let next = next.filter(|_| rotation.next_shut_at.is_none());
        let mut its = held.current.iter().chain(next);
        let overdue = rotation.overdue.as_ref().is_some_and(|overdue| {
            overdue.action != OverdueAction::Alert && overdue.certificate_id == self.id
        });
        its.any(|one| one.id == self.id)
            && now <= self.not_after
            && held.undoing.is_none()
            && !overdue
    }
}
