//! Putting a certificate together again.

use crate::{Acknowledgement, Answer, Chunk, Manifest, MissingSet, ReassemblyError};

/// What an answer changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing: a duplicate, another delivery's, or a chunk before its manifest. The acknowledgement or the
    /// repeated request brings what is needed.
    Ignored,
    /// A delivery began; all of its chunks are missing.
    Started,
    /// A chunk was put in its place and others are missing.
    Stored,
    /// That was the last chunk and the SHA-256 is right: store the certificate, then acknowledge it.
    Completed,
    /// The complete certificate works from now on.
    Activated,
}

/// Puts a certificate of up to `N` bytes together from answers in any order.
///
/// Everything it needs is in it: the certificate's buffer, the manifest and 16 bytes of missing chunks. A packet
/// can be dropped as soon as [`Self::accept`] comes back.
#[derive(Debug, Clone)]
pub struct Reassembler<const N: usize> {
    pub(crate) manifest: Option<Manifest>,
    /// Empty only once the digest has been checked.
    pub(crate) missing: MissingSet,
    /// The digest was wrong once under this manifest.
    mismatched: bool,
    pub(crate) certificate: [u8; N],
}

impl<const N: usize> Reassembler<N> {
    /// Knows of no delivery yet.
    pub const fn new() -> Self {
        Self {
            manifest: None,
            missing: MissingSet::new(),
            mismatched: false,
            certificate: [0; N],
        }
    }

    /// Takes an answer. Duplicates are harmless. A manifest other than the present one starts over, also after
    /// the certificate is complete, so store a complete one at once.
    pub fn accept(&mut self, answer: &Answer<'_>) -> Result<Progress, ReassemblyError> {
        match answer {
            Answer::Manifest(manifest) => self.accept_manifest(*manifest),
            Answer::Chunk(chunk) => self.accept_chunk(chunk),
            Answer::Activated(delivery) => {
                let complete = self.complete_manifest();
                let ours = complete.is_some_and(|manifest| manifest.delivery() == *delivery);
                Ok(if ours {
                    Progress::Activated
                } else {
                    Progress::Ignored
                })
            }
        }
    }

    /// The chunks that are missing: `None` before the manifest is here (repeat the request), nothing in it
    /// once the certificate is complete.
    pub fn missing(&self) -> Option<MissingSet> {
        self.manifest.map(|_| self.missing)
    }

    /// What to say to the cloud now, or `None` before the manifest is here.
    pub fn acknowledgement(&self) -> Option<Acknowledgement> {
        self.manifest
            .map(|manifest| Acknowledgement::new(manifest.delivery(), self.missing))
    }

    /// What is being delivered.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// The certificate's DER, only once it is complete and its SHA-256 is the manifest's.
    pub fn certificate(&self) -> Option<&[u8]> {
        self.certificate.get(..self.complete_manifest()?.length())
    }

    fn complete_manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref().filter(|_| self.missing.is_empty())
    }

    fn accept_manifest(&mut self, manifest: Manifest) -> Result<Progress, ReassemblyError> {
        if self.manifest == Some(manifest) {
            return Ok(Progress::Ignored);
        }
        let length = manifest.length();
        if length > N {
            return Err(ReassemblyError::TooLarge {
                length,
                capacity: N,
            });
        }
        self.manifest = Some(manifest);
        self.missing = MissingSet::all(manifest.count());
        self.mismatched = false;
        Ok(Progress::Started)
    }

    fn accept_chunk(&mut self, chunk: &Chunk<'_>) -> Result<Progress, ReassemblyError> {
        let Some(manifest) = self
            .manifest
            .filter(|ours| ours.delivery() == chunk.delivery())
        else {
            return Ok(Progress::Ignored);
        };
        // A complete certificate has been checked and must not change.
        if self.missing.is_empty() {
            return Ok(Progress::Ignored);
        }
        let index = chunk.index();
        let place = manifest
            .range(index)
            .and_then(|(start, end)| self.certificate.get_mut(start..end))
            .filter(|place| place.len() == chunk.data().len());
        let Some(place) = place else {
            self.forget();
            return Err(ReassemblyError::ChunkInvalid { index });
        };
        if !self.missing.contains(index) {
            return Ok(Progress::Ignored);
        }
        place.copy_from_slice(chunk.data());
        self.missing.remove(index);
        if !self.missing.is_empty() {
            return Ok(Progress::Stored);
        }
        if self
            .certificate()
            .is_some_and(|certificate| manifest.matches(certificate))
        {
            return Ok(Progress::Completed);
        }
        self.start_over(manifest);
        Err(ReassemblyError::DigestMismatch)
    }

    /// Forgets the chunks. If that has been tried under this manifest, forgets the manifest too: only a new one
    /// gets a device out of a delivery whose digest no certificate has.
    fn start_over(&mut self, manifest: Manifest) {
        if self.mismatched {
            self.forget();
        } else {
            self.missing = MissingSet::all(manifest.count());
            self.mismatched = true;
        }
    }

    /// Forgets the manifest, and with it what the chunks mean: the request must be repeated.
    fn forget(&mut self) {
        self.manifest = None;
        self.missing = MissingSet::new();
        self.mismatched = false;
    }
}

impl<const N: usize> Default for Reassembler<N> {
    fn default() -> Self {
        Self::new()
    }
}
