//! Lets devices read what they have reported in their shadow, and write what is desired, over HTTPS.

mod caller;
mod desired;
mod error;

pub use error::ShadowError;

use caller::{Caller, Proof, is_overdue};
use desired::Desired;
use muster_lambda::{DeviceRequest, PaceLimits, Shown, authenticate, paced};
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::{
    DesiredWrite, DeviceRecords, HeldDevice, Shadows, TokenKey, TokenLedger,
};
use muster_onboarding::shadows::ShadowRules;
use muster_onboarding::tokens::Opens;
use serde_json::{Value, json};

/// What it works with.
#[derive(Debug)]
pub struct World<L, K, S> {
    /// The ledger.
    pub ledger: L,
    /// The key of the tokens' hashes.
    pub key: K,
    /// The shadows.
    pub shadows: S,
    /// How often may be asked.
    pub limits: PaceLimits,
    /// Which keys are read and written.
    pub rules: ShadowRules,
}

impl<L: TokenLedger + DeviceRecords, K: TokenKey, S: Shadows> World<L, K, S> {
    /// Serves a request at the time `now`, in seconds since 1970. Nothing of a body is looked at before its sender is known.
    pub async fn serve(&self, now: i64, request: &DeviceRequest) -> Result<Value, ShadowError> {
        let caller = Caller::of(request)?;
        tracing::info!(
            target: "muster", by = caller.proof.name(), source = request.source(), "asked"
        );
        let held = self.let_in(&caller, request.source(), now).await?;
        let held = held.filter(|held| held.state == Some(DeviceState::Provisioned));
        let held = held.ok_or(ShadowError::Unknown)?;
        let thing = held.thing_name.as_deref();
        let thing = thing.unwrap_or(caller.serial.as_str());
        match request.operation().as_str() {
            "GET /shadow" => self.reported(thing).await,
            "PUT /shadow" => self.desire(thing, Desired::read(&request.body()?)?).await,
            _ => Err(ShadowError::NoSuchPath),
        }
    }

    /// What the ledger says of the caller's device, if the caller is let in.
    async fn let_in(
        &self,
        caller: &Caller,
        source: &str,
        now: i64,
    ) -> Result<Option<HeldDevice>, ShadowError> {
        let serial = &caller.serial;
        match &caller.proof {
            Proof::Token(token) => {
                let shown = Shown {
                    serial,
                    token,
                    source,
                };
                let (ledger, key) = (&self.ledger, &self.key);
                authenticate(ledger, key, self.limits, Opens::Shadow, shown, now).await?;
                let held = self.ledger.held(serial).await?;
                // In quarantine it may do nothing but renew its certificate.
                Ok(held.filter(|held| !is_overdue(held)))
            }
            Proof::Certificate(certificate) => {
                let proof = async {
                    let held = self.ledger.held(serial).await?;
                    Ok(held.filter(|held| certificate.is_good_for(held, now)))
                };
                let held = paced(&self.ledger, self.limits, serial, source, now, proof).await?;
                Ok(Some(held))
            }
        }
    }

    async fn reported(&self, thing: &str) -> Result<Value, ShadowError> {
        let shadow = self.shadows.reported_state(thing).await?;
        let shadow = shadow.ok_or(ShadowError::Unknown)?;
        Ok(json!({
            "state": { "reported": self.rules.read.readable(shadow.reported) },
            "version": shadow.version,
            "timestamp": shadow.timestamp,
        }))
    }

    /// The answer has what was sent, and nothing of what else is desired.
    async fn desire(&self, thing: &str, desired: Desired) -> Result<Value, ShadowError> {
        let Desired { state, version } = desired;
        if let Some(key) = self.rules.write.refused(&state) {
            return Err(ShadowError::key_refused(&key));
        }
        let written = self.shadows.write_desired(thing, &state, version).await;
        match written.map_err(ShadowError::of_write)? {
            DesiredWrite::Written { version, timestamp } => Ok(json!({
                "state": { "desired": state }, "version": version, "timestamp": timestamp,
            })),
            DesiredWrite::Outdated => Err(ShadowError::Conflict),
            DesiredWrite::TooLarge => Err(ShadowError::Full),
        }
    }
}

#[cfg(test)]
mod tests;
