//! What a device that is vended its certificate is set to do.

use crate::{RotationRoute, Settings, SettingsError, Timings};
use muster_documents::{ClientId, Mode, Serial};

/// What a device that is vended its certificate is set to do, checked.
#[derive(Debug, Clone)]
pub struct VendingSettings {
    /// The serial, as the client id that it is.
    pub(crate) client_id: ClientId,
    pub(crate) serial: Serial,
    pub(super) key_of_the_cloud: bool,
    pub(crate) timings: Timings,
}

impl VendingSettings {
    /// A device with this serial, which becomes the thing's name and the client id. It makes its key itself.
    pub fn new(serial: &str, timings: Timings) -> Result<Self, SettingsError> {
        let client_id = ClientId::new(serial)
            .map_err(|error| SettingsError::ClientId(serial.to_owned(), error))?;
        let checked =
            Serial::new(serial).map_err(|error| SettingsError::Serial(serial.to_owned(), error))?;
        Ok(Self {
            client_id,
            serial: checked,
            key_of_the_cloud: false,
            timings,
        })
    }

    /// One that can't make keys: the cloud makes it, and sends it once.
    #[must_use]
    pub fn with_key_of_the_cloud(mut self) -> Self {
        self.key_of_the_cloud = true;
        self
    }

    /// How the device replaces its certificate when the cloud asks for it: in chunks over MQTT, as
    /// [`Settings::rotation`], in packets of at most `packet_size` bytes.
    ///
    /// # Errors
    /// [`Settings::rotation`]'s, and those of [`Settings::new`] for the packet size.
    pub fn rotation(
        &self,
        prefix: &str,
        packet_size: usize,
    ) -> Result<RotationRoute, SettingsError> {
        let mode = if self.key_of_the_cloud {
            Mode::Legacy
        } else {
            Mode::Chunked
        };
        let serial = self.serial.as_str();
        let timings = self.timings.clone();
        Settings::new(serial, None, prefix, mode, packet_size, timings)?.rotation(prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(serial: &str) -> Result<VendingSettings, SettingsError> {
        VendingSettings::new(serial, Timings::default())
    }

    #[test]
    fn a_serial_that_the_cloud_would_refuse_is_refused_before_anything_is_asked() {
        assert!(settings("SN-1").is_ok());
        assert!(matches!(settings("SN/1"), Err(SettingsError::ClientId(..))));
        assert!(matches!(settings("SN.1"), Err(SettingsError::Serial(..))));
    }

    #[test]
    fn a_device_that_cannot_make_keys_has_no_rotation() {
        let device = settings("SN-1").unwrap();
        assert!(device.rotation("rotate", 256).is_ok());
        let refused = device.with_key_of_the_cloud().rotation("rotate", 256);
        assert!(matches!(refused, Err(SettingsError::LegacyRotation)));
    }
}
