//! S3: files in the vault's bucket, by their keys.

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use muster_onboarding::ports::FileStore;
use muster_onboarding::{CloudFailure, FailureKind};

/// The metadata in which a file carries the SHA-256 of what it holds, lowercase hex.
const DIGEST: &str = "sha256";

/// The adapter to a bucket.
#[derive(Debug, Clone)]
pub struct Objects {
    client: Client,
    bucket: String,
}

impl Objects {
    /// The files of a bucket.
    pub fn new(cloud: &Cloud, bucket: impl Into<String>) -> Self {
        Self {
            client: client!(aws_sdk_s3, cloud),
            bucket: bucket.into(),
        }
    }

    /// The digest that a file carries; `None` where there is no such file, or it carries none.
    async fn digest_of(&self, key: &str) -> Result<Option<String>, CloudFailure> {
        // A file that is not there is answered with 403 to whoever may not list the bucket.
        if !self.is_listed(key).await? {
            return Ok(None);
        }
        let head = self.client.head_object().bucket(&self.bucket).key(key);
        let head = head.send().await;
        // HeadObject has no permission of its own.
        let head = head.map_err(|error| failure("s3:GetObject", error))?;
        Ok(head.metadata().and_then(|all| all.get(DIGEST)).cloned())
    }

    async fn is_listed(&self, key: &str) -> Result<bool, CloudFailure> {
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

impl FileStore for Objects {
    async fn keep_object(&self, key: &str, contents: Vec<u8>) -> Result<(), CloudFailure> {
        let digest = muster_pki::certificate_id(&contents);
        if self.digest_of(key).await?.as_ref() == Some(&digest) {
            return Ok(());
        }
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .metadata(DIGEST, digest)
            .body(ByteStream::from(contents))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("s3:PutObject", error))
    }

    async fn read_object(&self, key: &str) -> Result<Option<Vec<u8>>, CloudFailure> {
        const ACTION: &str = "s3:GetObject";
        if !self.is_listed(key).await? {
            return Ok(None);
        }
        let got = self.client.get_object().bucket(&self.bucket).key(key);
        let got = got.send().await.map_err(|error| failure(ACTION, error))?;
        let read = got.body.collect().await;
        let read = read.map_err(|error| CloudFailure {
            kind: FailureKind::Unavailable,
            action: ACTION,
            message: "the file broke off".to_owned(),
            source: Some(Box::new(error)),
        })?;
        Ok(Some(read.to_vec()))
    }

    async fn list_objects(&self, prefix: &str) -> Result<Vec<String>, CloudFailure> {
        let mut keys = Vec::new();
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failure("s3:ListBucket", error))?;
            keys.extend(
                page.contents()
                    .iter()
                    .filter_map(|object| object.key())
                    .map(str::to_owned),
            );
        }
        Ok(keys)
    }

    async fn remove_object(&self, key: &str) -> Result<(), CloudFailure> {
        self.client
            .delete_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("s3:DeleteObject", error))
    }
}
