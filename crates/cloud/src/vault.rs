//! S3: the vault, which keeps the files of certificate authorities.

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError};
use muster_documents::VaultFile;
use muster_onboarding::ports::{Vault, VaultReader};
use muster_onboarding::{CloudFailure, FailureKind};

/// The adapter to the vault's bucket.
#[derive(Debug, Clone)]
pub struct VaultBucket {
    client: Client,
    bucket: String,
    prefix: String,
}

impl VaultBucket {
    /// Files are `<prefix>/<caCertificateId>/<name>` in the bucket.
    pub fn new(cloud: &Cloud, bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self {
            client: client!(aws_sdk_s3, cloud),
            bucket: bucket.into(),
            prefix: prefix.into(),
        }
    }
}

impl Vault for VaultBucket {
    async fn store_file(
        &self,
        ca_id: &str,
        file: VaultFile,
        contents: Vec<u8>,
    ) -> Result<(), CloudFailure> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(file.key(&self.prefix, ca_id))
            .body(ByteStream::from(contents))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("s3:PutObject", error))
    }

    async fn remove_file(&self, ca_id: &str, file: VaultFile) -> Result<(), CloudFailure> {
        self.client
            .delete_object()
            .bucket(&self.bucket)
            .key(file.key(&self.prefix, ca_id))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("s3:DeleteObject", error))
    }
}

impl VaultBucket {
    /// Whether the file is there. It is looked for in the bucket's listing: read without being there, it is answered
    /// with 404 or, where S3 finds that the role may not know that much, with 403, which can mean anything else too.
    async fn is_there(&self, key: &str) -> Result<bool, CloudFailure> {
        // Names are listed in order, and the file's own is the first of all that begin with it.
        let listed = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(key)
            .max_keys(1)
            .send()
            .await
            .map_err(|error| failure("s3:ListBucket", error))?;
        let mut listed = listed.contents().iter();
        Ok(listed.any(|object| object.key() == Some(key)))
    }
}

impl VaultReader for VaultBucket {
    async fn read_file(
        &self,
        ca_id: &str,
        file: VaultFile,
        most: usize,
    ) -> Result<Option<Vec<u8>>, CloudFailure> {
        const ACTION: &str = "s3:GetObject";
        let key = file.key(&self.prefix, ca_id);
        if !self.is_there(&key).await? {
            return Ok(None);
        }
        let got = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
            .map_err(|error| failure(ACTION, error))?;
        let read = first_bytes(got.body, most).await;
        read.map(Some).map_err(|error| CloudFailure {
            kind: FailureKind::Unavailable,
            action: ACTION,
            message: "the file broke off".to_owned(),
            source: Some(Box::new(error)),
        })
    }
}

/// At most so many bytes; the rest is not fetched.
async fn first_bytes(mut body: ByteStream, limit: usize) -> Result<Vec<u8>, ByteStreamError> {
    let mut bytes = Vec::new();
    while bytes.len() < limit
        && let Some(more) = body.try_next().await?
    {
        bytes.extend_from_slice(&more);
    }
    bytes.truncate(limit);
    Ok(bytes)
}
