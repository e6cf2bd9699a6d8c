//! Where devices connect, and whom they find there.

use crate::VendError;
use muster_documents::bundle::{AMAZON_ROOT_CA, OWN_ROOT_CA};
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::{DataEndpoint, FileStore};
use tokio::sync::OnceCell;

/// Where devices connect. It is looked up once in the life of a process.
#[derive(Debug)]
pub struct Address<E, F> {
    /// The account's endpoint.
    pub endpoint: E,
    /// The vault's bucket.
    pub files: F,
    /// The operator's own endpoint, `host` or `host:port`, if there is one.
    pub own: Option<String>,
    found: OnceCell<Found>,
}

/// Where a device connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// `host` or `host:port`.
    pub(crate) endpoint: String,
    /// Whom the endpoint's certificate comes from, PEM.
    pub(crate) root_ca: String,
}

impl<E: DataEndpoint, F: FileStore> Address<E, F> {
    /// Not looked up yet.
    pub fn new(endpoint: E, files: F, own: Option<String>) -> Self {
        Self {
            endpoint,
            files,
            own,
            found: OnceCell::new(),
        }
    }

    pub(crate) async fn find(&self) -> Result<&Found, VendError> {
        Ok(self.found.get_or_try_init(|| self.look_it_up()).await?)
    }

    async fn look_it_up(&self) -> Result<Found, CloudFailure> {
        let root_ca = self.files.read_object(OWN_ROOT_CA).await?;
        let root_ca = root_ca.and_then(|pem| String::from_utf8(pem).ok());
        let endpoint = match &self.own {
            Some(own) => own.clone(),
            None => self.endpoint.data_endpoint().await?,
        };
        Ok(Found {
            endpoint,
            root_ca: root_ca.unwrap_or_else(|| AMAZON_ROOT_CA.to_owned()),
        })
    }
}
