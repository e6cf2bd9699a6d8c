//! Collecting a certificate that comes in chunks, for a key that the device made.

use super::asking::Taken;
use crate::{Credentials, Progress, Settings, UnfinishedDelivery};
use muster_chunking::{
    Acknowledgement, Answer, MAX_CERTIFICATE, Progress as Step, Reassembler, SNAPSHOT_OVERHEAD,
};
use muster_documents::{CsrField, ProvisioningRequest};
use muster_pki::{DeviceKey, KeyError, der_to_pem};

/// A key, and what has come for it so far.
pub(super) struct Chunked {
    key: DeviceKey,
    reassembler: Box<Reassembler<MAX_CERTIFICATE>>,
}

impl Chunked {
    /// Nothing has come yet.
    pub(super) fn new(key: DeviceKey) -> Self {
        Self {
            key,
            reassembler: Box::default(),
        }
    }

    /// Goes on from what was kept. A snapshot that can't be read is worth nothing, but the key is what counts.
    pub(super) fn resume(kept: &UnfinishedDelivery) -> Result<Self, KeyError> {
        let key = DeviceKey::from_pem(&kept.private_key_pem)?;
        let reassembler = Reassembler::restore(&kept.snapshot).unwrap_or_default();
        Ok(Self {
            key,
            reassembler: Box::new(reassembler),
        })
    }

    /// What to keep.
    pub(super) fn unfinished(&self) -> UnfinishedDelivery {
        let mut snapshot = vec![0; MAX_CERTIFICATE + SNAPSHOT_OVERHEAD];
        let length = self.reassembler.snapshot(&mut snapshot).unwrap_or(0);
        snapshot.truncate(length);
        UnfinishedDelivery {
            snapshot,
            ..UnfinishedDelivery::new(self.key.pem())
        }
    }

    /// The request, in CBOR: the smallest form.
    pub(super) fn request(&self, settings: &Settings) -> Result<Vec<u8>, KeyError> {
        // AWS IoT copies the subject into the certificate, whose common name is shorter than a serial may be.
        let name = settings.thing_name.common_name();
        let request = ProvisioningRequest {
            serial_number: settings.serial.as_ref().map(ToString::to_string),
            csr: Some(CsrField::Der(self.key.csr(name)?.der().to_vec())),
            packet_size: i64::try_from(settings.packet_size).ok(),
        };
        Ok(request.to_cbor())
    }

    /// What to say is missing; `None` before the manifest is here.
    pub(super) fn acknowledgement(&self) -> Option<Acknowledgement> {
        self.reassembler.acknowledgement()
    }

    /// Forgets what has come.
    pub(super) fn forget(&mut self) {
        *self.reassembler = Reassembler::new();
    }

    /// The credentials, if the certificate is complete.
    pub(super) fn credentials(&mut self) -> Option<Result<Credentials, String>> {
        let pem = der_to_pem("CERTIFICATE", self.reassembler.certificate()?);
        let credentials = Credentials::matched(&pem, &self.key).map_err(|error| error.to_string());
        if credentials.is_err() {
            self.forget();
        }
        Some(credentials)
    }

    /// Takes a message that came on `accepted`.
    pub(super) fn take(&mut self, payload: &[u8], packet_bytes: usize) -> Taken {
        let Ok(answer) = Answer::decode(payload) else {
            return Taken::Nothing;
        };
        let step = self.reassembler.accept(&answer);
        let progress = match &answer {
            Answer::Manifest(manifest) => Progress::ManifestReceived {
                length: manifest.length(),
                chunks: manifest.count(),
                packet_bytes,
            },
            Answer::Chunk(chunk) => Progress::ChunkReceived {
                index: chunk.index(),
                of: self
                    .reassembler
                    .manifest()
                    .map_or(0, muster_chunking::Manifest::count),
                packet_bytes,
            },
            Answer::Activated(_) => return Taken::Nothing,
        };
        match step {
            Ok(Step::Started | Step::Stored) => Taken::New(progress),
            Ok(Step::Completed) => match self.credentials() {
                Some(Ok(credentials)) => Taken::Complete(progress, credentials),
                Some(Err(why)) => Taken::Unusable(progress, why),
                None => Taken::Known(progress),
            },
            Ok(Step::Ignored | Step::Activated) => Taken::Known(progress),
            Err(why) => Taken::Unusable(progress, why.to_string()),
        }
    }
}
