//! A device with a claim certificate, over Muster's claim provisioning.

use crate::beginnings::{self, provisioning, staying};
use crate::errand::{Errand, do_errand, stay_on_errand};
use crate::means::Means;
use crate::{Config, Outcome, RunError};
use muster_chunking::MAX_PACKET_SIZE;
use muster_device::{Progress, RotationRoute, Settings, SettingsError};
use muster_documents::Mode;

impl Config {
    fn settings(&self) -> Result<Settings, SettingsError> {
        Settings::new(
            &self.client_id,
            self.serial.as_deref(),
            &self.prefix,
            self.mode,
            self.packet_size,
            self.timings.clone(),
        )
    }

    fn rotation(&self) -> Result<RotationRoute, SettingsError> {
        self.settings()?.rotation(&self.rotation_prefix)
    }

    fn errand(&self) -> Result<Errand<'_>, RunError> {
        Ok(Errand {
            means: Means::claim(
                (&self.endpoint, self.port),
                &self.ca,
                (&self.claim_certificate, &self.claim_key),
            )?,
            client_id: &self.client_id,
            store: &self.store,
            timings: &self.timings,
            // A legacy device takes a whole key or certificate at once, however large it is.
            packet_limit: match self.mode {
                Mode::Chunked => self.packet_size,
                Mode::Legacy => MAX_PACKET_SIZE,
            },
            mode: Some(self.mode),
            too_large_ends_it: true,
        })
    }
}

/// Gets a device a certificate of its own: from the first request, from where an earlier run was ended, or not at
/// all if the one it has works. `watch` is told each step.
///
/// # Errors
/// [`RunError`]. What the store holds is kept in every case.
pub async fn run(config: Config, watch: impl FnMut(&Progress) + Send) -> Result<Outcome, RunError> {
    let settings = config.settings()?;
    do_errand(config.errand()?, provisioning(settings), watch).await
}

/// Replaces a device's certificate once, on the topics of [`Config::rotation_prefix`], or goes on from where an earlier
/// run was ended. It asks with the certificate that it has, which stays until the new one has worked. `watch` is told
/// each step.
///
/// # Errors
/// [`RunError`]: without a certificate [`RunError::NothingToRotate`], and [`RunError::Refused`] if the cloud has no
/// rotation for it now.
pub async fn rotate(
    config: Config,
    watch: impl FnMut(&Progress) + Send,
) -> Result<Outcome, RunError> {
    let rotation = config.rotation()?;
    let start = beginnings::rotation(rotation, &config.store);
    do_errand(config.errand()?, start, watch).await
}

/// Gets a device its certificate if it has none, as [`run`] does, and stays connected with it until `stop` comes:
/// whenever the cloud asks for it on `cmd/<thingName>/alerts`, the device replaces its certificate as [`rotate`] does.
/// Lost connections are made again. With the certificate that it has it publishes nothing but what a rotation takes.
/// A packet that is larger than it takes is not heard. `watch` is told each step.
///
/// When `stop` comes a rotation under way is dropped; the next call goes on with it.
///
/// # Errors
/// [`RunError`] if it gets no first certificate, or if its files fail it. A rotation that doesn't work is none.
pub async fn stay(
    config: Config,
    stop: impl Future<Output = ()> + Send,
    watch: impl FnMut(&Progress) + Send,
) -> Result<(), RunError> {
    let (settings, rotation) = (config.settings()?, config.rotation()?);
    let errand = Errand {
        too_large_ends_it: false,
        ..config.errand()?
    };
    stay_on_errand(errand, staying(settings, rotation), stop, watch).await
}
