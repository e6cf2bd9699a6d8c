//! What the program is told, by arguments or by the environment. Secrets are named by their files only.

mod fleet;
mod secret;
mod vend;

pub(crate) use fleet::Fleet;
pub(crate) use vend::Vend;

use clap::{Args, Parser, Subcommand};
use edge_client::{Config, DEFAULT_ROTATION_PREFIX, JoinConfig, Mode, Source, Timings};
use std::path::PathBuf;
use std::time::Duration;

/// Gets an edge device a certificate of its own from AWS IoT, and keeps its credentials.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit status: 0 done, 1 wrong arguments or files, 2 refused for good, \
3 gave up for now (run it again to go on from there)";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Gets the device a certificate of its own, or goes on where an earlier run was ended.
    #[command(after_help = EXIT_CODES)]
    Provision(Box<Provision>),
    /// Gets a device of a fleet its certificate over AWS IoT's own fleet provisioning, with the bundle of its model, or
    /// goes on where an earlier run was ended.
    #[command(after_help = EXIT_CODES)]
    Fleet(Fleet),
    /// Gets a device with a token its certificate over HTTPS, or goes on where an earlier run was ended.
    #[command(after_help = EXIT_CODES)]
    Vend(Box<Vend>),
    /// Makes a key and a certificate signing request, for a device whose certificate comes another way.
    #[command(after_help = EXIT_CODES)]
    Request(Request),
    /// Connects with a certificate that a registered CA has signed, until it is let in (just-in-time registration or
    /// provisioning).
    #[command(after_help = EXIT_CODES)]
    Join(Box<Join>),
    /// Says what the credential store holds.
    Status(StatusArguments),
}

/// What every way in takes.
#[derive(Args)]
pub(crate) struct Common {
    /// The endpoint's host name.
    #[arg(long, env = "MUSTER_ENDPOINT")]
    endpoint: String,
    /// The endpoint's MQTT port.
    #[arg(long, env = "MUSTER_PORT", default_value_t = 8883)]
    port: u16,
    /// The file with the certificates of the authorities that the endpoint's certificate may come from (PEM).
    #[arg(long, env = "MUSTER_CA", value_name = "FILE")]
    ca: PathBuf,
    #[command(flatten)]
    patience: Patience,
    /// Writes each step as a line of JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
struct Patience {
    /// Gives up for now after so many seconds.
    #[arg(
        long,
        env = "MUSTER_GIVE_UP_AFTER",
        value_name = "SECONDS",
        default_value_t = 600
    )]
    give_up_after: u64,
}

impl Patience {
    fn timings(&self) -> Timings {
        Timings {
            give_up_after: Duration::from_secs(self.give_up_after),
            ..Timings::default()
        }
    }
}

/// What a device with a certificate does about its age. Neither: it only sees whether it works.
#[derive(Args)]
#[group(multiple = false)]
pub(crate) struct Rotation {
    /// Replaces the certificate that the device has, once, and ends. The old one stays until the new one has worked.
    #[arg(long)]
    rotate: bool,
    /// Stays connected with the certificate, after getting it if there is none, and replaces it whenever the cloud asks
    /// for it on cmd/<serial>/alerts. Ends on SIGTERM or SIGINT with exit status 0; a rotation under way is gone on with
    /// at the next start.
    #[arg(long)]
    stay: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Get,
    Rotate,
    Stay,
}

impl Rotation {
    pub(crate) fn task(&self) -> Task {
        match (self.rotate, self.stay) {
            (true, _) => Task::Rotate,
            (_, true) => Task::Stay,
            _ => Task::Get,
        }
    }
}

/// How certificates come in chunks.
#[derive(Args)]
struct Chunks {
    /// The largest MQTT packet that the device can take, in bytes, 128 to 4096.
    #[arg(
        long,
        env = "MUSTER_PACKET_SIZE",
        value_name = "BYTES",
        default_value_t = 256
    )]
    packet_size: usize,
    /// The first part of the topics with --rotate and --stay, when the device replaces its certificate.
    #[arg(
        long,
        env = "MUSTER_ROTATION_PREFIX",
        value_name = "PREFIX",
        default_value = DEFAULT_ROTATION_PREFIX
    )]
    rotation_prefix: String,
}

#[derive(Args)]
pub(crate) struct Provision {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) rotation: Rotation,
    /// The claim certificate's file (PEM).
    #[arg(long, env = "MUSTER_CLAIM_CERT", value_name = "FILE")]
    claim_cert: PathBuf,
    /// The file with the claim certificate's private key (PEM).
    #[arg(long, env = "MUSTER_CLAIM_KEY", value_name = "FILE")]
    claim_key: PathBuf,
    /// The MQTT client id while the claim certificate is used.
    #[arg(long, env = "MUSTER_CLIENT_ID", value_name = "ID")]
    client_id: String,
    /// The serial, which becomes the thing's name [default: the client id].
    #[arg(long, env = "MUSTER_SERIAL")]
    serial: Option<String>,
    #[command(flatten)]
    chunks: Chunks,
    /// Lets the cloud make the key and send it. Whoever takes the client id over can read it: only for devices that
    /// can't make keys. Such a device has no rotation.
    #[arg(long, env = "MUSTER_LEGACY", conflicts_with_all = ["rotate", "stay"])]
    legacy: bool,
    /// The first part of the topics.
    #[arg(long, env = "MUSTER_PREFIX", default_value = "provision")]
    prefix: String,
    /// The folder for the device's own credentials. Made if it isn't there.
    #[arg(long, env = "MUSTER_STORE", value_name = "DIR")]
    store: PathBuf,
}

#[derive(Args)]
pub(crate) struct Join {
    #[command(flatten)]
    pub(crate) common: Common,
    /// The file of the device's certificate, followed by its CA's (PEM). Its common name is the thing's name.
    #[arg(long, env = "MUSTER_CERT", value_name = "FILE")]
    cert: PathBuf,
    /// The file with its private key (PEM).
    #[arg(long, env = "MUSTER_KEY", value_name = "FILE")]
    key: PathBuf,
}

#[derive(Args)]
pub(crate) struct Request {
    /// The name to ask a certificate for, which becomes the thing's name.
    #[arg(long, value_name = "NAME")]
    pub(crate) common_name: String,
    /// The folder for device.key.pem and device.csr.pem. Made if it isn't there; a key that is in it is used again.
    #[arg(long, env = "MUSTER_STORE", value_name = "DIR")]
    pub(crate) store: PathBuf,
    /// Writes JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl From<Join> for JoinConfig {
    fn from(join: Join) -> Self {
        Self {
            timings: join.common.patience.timings(),
            endpoint: join.common.endpoint,
            port: join.common.port,
            ca: Source::File(join.common.ca),
            certificate: Source::File(join.cert),
            key: Source::File(join.key),
        }
    }
}

#[derive(Args)]
pub(crate) struct StatusArguments {
    /// The folder with the device's own credentials.
    #[arg(long, env = "MUSTER_STORE", value_name = "DIR")]
    pub(crate) store: PathBuf,
    /// Writes JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl From<Provision> for Config {
    fn from(provision: Provision) -> Self {
        Self {
            timings: provision.common.patience.timings(),
            endpoint: provision.common.endpoint,
            port: provision.common.port,
            ca: Source::File(provision.common.ca),
            claim_certificate: Source::File(provision.claim_cert),
            claim_key: Source::File(provision.claim_key),
            client_id: provision.client_id,
            serial: provision.serial,
            mode: if provision.legacy {
                Mode::Legacy
            } else {
                Mode::Chunked
            },
            prefix: provision.prefix,
            rotation_prefix: provision.chunks.rotation_prefix,
            packet_size: provision.chunks.packet_size,
            store: provision.store,
        }
    }
}
