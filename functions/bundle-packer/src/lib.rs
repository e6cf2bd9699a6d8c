//! Packs what a device of one model needs to get a certificate of its own: a zip that runs as it is.

mod contents;
mod packing;

use contents::Contents;
use muster_documents::fleet_tasks::{PackBundle, PackedBundle};
use muster_documents::{Bundle, ClaimFile, FleetSettings, Model, bundle};
use muster_lambda::NamedError;
use muster_onboarding::ports::{DataEndpoint, FileStore, FleetLedger};
use muster_onboarding::{CloudFailure, HeldByAnother, check_holder};

/// AWS IoT's port for MQTT.
const MQTT_PORT: u16 = 8883;

/// What the bundles of a stack share.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Where devices connect, where it is not the account's own endpoint: `host` or `host:port`.
    pub device_endpoint: Option<String>,
    /// What the names of claim certificates' files begin with.
    pub vault_prefix: String,
}

/// Why a bundle was not packed.
#[derive(Debug, thiserror::Error)]
pub enum PackerError {
    /// The claim certificate's files are not in the vault.
    #[error("the vault has no {file} of the claim certificate {certificate_id}")]
    ClaimMissing {
        /// The certificate.
        certificate_id: String,
        /// The file.
        file: &'static str,
    },
    /// The zip could not be written.
    #[error("the bundle could not be packed")]
    NotPacked(#[source] packing::PackingError),
    /// Another execution is at the fleet.
    #[error(transparent)]
    Busy(#[from] HeldByAnother),
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl NamedError for PackerError {
    fn name(&self) -> &'static str {
        match self {
            Self::ClaimMissing { .. } => "ClaimMissing",
            Self::NotPacked(_) => "BundleFailed",
            Self::Busy(_) => "FleetBusy",
            Self::Cloud(failure) => failure.name(),
        }
    }
}

/// Packs the bundle that `task` names, and puts it into the vault's bucket; or removes those that are no model's. One that
/// holds just this already is left as it is.
///
/// # Errors
/// [`PackerError`].
pub async fn pack(
    files: &impl FileStore,
    ledger: &impl FleetLedger,
    endpoint: &impl DataEndpoint,
    stack: &Stack,
    task: PackBundle,
) -> Result<PackedBundle, PackerError> {
    let (PackBundle::Bundle {
        settings,
        execution,
        ..
    }
    | PackBundle::Leftovers {
        settings,
        execution,
    }) = &task;
    let fleet = &settings.template_name;
    check_holder(ledger.fleet(fleet).await?, fleet, execution)?;
    match task {
        PackBundle::Bundle {
            settings,
            model,
            certificate_id,
            ..
        } => {
            let packed = bundle(files, endpoint, stack, &settings, model, &certificate_id);
            Ok(PackedBundle {
                bundle: Some(packed.await?),
            })
        }
        PackBundle::Leftovers { settings, .. } => {
            remove_leftovers(files, &settings).await?;
            Ok(PackedBundle::default())
        }
    }
}

async fn bundle(
    files: &impl FileStore,
    endpoint: &impl DataEndpoint,
    stack: &Stack,
    settings: &FleetSettings,
    model: Option<Model>,
    certificate_id: &str,
) -> Result<Bundle, PackerError> {
    let claim = async |file: ClaimFile| {
        let key = file.key(&stack.vault_prefix, certificate_id);
        let contents = files.read_object(&key).await?;
        contents.ok_or_else(|| PackerError::ClaimMissing {
            certificate_id: certificate_id.to_owned(),
            file: file.name(),
        })
    };
    let platform = model.as_ref().and_then(|model| model.platform.as_ref());
    let edge_client = match platform {
        Some(platform) => {
            files
                .read_object(&bundle::edge_client_key(platform))
                .await?
        }
        None => None,
    };
    let root_ca = files.read_object(bundle::OWN_ROOT_CA).await?;
    let (host, port) = match &stack.device_endpoint {
        Some(own) => host_and_port(own),
        None => (endpoint.data_endpoint().await?, MQTT_PORT),
    };
    let name = model.as_ref().map(|model| &model.name);
    let with_edge_client = edge_client.is_some();
    let contents = Contents {
        settings,
        model: name,
        endpoint: host,
        port,
        claim_certificate: claim(ClaimFile::Certificate).await?,
        claim_private_key: claim(ClaimFile::PrivateKey).await?,
        root_ca: root_ca.unwrap_or_else(|| bundle::AMAZON_ROOT_CA.into()),
        edge_client,
    };
    let key = bundle::key(&settings.template_name, name);
    let zip = packing::zip(contents.files()).map_err(PackerError::NotPacked)?;
    files.keep_object(&key, zip).await?;
    Ok(Bundle {
        model: name.cloned(),
        key,
        with_edge_client,
    })
}

fn host_and_port(endpoint: &str) -> (String, u16) {
    let split = endpoint.rsplit_once(':');
    match split.and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?))) {
        Some(found) => found,
        None => (endpoint.to_owned(), MQTT_PORT),
    }
}

async fn remove_leftovers(
    files: &impl FileStore,
    settings: &FleetSettings,
) -> Result<(), CloudFailure> {
    let fleet = &settings.template_name;
    let models = settings.models.iter().map(|model| Some(&model.name));
    let mut kept: Vec<_> = models.map(|model| bundle::key(fleet, model)).collect();
    if kept.is_empty() {
        kept.push(bundle::key(fleet, None));
    }
    for key in files.list_objects(&bundle::folder(fleet)).await? {
        if !kept.contains(&key) {
            files.remove_object(&key).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_of_the_operators_may_have_a_port() {
        assert_eq!(
            host_and_port("iot.example.com"),
            ("iot.example.com".into(), 8883)
        );
        assert_eq!(
            host_and_port("iot.example.com:443"),
            ("iot.example.com".into(), 443)
        );
    }
}
