//! One of the demo's devices, which is the edge client's own code.

use super::asking;
use super::issuer::Issuer;
use crate::handed_out::HandedOut;
use crate::target::Endpoint;
use edge_client::{
    Config, FleetConfig, Format, JoinConfig, Mode, Outcome, Progress, RunError, Source, Timings,
    Traffic, VendConfig,
};
use muster_cloud::operator::Api;
use muster_documents::{FleetName, Serial};
use secrecy::SecretString;
use serde_json::json;
use std::fs;
use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;

/// What all devices share.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Where they connect.
    pub endpoint: Endpoint,
    /// Where certificates are asked for.
    pub api: Api,
    /// The address of the API for devices.
    pub device_api: String,
    /// The topics' prefix.
    pub prefix: String,
    /// The prefix of the topics on which certificates are renewed in chunks.
    pub rotation_prefix: String,
    /// The largest packet of the chunked ones, in bytes.
    pub packet_size: usize,
    /// Each gets a folder in here.
    pub stores: PathBuf,
}

/// What a device gets a certificate of its own with.
#[derive(Debug, Clone)]
pub enum Means {
    /// A claim certificate.
    Claim {
        /// The certificate, PEM.
        certificate: Source,
        /// Its private key.
        key: Source,
        /// How it asks.
        mode: Mode,
    },
    /// The CA with this id, which signs a certificate for it.
    Authority(String),
    /// A fleet.
    Fleet {
        /// Its name.
        template: FleetName,
        /// Its claim certificate, PEM.
        certificate: Source,
        /// The claim certificate's private key.
        key: Source,
    },
    /// A token, which this issues.
    Token(Issuer),
}

/// How a device came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameIn {
    /// From its request for a certificate until its first message with it had arrived.
    pub latency: Duration,
    /// How often it connected.
    pub connections: u32,
    /// What came down to it; `None` where its certificate does not come over MQTT.
    pub traffic: Option<Traffic>,
}

/// Has the device come in. Why it did not, in a sentence.
pub async fn come_in(
    scene: Scene,
    serial: Serial,
    means: Means,
    watch: impl FnMut(&Progress) + Send,
) -> Result<CameIn, String> {
    match means {
        Means::Claim {
            certificate,
            key,
            mode,
        } => claim(scene, &serial, (certificate, key), mode, watch).await,
        Means::Authority(id) => bring(scene, &serial, &id, watch).await,
        Means::Fleet {
            template,
            certificate,
            key,
        } => join_fleet(scene, &serial, &template, (certificate, key), watch).await,
        Means::Token(issuer) => vend(scene, &serial, &issuer, watch).await,
    }
}

/// With a token, over HTTPS.
async fn vend(
    scene: Scene,
    serial: &Serial,
    issuer: &Issuer,
    watch: impl FnMut(&Progress) + Send,
) -> Result<CameIn, String> {
    let token = issuer.issue(serial).await;
    let token = token.map_err(|error| error.to_string())?;
    let config = vend_config(scene, serial, Some(token));
    let outcome = edge_client::vend(config, watch).await;
    let came_in = came_over_mqtt(outcome)?;
    // Its certificate came over HTTPS.
    Ok(CameIn {
        traffic: None,
        ..came_in
    })
}

/// With a claim certificate.
async fn claim(
    scene: Scene,
    serial: &Serial,
    claim: (Source, Source),
    mode: Mode,
    watch: impl FnMut(&Progress) + Send,
) -> Result<CameIn, String> {
    let config = claim_config(scene, serial, claim, mode);
    came_over_mqtt(edge_client::run(config, watch).await)
}

/// With a fleet's claim certificate.
async fn join_fleet(
    scene: Scene,
    serial: &Serial,
    template: &FleetName,
    claim: (Source, Source),
    watch: impl FnMut(&Progress) + Send,
) -> Result<CameIn, String> {
    let config = fleet_config(scene, serial, template, claim);
    came_over_mqtt(edge_client::fleet(config, watch).await)
}

/// Stays connected with the certificate that the device came in with, and renews it whenever the cloud asks, until it is
/// dropped. Why it does not, in a sentence.
pub async fn stay(
    scene: Scene,
    serial: &Serial,
    means: Means,
    watch: impl FnMut(&Progress) + Send,
) -> Result<(), String> {
    let stayed = match means {
        Means::Claim {
            certificate,
            key,
            mode,
        } => {
            let config = claim_config(scene, serial, (certificate, key), mode);
            edge_client::stay(config, pending(), watch).await
        }
        Means::Fleet {
            template,
            certificate,
            key,
        } => {
            let config = fleet_config(scene, serial, &template, (certificate, key));
            edge_client::stay_fleet(config, pending(), watch).await
        }
        Means::Token(_) => {
            // It has its certificate, and needs no token any more.
            let config = vend_config(scene, serial, None);
            edge_client::stay_vended(config, pending(), watch).await
        }
        Means::Authority(_) => return Err("no CA renews what it has signed".to_owned()),
    };
    stayed.map_err(|error| error.to_string())
}

fn claim_config(scene: Scene, serial: &Serial, claim: (Source, Source), mode: Mode) -> Config {
    let mut config = Config::new(
        (&scene.endpoint.host, scene.endpoint.port),
        scene.endpoint.authority,
        claim,
        serial.as_str(),
        scene.stores.join(serial.as_str()),
    );
    config.mode = mode;
    config.packet_size = scene.packet_size;
    config.prefix = scene.prefix;
    config.rotation_prefix = scene.rotation_prefix;
    config
}

fn fleet_config(
    scene: Scene,
    serial: &Serial,
    template: &FleetName,
    (claim_certificate, claim_key): (Source, Source),
) -> FleetConfig {
    FleetConfig {
        endpoint: scene.endpoint.host,
        port: scene.endpoint.port,
        ca: scene.endpoint.authority,
        claim_certificate,
        claim_key,
        template: template.to_string(),
        model: None,
        serial: serial.to_string(),
        client_id: serial.to_string(),
        voucher: None,
        format: Format::Json,
        store: scene.stores.join(serial.as_str()),
        timings: Timings::default(),
    }
}

fn vend_config(scene: Scene, serial: &Serial, token: Option<SecretString>) -> VendConfig {
    let store = scene.stores.join(serial.as_str());
    let none = SecretString::default();
    let mut config = VendConfig::new(&scene.device_api, serial.as_str(), none, store);
    config.token = token;
    config.packet_size = scene.packet_size;
    config.rotation_prefix = scene.rotation_prefix;
    config
}

fn came_over_mqtt(outcome: Result<Outcome, RunError>) -> Result<CameIn, String> {
    let outcome = outcome.map_err(|error| error.to_string())?;
    Ok(CameIn {
        latency: outcome.latency,
        connections: outcome.connections,
        traffic: Some(outcome.traffic),
    })
}

/// With a certificate that a CA signs for its own key, which stays in its store.
async fn bring(
    scene: Scene,
    serial: &Serial,
    ca_id: &str,
    watch: impl FnMut(&Progress) + Send,
) -> Result<CameIn, String> {
    let store = scene.stores.join(serial.as_str());
    let made = edge_client::request(&store, serial.common_name());
    let made = made.map_err(|error| error.to_string())?;
    let csr = fs::read_to_string(&made.csr).map_err(|error| error.to_string())?;
    let body = json!({
        "caCertificateId": ca_id, "csr": csr, "csrSubjects": { "commonName": serial },
        "lifetimeDays": super::LIFETIME_DAYS,
    });
    let asked = Instant::now();
    // One that is signed and lost on the way is registered nowhere.
    let answer = asking::post_harmless(&scene.api, "/device-certificates", &body).await;
    let answer: HandedOut = answer.map_err(|error| error.to_string())?;
    let config = JoinConfig {
        endpoint: scene.endpoint.host,
        port: scene.endpoint.port,
        ca: scene.endpoint.authority,
        certificate: answer.certificates.certificate.into(),
        key: made.key.into(),
        timings: Timings::default(),
    };
    let joined = edge_client::join(config, watch).await;
    let joined = joined.map_err(|error| error.to_string())?;
    Ok(CameIn {
        latency: asked.elapsed(),
        connections: joined.connections,
        traffic: None,
    })
}
