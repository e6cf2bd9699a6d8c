//! Ports for the emulator to listen on.

use serde::Deserialize;

/// The two ports of a local stack, both on the loopback interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Ports {
    /// HTTP, for all AWS APIs.
    pub gateway: u16,
    /// MQTT over mutual TLS, for devices.
    pub mqtt: u16,
}

impl Ports {
    /// For all AWS APIs: `http://127.0.0.1:<port>`.
    pub fn gateway_url(self) -> String {
        format!("http://127.0.0.1:{}", self.gateway)
    }
}

/// Ports that the person asked for; the others are any that are free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WantedPorts {
    /// For all AWS APIs, over HTTP.
    pub gateway: Option<u16>,
    /// For MQTT over mutual TLS.
    pub mqtt: Option<u16>,
}
