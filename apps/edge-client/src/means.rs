//! What a device asks for its certificate with, and where it uses the one that it has.

use crate::api::Api;
use crate::{RunError, Source, tls};
use muster_device::{Credentials, Identity, Place};
use rustls::RootCertStore;
use secrecy::ExposeSecret;
use std::sync::Arc;

/// What a device asks with.
pub(crate) enum Means {
    /// A claim certificate, at the endpoint where the device uses its own as well.
    Claim {
        certificate: Credentials,
        endpoint: Destination,
    },
    /// A token, over HTTPS. The answer says where its certificate is used.
    Token {
        api: Api,
        /// In place of the authorities that come with the answer.
        authorities: Option<Arc<RootCertStore>>,
    },
}

/// An endpoint to connect to.
#[derive(Clone)]
pub(crate) struct Destination {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whose certificate it may show.
    pub(crate) authorities: Arc<RootCertStore>,
}

impl Means {
    /// Reads a claim certificate and its key.
    pub(crate) fn claim(
        (host, port): (&str, u16),
        ca: &Source,
        (certificate, key): (&Source, &Source),
    ) -> Result<Self, RunError> {
        let endpoint = Destination {
            host: host.to_owned(),
            port,
            authorities: tls::authorities(tls::CA_FILE, ca.read()?.expose_secret())?,
        };
        let certificate = certificate.read()?;
        let certificate = Credentials::unmatched(certificate.expose_secret(), key.read()?)
            .map_err(|error| RunError::Tls {
                what: "the claim certificate",
                reason: error.to_string(),
            })?;
        Ok(Self::Claim {
            certificate,
            endpoint,
        })
    }

    /// The way to ask over HTTPS, if this is it.
    pub(crate) fn api(&self) -> Option<&Api> {
        match self {
            Self::Token { api, .. } => Some(api),
            Self::Claim { .. } => None,
        }
    }

    /// What to call a certificate, the certificate itself and where to connect with it; `None` if nobody has said where.
    pub(crate) fn connection<'a>(
        &'a self,
        identity: &'a Identity,
    ) -> Result<Option<(&'static str, &'a Credentials, Destination)>, RunError> {
        const OWN: &str = "the device's own certificate";
        Ok(match (self, identity) {
            (
                Self::Claim {
                    certificate,
                    endpoint,
                },
                Identity::Claim,
            ) => Some(("the claim certificate", certificate, endpoint.clone())),
            (Self::Claim { endpoint, .. }, Identity::Own(own)) => {
                Some((OWN, own, endpoint.clone()))
            }
            (Self::Token { authorities, .. }, Identity::Own(own)) => match own.place() {
                Some(place) => Some((OWN, own, destination(place, authorities.as_ref())?)),
                None => None,
            },
            (Self::Token { .. }, Identity::Claim) => None,
        })
    }
}

fn destination(
    place: &Place,
    authorities: Option<&Arc<RootCertStore>>,
) -> Result<Destination, RunError> {
    Ok(Destination {
        host: place.host().to_owned(),
        port: place.port(),
        authorities: match authorities {
            Some(authorities) => Arc::clone(authorities),
            None => tls::authorities(
                "the authorities that came with the certificate",
                place.authorities_pem(),
            )?,
        },
    })
}
