//! A device that brings its certificate: it connects until AWS IoT lets it in (just-in-time registration).

use crate::entropy::SystemEntropy;
use crate::link::{Endpoint, Heard, Link};
use crate::{RunError, Source, tls};
use muster_chunking::MAX_PACKET_SIZE;
use muster_device::{Backoff, Event, Progress, Timings, Trouble};
use rustls::ClientConfig;
use secrecy::ExposeSecret;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// What such a device is told.
#[derive(Debug, Clone)]
pub struct JoinConfig {
    /// The endpoint's host name, which its certificate has to be for.
    pub endpoint: String,
    /// The endpoint's MQTT port.
    pub port: u16,
    /// The certificates of the authorities that the endpoint's certificate may come from, PEM.
    pub ca: Source,
    /// The device's certificate, PEM.
    pub certificate: Source,
    /// Its private key, PEM.
    pub key: Source,
    /// How long to wait for what.
    pub timings: Timings,
}

/// A device that has been let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// The thing's name: the certificate's common name, or its id.
    pub thing_name: String,
    /// The certificate's id (SHA-256 of its DER, hex).
    pub certificate_id: String,
    /// How often it connected.
    pub connections: u32,
    /// Until its first message had arrived.
    #[serde(
        rename = "latencyMilliseconds",
        serialize_with = "crate::outcome::milliseconds"
    )]
    pub latency: Duration,
}

/// Connects until the device is let in and its first message has arrived. AWS IoT closes the first connection: it only
/// registers the certificate with it. A device that is refused for good is not told so, and gives up in the end.
pub async fn join(
    config: JoinConfig,
    mut watch: impl FnMut(&Progress) + Send,
) -> Result<Joined, RunError> {
    let (thing_name, certificate_id, tls) = identity(&config)?;
    let topic = format!("devices/{thing_name}/hello");
    let hello = format!("{{\"certificateId\":\"{certificate_id}\"}}");
    let started = Instant::now();
    let timings = &config.timings;
    let mut wait = Backoff::new(timings.connect_retry, timings.connect_retry_longest);
    let mut connections = 0;
    loop {
        connections += 1;
        let link = Link::open(Endpoint {
            host: &config.endpoint,
            port: config.port,
            client_id: thing_name.clone(),
            tls: Arc::clone(&tls),
            packet_size: MAX_PACKET_SIZE,
            patience: timings.patience,
        });
        let said = say_hello(link, &topic, &hello, timings.patience).await;
        let Err(because) = said else {
            watch(&Progress::Published { topic });
            return Ok(Joined {
                thing_name,
                certificate_id,
                connections,
                latency: started.elapsed(),
            });
        };
        let pause = wait.after_failure(&mut SystemEntropy);
        if started.elapsed() + pause > timings.give_up_after {
            return Err(RunError::GaveUp {
                client_id: thing_name,
                because,
            });
        }
        let milliseconds = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        watch(&Progress::Waiting {
            because,
            milliseconds,
        });
        sleep(pause).await;
    }
}

fn identity(config: &JoinConfig) -> Result<(String, String, Arc<ClientConfig>), RunError> {
    const WHAT: &str = "the device's certificate";
    let pem = config.certificate.read()?;
    let pem = pem.expose_secret();
    let refuse = |reason: String| RunError::Tls { what: WHAT, reason };
    // Its CA's may follow, which AWS IoT has to see at the first connection.
    let chain = tls::certificates(pem).map_err(refuse)?;
    let der = chain
        .first()
        .ok_or_else(|| refuse("it holds none".to_owned()))?;
    let summary = muster_pki::read_certificate(der).map_err(|error| refuse(error.to_string()))?;
    let certificate_id = muster_pki::certificate_id(der);
    let thing_name = summary
        .common_name
        .unwrap_or_else(|| certificate_id.clone());
    let authorities = tls::authorities(tls::CA_FILE, config.ca.read()?.expose_secret())?;
    let tls = tls::client(authorities, WHAT, pem, &config.key.read()?, config.port)?;
    Ok((thing_name, certificate_id, tls))
}

/// One connection; why it did not do.
async fn say_hello(
    mut link: Link,
    topic: &str,
    hello: &str,
    patience: Duration,
) -> Result<(), String> {
    loop {
        let heard = timeout(patience, link.hear()).await;
        match heard.map_err(|_| "the endpoint does not answer".to_owned())? {
            Heard::Event(Event::Connected) => {
                link.publish(topic.to_owned(), hello.as_bytes().to_vec())
                    .await;
            }
            Heard::Event(Event::Delivered) => {
                link.close().await;
                return Ok(());
            }
            Heard::Event(Event::Lost(Trouble { what, .. })) => return Err(what),
            _ => {}
        }
    }
}
