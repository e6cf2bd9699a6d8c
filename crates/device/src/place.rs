//! Where a certificate is used, for a device that was told so together with the certificate.

use muster_pki::read_certificate;

/// The port of MQTT over TLS.
const DEFAULT_PORT: u16 = 8883;
/// The longest host name that DNS has, in characters.
const LONGEST_HOST: usize = 253;

/// An endpoint, and the authorities that its own certificate may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    host: String,
    port: u16,
    authorities_pem: String,
}

/// Why something is not a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The endpoint is more, less or something other than a host with or without a port.
    #[error("the endpoint is neither a host name nor a host name with a port")]
    Endpoint,
    /// There is no authority, or something that is not a certificate.
    #[error("the endpoint's authorities are not X.509 certificates in PEM")]
    Authorities,
}

impl Place {
    /// Takes `host` or `host:port` (8883 where there is none), and certificates in PEM, at least one.
    ///
    /// # Errors
    /// [`PlaceError`].
    pub fn new(endpoint: &str, authorities_pem: &str) -> Result<Self, PlaceError> {
        let (host, port) = match endpoint.split_once(':') {
            Some((host, port)) => (host, read_port(port).ok_or(PlaceError::Endpoint)?),
            None => (endpoint, DEFAULT_PORT),
        };
        if !is_host(host) {
            return Err(PlaceError::Endpoint);
        }
        if !are_certificates(authorities_pem) {
            return Err(PlaceError::Authorities);
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            authorities_pem: authorities_pem.to_owned(),
        })
    }

    /// The host's name, which its certificate has to be for.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The MQTT port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Both, as `host:port`.
    pub fn endpoint(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The certificates of the authorities, PEM.
    pub fn authorities_pem(&self) -> &str {
        &self.authorities_pem
    }
}

/// Digits only: `u16` would take a sign as well.
fn read_port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|_| digits)?;
    (port != 0).then_some(port)
}

fn is_host(text: &str) -> bool {
    let labels = text.split('.').all(|label| {
        let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = label.as_bytes();
        let inside = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        ends(bytes.first()) && ends(bytes.last()) && bytes.iter().all(inside)
    });
    labels && text.len() <= LONGEST_HOST
}

fn are_certificates(text: &str) -> bool {
    let Ok(blocks) = pem::parse_many(text) else {
        return false;
    };
    let is_certificate = |block: &pem::Pem| {
        block.tag() == "CERTIFICATE" && read_certificate(block.contents()).is_ok()
    };
    !blocks.is_empty() && blocks.iter().all(is_certificate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_pki::der_to_pem;

    fn authority() -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&key);
        der_to_pem("CERTIFICATE", certificate.unwrap().der())
    }

    fn endpoint(text: &str) -> Result<String, PlaceError> {
        Place::new(text, &authority()).map(|place| place.endpoint())
    }

    #[test]
    fn a_host_without_a_port_is_reached_where_mqtt_is_spoken_over_tls() {
        let host = "a1b2-ats.iot.eu-central-1.amazonaws.com";
        assert_eq!(endpoint(host), Ok(format!("{host}:8883")));
        assert_eq!(endpoint("localhost:443"), Ok("localhost:443".into()));
        assert_eq!(endpoint("127.0.0.1:1"), Ok("127.0.0.1:1".into()));
    }

    #[test]
    fn what_is_no_plain_host_is_refused() {
        let long = "a.".repeat(127) + "aaa";
        for text in [
            "",
            ":8883",
            "host:",
            "host:0",
            "host:+1",
            "host:65536",
            "host:1:2",
            "https://host",
            "host/path",
            "user@host",
            "a..b",
            "-a.b",
            "a b",
            "a\n",
            "höst",
            "[::1]:8883",
            &long,
        ] {
            assert_eq!(endpoint(text), Err(PlaceError::Endpoint), "{text:?}");
        }
    }

    #[test]
    fn authorities_are_certificates_and_at_least_one() {
        let two = authority() + &authority();
        assert!(Place::new("host", &two).is_ok());
        let key = der_to_pem("PRIVATE KEY", b"key");
        let noise = der_to_pem("CERTIFICATE", b"noise");
        for text in ["", "noise", &noise, &(authority() + &key)] {
            let refused = Place::new("host", text);
            assert_eq!(refused, Err(PlaceError::Authorities), "{text:?}");
        }
    }
}
