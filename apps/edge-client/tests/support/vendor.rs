//! A device with a token, the API that vends it a certificate, and the broker where that is used.

use super::api::{Api, Reply, Vendor};
use super::broker::{Broker, hurried};
use super::rotation_cloud::SERIAL;
use super::service::Service;
use super::vending_cloud::VendingCloud;
use edge_client::{FolderDisk, VendConfig};
use muster_device::{Held, read_slots};
use muster_pki::der_to_pem;
use rumqttc::tokio_rustls::TlsAcceptor;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::ExposeSecret;
use std::path::PathBuf;
use std::process::Output;
use std::sync::Arc;
use tempfile::{TempDir, tempdir};
use tokio::process::Command;

pub const TOKEN: &str = "7ZK4M-Q2X9V-B6HTW-3RNDJ-8FGPEC";

/// A device with all that it meets.
pub struct Field {
    pub broker: Arc<Broker<VendingCloud>>,
    pub api: Api,
    folder: TempDir,
}

impl Field {
    /// With an API that replies so at first.
    pub async fn new(replies: Vec<Reply>) -> Self {
        Self::with(replies, false).await
    }

    /// With an API that speaks TLS, with a certificate of the broker's authority.
    pub async fn over_tls() -> Self {
        Self::with(Vec::new(), true).await
    }

    async fn with(replies: Vec<Reply>, tls: bool) -> Self {
        let broker = Arc::new(Broker::vending().await);
        let folder = tempdir().unwrap();
        let acceptor = tls.then(|| acceptor(&broker.seen().cloud));
        let (asks, store) = (Arc::clone(&broker), folder.path().join("store"));
        let vendor: Vendor = Arc::new(move |request| {
            let held = read_slots(&FolderDisk::look(&store)).unwrap();
            asks.seen().cloud.vend(request, &held)
        });
        Self {
            api: Api::start(replies, acceptor, vendor).await,
            broker,
            folder,
        }
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub fn held(&self) -> Held {
        read_slots(&FolderDisk::look(self.store())).unwrap()
    }

    /// A device in a hurry.
    pub fn config(&self) -> VendConfig {
        let mut config = VendConfig::new(&self.api.url, SERIAL, TOKEN.into(), self.store());
        config.timings = hurried();
        config
    }

    /// The program, with the token in its environment.
    pub fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edge-client"));
        let store = self.store();
        command
            .args(["vend", "--url", &self.api.url, "--serial", SERIAL])
            .arg("--store")
            .arg(store)
            .args(more)
            .env_clear()
            .env("MUSTER_TOKEN", TOKEN)
            .kill_on_drop(true);
        command
    }

    pub async fn run(&self, more: &[&str]) -> Output {
        self.command(more).output().await.unwrap()
    }
}

fn acceptor(cloud: &VendingCloud) -> TlsAcceptor {
    let (key, certificate) = cloud.authority.identity(vec!["localhost".into()]);
    let key = PrivateKeyDer::try_from(key.pkcs8_der().expose_secret().to_vec()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(certificate)], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// An authority that nobody here has.
pub fn stranger() -> String {
    der_to_pem("CERTIFICATE", &VendingCloud::new().authority.authority)
}
