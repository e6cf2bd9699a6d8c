//! How a run ended.

use crate::Traffic;
use muster_device::{Refused, SettingsError, StoreError};
use muster_documents::Mode;
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A run that ended with a certificate that works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The thing's name.
    pub thing_name: String,
    /// The certificate's id (SHA-256 of its DER, hex).
    pub certificate_id: String,
    /// How the certificate travelled over Muster's claim provisioning; `None` on other ways, where there is one form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// From this run's first request until the publication with the new certificate had arrived; from the start of
    /// the run if it had nothing to ask for any more.
    #[serde(rename = "latencyMilliseconds", serialize_with = "milliseconds")]
    pub latency: Duration,
    /// How often this run asked.
    pub requests: u32,
    /// How often it connected, with the claim certificate and with its own.
    pub connections: u32,
    /// What came down to the device.
    pub traffic: Traffic,
}

/// A duration as a number of milliseconds.
pub(crate) fn milliseconds<S: serde::Serializer>(
    latency: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(latency.as_millis()).unwrap_or(u64::MAX))
}

/// A run that ended without one. What the store holds is kept in every case.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The cloud refused for good.
    #[error("{client_id} was refused for good: {}{}", label(&refused.code), refused.message)]
    Refused {
        /// The device.
        client_id: String,
        /// What the cloud said.
        refused: Refused,
    },
    /// It did not work in the time that there was.
    #[error(
        "{client_id} gave up for now: {because}. What it holds is kept; run it again to go on from there"
    )]
    GaveUp {
        /// The device.
        client_id: String,
        /// What stood in the way last.
        because: String,
    },
    /// The settings can't be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A file that was named can't be read.
    #[error("{path} can't be read")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file of the bundle, or a voucher's or token's, is there and can't be used.
    #[error("{path} can't be used: {reason}")]
    Bundle {
        /// Which.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The certificates or the key can't be used for TLS.
    #[error("no TLS connection is possible with {what}: {reason}")]
    Tls {
        /// Which of them.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The address of the API for devices can't be used.
    #[error("the API's address can't be used: {0}")]
    ApiUrl(
        /// What is wrong with it.
        &'static str,
    ),
    /// A certificate has to be asked for, and there is no token.
    #[error(
        "there is no token to ask for a certificate with: name its file with --token-file, or set MUSTER_TOKEN"
    )]
    NoToken,
    /// The API key is none that could be sent.
    #[error("the API key can't be used: it has characters that no header takes")]
    ApiKey,
    /// The store holds a certificate that was not vended, and so not where it is used.
    #[error(
        "the credential store {0} doesn't say where its certificate is used: that is kept only of certificates that were vended. \
         Use the command that got this one, or get another with a new token (vend --again)"
    )]
    NoPlace(PathBuf),
    /// The folder can't be used.
    #[error("the credential store {path} can't be used")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another run uses the folder.
    #[error(
        "the credential store {0} is in use by another run: give each device a folder of its own"
    )]
    StoreInUse(PathBuf),
    /// A rotation was asked for, and the store holds no certificate.
    #[error(
        "the credential store {0} holds no certificate to rotate: get the device its first one before"
    )]
    NothingToRotate(PathBuf),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RunError {
    /// The program's exit status: 2 refused for good, 3 gave up for now, 1 anything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { .. } => 2,
            Self::GaveUp { .. } => 3,
            _ => 1,
        }
    }
}

fn label(code: &str) -> String {
    if code.is_empty() {
        String::new()
    } else {
        format!("{code}. ")
    }
}
