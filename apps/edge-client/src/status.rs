//! What a store holds, for a person. Nothing secret is in it.

use crate::FolderDisk;
use muster_device::{Credentials, Place, StoreError, read_slots};
use muster_pki::read_certificate;
use serde::Serialize;
use std::path::Path;

/// What a store holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The certificate that has worked.
    pub current: Option<CertificateStatus>,
    /// A new one, complete, that has not worked yet.
    pub pending: Option<CertificateStatus>,
    /// A delivery that was asked for and is not done.
    pub delivery: Option<DeliveryStatus>,
}

/// A certificate in a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateStatus {
    /// Its id (SHA-256 of its DER, hex).
    pub certificate_id: String,
    /// Its subject's common name.
    pub common_name: Option<String>,
    /// The last second that it is valid, counted from 1970.
    pub not_after_unix: Option<i64>,
    /// Where it is used, `host:port`, if it was vended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// A delivery under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryStatus {
    /// Chunks that are here.
    pub chunks_held: usize,
    /// Chunks there are; `None` before the manifest came.
    pub chunks: Option<usize>,
    /// In a rotation: the id of the certificate that is to be replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
    /// In fleet provisioning: the id of the certificate that was made and is to be provisioned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_id: Option<String>,
}

/// Looks at a store without changing it, also while a run uses it.
pub fn status(store: &Path) -> Result<Status, StoreError> {
    let held = read_slots(&FolderDisk::look(store))?;
    let certificate = |credentials: &Credentials| {
        let summary = read_certificate(credentials.certificate_der()).ok();
        CertificateStatus {
            certificate_id: credentials.certificate_id(),
            not_after_unix: summary.as_ref().map(|summary| summary.not_after_unix),
            common_name: summary.and_then(|summary| summary.common_name),
            endpoint: credentials.place().map(Place::endpoint),
        }
    };
    Ok(Status {
        current: held.current.as_ref().map(certificate),
        pending: held.pending.as_ref().map(certificate),
        delivery: held.delivery.map(|delivery| {
            let (chunks_held, chunks) = delivery.chunks().unzip();
            let made = delivery.credentials();
            DeliveryStatus {
                certificate_id: made.as_ref().map(Credentials::certificate_id),
                replaces: delivery.replaces,
                chunks_held: chunks_held.unwrap_or(0),
                chunks,
            }
        }),
    })
}
