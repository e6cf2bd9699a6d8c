//! S3: the vault, which keeps the files of certificate authorities.

use crate::{Cloud, failure};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use muster_documents::VaultFile;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::Vault;

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
        let config = aws_sdk_s3::config::Builder::from(&cloud.config)
            .interceptor(cloud.calls.clone())
            .build();
        Self {
            client: Client::from_conf(config),
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
