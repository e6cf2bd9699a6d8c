//! A device with a token, which is vended its certificate over HTTPS.

use crate::api::Api;
use crate::beginnings::{self, provisioning, staying};
use crate::entropy::SystemEntropy;
use crate::errand::{Errand, do_errand, stay_on_errand};
use crate::means::Means;
use crate::{Outcome, RunError, Source, tls};
use muster_chunking::DEFAULT_PACKET_SIZE;
use muster_device::{
    Progress, Provisioning, RotationRoute, SettingsError, Timings, VendingSettings,
};
use muster_documents::DEFAULT_ROTATION_PREFIX;
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::time::Duration;

/// What a device that is vended its certificate is told. `Debug` shows neither token nor API key.
#[derive(Debug, Clone)]
pub struct VendConfig {
    /// The address of the stack's API for devices, `https://HOST/v1`. `http://` is taken for this machine only.
    pub api_url: String,
    /// The certificates of the authorities that the API's certificate may come from, PEM; where it is left out, those
    /// that browsers trust.
    pub api_ca: Option<Source>,
    /// The token. A device that has a certificate needs none.
    pub token: Option<SecretString>,
    /// The API key, where the API asks for one beside the token.
    pub api_key: Option<SecretString>,
    /// The serial, which becomes the thing's name and is the MQTT client id.
    pub serial: String,
    /// Lets the cloud make the key and send it: only for devices that can't make keys. Such a device has no rotation.
    pub key_of_the_cloud: bool,
    /// The certificates of the authorities that the MQTT endpoint's certificate may come from, PEM; where it is left out,
    /// the one that comes with the device's certificate.
    pub ca: Option<Source>,
    /// The first part of the topics on which the device replaces its certificate: `rotate`.
    pub rotation_prefix: String,
    /// The largest PUBLISH packet in bytes that the device takes while it replaces its certificate, 128 to 4096.
    pub packet_size: usize,
    /// The folder for the device's own credentials. Made if it isn't there.
    pub store: PathBuf,
    /// How long to wait for what.
    pub timings: Timings,
}

impl VendConfig {
    /// A device that makes its key itself and believes whom browsers do, with packets of 256 bytes, the prefix `rotate`
    /// and the timings of the field.
    pub fn new(
        api_url: &str,
        serial: &str,
        token: SecretString,
        store: impl Into<PathBuf>,
    ) -> Self {
        Self {
            api_url: api_url.to_owned(),
            api_ca: None,
            token: Some(token),
            api_key: None,
            serial: serial.to_owned(),
            key_of_the_cloud: false,
            ca: None,
            rotation_prefix: DEFAULT_ROTATION_PREFIX.into(),
            packet_size: DEFAULT_PACKET_SIZE,
            store: store.into(),
            timings: Timings::default(),
        }
    }

    fn settings(&self) -> Result<VendingSettings, SettingsError> {
        let settings = VendingSettings::new(&self.serial, self.timings.clone())?;
        Ok(if self.key_of_the_cloud {
            settings.with_key_of_the_cloud()
        } else {
            settings
        })
    }

    fn rotation(&self) -> Result<RotationRoute, SettingsError> {
        let settings = self.settings()?;
        settings.rotation(&self.rotation_prefix, self.packet_size)
    }

    fn errand(&self) -> Result<Errand<'_>, RunError> {
        let api = Api::new(
            &self.api_url,
            self.api_ca.as_ref(),
            self.token.as_ref(),
            self.api_key.as_ref(),
        )?;
        let authorities = match &self.ca {
            Some(ca) => Some(tls::authorities(tls::CA_FILE, ca.read()?.expose_secret())?),
            None => None,
        };
        Ok(Errand {
            means: Means::Token { api, authorities },
            client_id: &self.serial,
            store: &self.store,
            timings: &self.timings,
            packet_limit: self.packet_size,
            mode: None,
            too_large_ends_it: true,
        })
    }
}

/// Gets a device its certificate with its token: asked for over HTTPS for a key that is kept before, and proven by an MQTT
/// connection to the endpoint that came with it. It goes on from where an earlier run was ended, and asks nothing if the
/// certificate that it has works. `watch` is told each step.
///
/// # Errors
/// [`RunError`]. What the store holds is kept in every case.
pub async fn vend(
    config: VendConfig,
    watch: impl FnMut(&Progress) + Send,
) -> Result<Outcome, RunError> {
    let settings = config.settings()?;
    do_errand(config.errand()?, provisioning(settings), watch).await
}

/// Gets a device another certificate with another token, for another key. The one that it has stays until the new one has
/// worked. A pending one is tried before anything is asked. `watch` is told each step.
///
/// # Errors
/// As [`vend`]'s.
pub async fn vend_again(
    config: VendConfig,
    watch: impl FnMut(&Progress) + Send,
) -> Result<Outcome, RunError> {
    let settings = config.settings()?;
    let start = |held| {
        let entropy = Box::new(SystemEntropy);
        Ok(Provisioning::replace(
            settings,
            held,
            entropy,
            Duration::ZERO,
        ))
    };
    do_errand(config.errand()?, start, watch).await
}

/// Replaces the certificate of such a device once, as [`rotate`](crate::rotate) does: over MQTT, with the certificate that
/// it has and without the API.
///
/// # Errors
/// As [`rotate`](crate::rotate)'s.
pub async fn rotate_vended(
    config: VendConfig,
    watch: impl FnMut(&Progress) + Send,
) -> Result<Outcome, RunError> {
    let rotation = config.rotation()?;
    let start = beginnings::rotation(rotation, &config.store);
    do_errand(config.errand()?, start, watch).await
}

/// Gets a device its certificate if it has none, as [`vend`] does, and stays connected with it, as [`stay`](crate::stay)
/// does.
///
/// # Errors
/// As [`stay`](crate::stay)'s.
pub async fn stay_vended(
    config: VendConfig,
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
