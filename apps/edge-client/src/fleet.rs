//! A device of a fleet, over AWS IoT's own fleet provisioning.

use crate::entropy::SystemEntropy;
use crate::run::{Errand, do_errand};
use crate::{Outcome, RunError, Source};
use muster_device::{FleetDeviceSettings, Progress, Provisioning, SettingsError, Timings};
use muster_documents::fleet_provisioning::Format;
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;

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
    let errand = Errand {
        endpoint: &config.endpoint,
        port: config.port,
        ca: &config.ca,
        claim_certificate: &config.claim_certificate,
        claim_key: &config.claim_key,
        client_id: &config.client_id,
        store: &config.store,
        timings: &config.timings,
        packet_limit: LARGEST_PACKET,
        mode: None,
    };
    let start =
        |held| Provisioning::start_fleet(settings, held, Box::new(SystemEntropy), Duration::ZERO);
    do_errand(errand, start, watch).await
}
