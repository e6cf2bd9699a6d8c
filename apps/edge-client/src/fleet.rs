//! A device of a fleet, over AWS IoT's own fleet provisioning.

use crate::beginnings::{self, provisioning, staying};
use crate::errand::{Errand, do_errand, stay_on_errand};
use crate::means::Means;
use crate::{Outcome, RunError, Source};
use muster_device::{FleetDeviceSettings, Progress, SettingsError, Timings};
use muster_documents::fleet_provisioning::Format;
use secrecy::SecretString;
use std::path::PathBuf;

/// The largest PUBLISH that AWS IoT sends, in bytes: a payload of 128 KiB (AWS IoT Core quotas, "Publish request size")
/// and what stands around it. An answer with a certificate and its key has about 4 kB.
const LARGEST_PACKET: usize = 128 * 1024 + 512;

/// What a device of a fleet is told.
#[derive(Debug, Clone)]
pub struct FleetConfig {
    /// The endpoint's host name, which its certificate has to be for.
    pub endpoint: String,
    /// The endpoint's MQTT port: 8883, or 443 (with ALPN, which only AWS wants).
    pub port: u16,
    /// The certificates of the authorities that the endpoint's certificate may come from, PEM.
    pub ca: Source,
    /// The claim certificate, PEM.
    pub claim_certificate: Source,
    /// The claim certificate's private key, PEM (PKCS#8, PKCS#1 or SEC1).
    pub claim_key: Source,
    /// The provisioning template, which is the fleet.
    pub template: String,
    /// The device's model, in a fleet with models.
    pub model: Option<String>,
    /// The serial, which becomes the thing's name.
    pub serial: String,
    /// The MQTT client id of the connection with the claim certificate.
    pub client_id: String,
    /// The device's voucher, in a fleet that asks for one.
    pub voucher: Option<SecretString>,
    /// How requests and answers are written.
    pub format: Format,
    /// The folder for the device's own credentials. Made if it isn't there.
    pub store: PathBuf,
    /// How long to wait for what.
    pub timings: Timings,
}

impl FleetConfig {
    fn settings(&self) -> Result<FleetDeviceSettings, SettingsError> {
        let timings = self.timings.clone();
        let mut settings = FleetDeviceSettings::new(&self.serial, &self.template, timings)?
            .with_client_id(&self.client_id)?
            .with_format(self.format);
        if let Some(model) = &self.model {
            settings = settings.with_model(model)?;
        }
        if let Some(voucher) = &self.voucher {
            settings = settings.with_voucher(voucher.clone());
        }
        Ok(settings)
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
            packet_limit: LARGEST_PACKET,
            mode: None,
            too_large_ends_it: true,
        })
    }
}

/// Gets a device of a fleet its certificate, as [`run`](crate::run) does: from the first request, from where an
/// earlier run was ended, or not at all if the one it has works. `watch` is told each step.
///
/// # Errors
/// [`RunError`]. What the store holds is kept in every case.
pub async fn fleet(
    config: FleetConfig,
    watch: impl FnMut(&Progress) + Send,
) -> Result<Outcome, RunError> {
    let settings = config.settings()?;
    do_errand(config.errand()?, provisioning(settings), watch).await
}

/// Replaces the certificate of a device of a fleet once, as [`rotate`](crate::rotate) does, by the fleet's rotation
/// template.
///
/// # Errors
/// As [`rotate`](crate::rotate)'s.
pub async fn rotate_fleet(
    config: FleetConfig,
    watch: impl FnMut(&Progress) + Send,
) -> Result<Outcome, RunError> {
    let rotation = config.settings()?.rotation()?;
    let start = beginnings::rotation(rotation, &config.store);
    do_errand(config.errand()?, start, watch).await
}

/// Gets a device of a fleet its certificate if it has none and stays connected with it, as [`stay`](crate::stay) does;
/// it replaces it by the fleet's rotation template.
///
/// # Errors
/// As [`stay`](crate::stay)'s.
pub async fn stay_fleet(
    config: FleetConfig,
    stop: impl Future<Output = ()> + Send,
    watch: impl FnMut(&Progress) + Send,
) -> Result<(), RunError> {
    let settings = config.settings()?;
    let rotation = settings.rotation()?;
    let errand = Errand {
        too_large_ends_it: false,
        ..config.errand()?
    };
    stay_on_errand(errand, staying(settings, rotation), stop, watch).await
}
