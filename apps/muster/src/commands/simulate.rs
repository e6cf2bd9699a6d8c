//! `muster device simulate`: one device, played by the edge client's own code.

use super::Failure;
use crate::output::Output;
use crate::target::Target;
use clap::Args;
use edge_client::{Config, Mode, Source};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The device's serial
    serial: String,
    /// The client id of the connection with the claim certificate [default: the serial]
    #[arg(long)]
    client_id: Option<String>,
    /// Where claim.cert.pem and claim.key.pem are, as `muster claim create` writes them
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    claim: PathBuf,
    /// Ask without a CSR, as the devices of the sample do; the stack's `LegacyMode` has to be on
    #[arg(long)]
    legacy: bool,
    /// The largest MQTT packet that the device takes, in bytes
    #[arg(long, default_value_t = 256)]
    packet_size: usize,
    /// Where the device keeps its credentials [default: device-SERIAL]
    #[arg(long, value_name = "DIRECTORY")]
    store: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(
    target: &Target,
    arguments: Arguments,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let endpoint = target.endpoint().await?;
    let store = arguments
        .store
        .unwrap_or_else(|| PathBuf::from(format!("device-{}", arguments.serial)));
    let claim = |name: &str| Source::from(arguments.claim.join(name));
    let client_id = arguments.client_id.as_deref().unwrap_or(&arguments.serial);
    let mut config = Config::new(
        (&endpoint.host, endpoint.port),
        endpoint.authority,
        (claim("claim.cert.pem"), claim("claim.key.pem")),
        client_id,
        &store,
    );
    config.serial = Some(arguments.serial.clone());
    config.mode = if arguments.legacy {
        Mode::Legacy
    } else {
        Mode::Chunked
    };
    config.packet_size = arguments.packet_size;
    target.output("TopicPrefix")?.clone_into(&mut config.prefix);
    let say = |progress: &edge_client::Progress| {
        if let Some(sentence) = edge_client::sentence(progress) {
            output.progress(&sentence);
        }
    };
    let outcome = edge_client::run(config, say).await?;
    output.result(
        &json!({ "outcome": outcome, "store": store }),
        &format!(
            "{} works with certificate {} after {} ms: {} packets, {} bytes, the largest {}; its credentials are in {}",
            outcome.thing_name,
            outcome.certificate_id,
            outcome.latency.as_millis(),
            outcome.traffic.packets,
            outcome.traffic.bytes,
            outcome.traffic.largest_packet,
            store.display()
        ),
    );
    Ok(ExitCode::SUCCESS)
}
