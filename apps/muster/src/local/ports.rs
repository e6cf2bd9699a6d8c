//! Ports for the emulator to listen on.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// The two ports of a local stack, both on the loopback interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// HTTP, for all AWS APIs.
    pub gateway: u16,
    /// MQTT over mutual TLS, for devices.
    pub mqtt: u16,
}

/// Ports that the person asked for; the others are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WantedPorts {
    /// For all AWS APIs, over HTTP.
    pub gateway: Option<u16>,
    /// For MQTT over mutual TLS.
    pub mqtt: Option<u16>,
}

/// Why a port cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// Something else listens on a port that was asked for.
    #[error(
        "port {port} is in use. End what listens on it, or leave out {option} to take a free one"
    )]
    InUse {
        /// The port asked for.
        port: u16,
        /// The option that asked.
        option: &'static str,
    },
    /// The system has none to give.
    #[error("the system gave no free port")]
    None(#[source] io::Error),
}

impl WantedPorts {
    /// Whether another choice may succeed where this one fails.
    pub fn leave_a_choice(self) -> bool {
        self.gateway.is_none() || self.mqtt.is_none()
    }

    /// Ports that are free now. Another program may still take a chosen one before the emulator does.
    pub fn choose(self) -> Result<Ports, PortError> {
        // Both are held until both are chosen, so that they differ.
        let gateway = listen(self.gateway, "--port")?;
        let mqtt = listen(self.mqtt, "--mqtt-port")?;
        let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
        Ok(Ports {
            gateway: port(&gateway).map_err(PortError::None)?,
            mqtt: port(&mqtt).map_err(PortError::None)?,
        })
    }
}

fn listen(wanted: Option<u16>, option: &'static str) -> Result<TcpListener, PortError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, wanted.unwrap_or(0))).map_err(|error| match wanted {
        Some(port) => PortError::InUse { port, option },
        None => PortError::None(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_are_two_different_ones() {
        let ports = WantedPorts::default().choose().unwrap();
        assert_ne!(ports.gateway, ports.mqtt);
    }

    #[test]
    fn a_port_in_use_is_refused_by_the_option_that_asked_for_it() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();

        let refused = WantedPorts {
            gateway: Some(port),
            mqtt: None,
        }
        .choose()
        .unwrap_err();

        assert!(
            refused
                .to_string()
                .contains(&format!("port {port} is in use"))
        );
        assert!(refused.to_string().contains("--port"));
    }
}
