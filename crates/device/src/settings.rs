//! What a device is set to do.

use crate::RotationRoute;
use muster_chunking::{MAX_PACKET_SIZE, MIN_PACKET_SIZE, room_for_chunk_data};
use muster_documents::{ClientId, MalformedIdentifier, MalformedName, Mode, Serial, Topics};
use std::time::Duration;

/// What a device is set to do, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(crate) client_id: ClientId,
    pub(crate) serial: Option<Serial>,
    pub(crate) thing_name: Serial,
    pub(crate) topics: Topics,
    pub(crate) mode: Mode,
    pub(crate) packet_size: usize,
    pub(crate) timings: Timings,
}

/// Why a device can't be set to this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The client id is not one.
    #[error("the client id {0:?} can't be used: {1}")]
    ClientId(String, MalformedIdentifier),
    /// The serial is not one.
    #[error("the serial {0:?} can't be used: {1}")]
    Serial(String, MalformedIdentifier),
    /// No serial was given, and the client id can't stand in for it.
    #[error("the client id {0:?} can't be the serial as well ({1}): give a serial")]
    SerialNeeded(String, MalformedIdentifier),
    /// The packet size is out of range.
    #[error("the packet size is {0} bytes; it has to be {MIN_PACKET_SIZE} to {MAX_PACKET_SIZE}")]
    PacketSize(usize),
    /// The provisioning template's name is not one of a fleet.
    #[error(transparent)]
    Template(MalformedName),
    /// The model's name is not one.
    #[error(transparent)]
    Model(MalformedName),
    /// A rotation was asked for in legacy mode.
    #[error(
        "a device that can't make keys has no rotation: the key of the certificate that replaces another is made on the device"
    )]
    LegacyRotation,
    /// The topic of the answers leaves no room for a chunk in such a packet.
    #[error(
        "a packet of {0} bytes has no room for a chunk beside the topic {1:?}: take larger packets or a shorter client id"
    )]
    PacketTooSmall(usize, String),
}

impl Settings {
    /// Checks and takes them. `serial` is the client id where it is left out; `packet_size` is the largest MQTT
    /// PUBLISH packet in bytes that the device can take, and counts in chunked mode only.
    pub fn new(
        client_id: &str,
        serial: Option<&str>,
        prefix: &str,
        mode: Mode,
        packet_size: usize,
        timings: Timings,
    ) -> Result<Self, SettingsError> {
        let client_id = ClientId::new(client_id)
            .map_err(|error| SettingsError::ClientId(client_id.to_owned(), error))?;
        let serial = serial
            .map(|text| {
                Serial::new(text).map_err(|error| SettingsError::Serial(text.to_owned(), error))
            })
            .transpose()?;
        let thing_name = match &serial {
            Some(serial) => serial.clone(),
            None => Serial::new(client_id.as_str())
                .map_err(|error| SettingsError::SerialNeeded(client_id.to_string(), error))?,
        };
        if !(MIN_PACKET_SIZE..=MAX_PACKET_SIZE).contains(&packet_size) {
            return Err(SettingsError::PacketSize(packet_size));
        }
        let topics = Topics::new(prefix, &client_id);
        let accepted = topics.accepted();
        if mode == Mode::Chunked && room_for_chunk_data(packet_size, accepted.len()).is_none() {
            return Err(SettingsError::PacketTooSmall(packet_size, accepted));
        }
        Ok(Self {
            client_id,
            serial,
            thing_name,
            topics,
            mode,
            packet_size,
            timings,
        })
    }

    /// How the device replaces its certificate: in chunks, on the topics of its thing's name under `prefix` (no trailing
    /// slash). The client id is the thing's name.
    ///
    /// # Errors
    /// [`SettingsError::LegacyRotation`], and [`SettingsError::PacketTooSmall`] for these topics.
    pub fn rotation(&self, prefix: &str) -> Result<RotationRoute, SettingsError> {
        if self.mode == Mode::Legacy {
            return Err(SettingsError::LegacyRotation);
        }
        let name = self.thing_name.as_str();
        let timings = self.timings.clone();
        let settings = Self::new(
            name,
            Some(name),
            prefix,
            self.mode,
            self.packet_size,
            timings,
        )?;
        Ok(RotationRoute(settings.into()))
    }

    /// The thing's name, which is the serial and the client id of the new connection.
    pub fn thing_name(&self) -> &Serial {
        &self.thing_name
    }

    /// How the certificate travels.
    pub fn mode(&self) -> Mode {
        self.mode
    }
}

/// How long a device waits for what. The defaults suit a device in the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timings {
    /// After the last chunk, with some still missing: then the missing ones are asked for.
    pub quiet: Duration,
    /// How often an acknowledgement without an answer is repeated.
    pub acknowledgement_tries: u32,
    /// The first wait before a request is repeated.
    pub request_retry: Duration,
    /// The longest wait before a request is repeated.
    pub request_retry_longest: Duration,
    /// The first wait before another connection.
    pub connect_retry: Duration,
    /// The longest wait before another connection.
    pub connect_retry_longest: Duration,
    /// How long the endpoint may take to answer a connection, a subscription or a publication. The API that vends
    /// certificates may take four times as long.
    pub patience: Duration,
    /// How often the new certificate may be refused before the device takes another course.
    pub refusals: u32,
    /// How long AWS IoT's fleet provisioning may take to answer: its hook alone has 5 s.
    pub answer: Duration,
    /// How often a question of fleet provisioning may go without an answer before the device takes another course.
    pub unanswered: u32,
    /// After so long without success the device gives up for now.
    pub give_up_after: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            quiet: Duration::from_secs(2),
            acknowledgement_tries: 5,
            request_retry: Duration::from_secs(5),
            request_retry_longest: Duration::from_mins(1),
            connect_retry: Duration::from_secs(1),
            connect_retry_longest: Duration::from_mins(1),
            patience: Duration::from_secs(15),
            refusals: 3,
            answer: Duration::from_secs(10),
            unanswered: 2,
            give_up_after: Duration::from_mins(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(
        client_id: &str,
        serial: Option<&str>,
        packet_size: usize,
    ) -> Result<Settings, SettingsError> {
        Settings::new(
            client_id,
            serial,
            "provision",
            Mode::Chunked,
            packet_size,
            Timings::default(),
        )
    }

    #[test]
    fn a_device_without_a_serial_is_called_by_its_client_id() {
        assert_eq!(
            settings("nrf-1", None, 256).unwrap().thing_name().as_str(),
            "nrf-1"
        );
        assert_eq!(
            settings("nrf-1", Some("SN-9"), 256)
                .unwrap()
                .thing_name()
                .as_str(),
            "SN-9"
        );
    }

    #[test]
    fn what_the_cloud_would_refuse_is_refused_before_connecting() {
        assert!(matches!(
            settings("nrf*", None, 256),
            Err(SettingsError::ClientId(..))
        ));
        assert!(matches!(
            settings("nrf-1", Some("a/b"), 256),
            Err(SettingsError::Serial(..))
        ));
        assert!(matches!(
            settings("nrf.1", None, 256),
            Err(SettingsError::SerialNeeded(..))
        ));
        assert!(matches!(
            settings("nrf-1", None, 127),
            Err(SettingsError::PacketSize(127))
        ));
        assert!(matches!(
            settings("nrf-1", None, 4097),
            Err(SettingsError::PacketSize(4097))
        ));
        let long = "n".repeat(128);
        assert!(matches!(
            settings(&long, None, 128),
            Err(SettingsError::PacketTooSmall(..))
        ));
    }
}
