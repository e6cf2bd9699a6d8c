//! S3: all versions of a vault's files, and the bucket itself.

use crate::{Cloud, failure};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use muster_onboarding::{CloudFailure, FailureKind};

/// The most versions that are deleted at once (API reference, `DeleteObjects`).
const MOST_DELETED: usize = 1000;

/// A file as it is or was, or the mark of its deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileVersion {
    /// The file's key.
    pub key: String,
    /// The version.
    pub version: Option<String>,
}

/// The versions of a bucket's files.
#[derive(Debug, Clone)]
pub struct VaultVersions {
    client: Client,
    bucket: String,
}

impl VaultVersions {
    /// Those in a bucket.
    pub fn new(cloud: &Cloud, bucket: impl Into<String>) -> Self {
        Self {
            client: Client::new(&cloud.config),
            bucket: bucket.into(),
        }
    }

    /// Whether the bucket is there.
    pub async fn is_there(&self) -> Result<bool, CloudFailure> {
        match self.client.head_bucket().bucket(&self.bucket).send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(HeadBucketError::is_not_found) =>
            {
                Ok(false)
            }
            Err(error) => Err(failure("s3:ListBucket", error)),
        }
    }

    /// All of them. A bucket that is not there has none.
    pub async fn list(&self) -> Result<Vec<FileVersion>, CloudFailure> {
        let mut all = Vec::new();
        let (mut key, mut version) = (None, None);
        loop {
            let page = self
                .client
                .list_object_versions()
                .bucket(&self.bucket)
                .set_key_marker(key.take())
                .set_version_id_marker(version.take())
                .send()
                .await;
            let page = match page {
                Err(error) if error.code() == Some("NoSuchBucket") => return Ok(Vec::new()),
                page => page.map_err(|error| failure("s3:ListBucketVersions", error))?,
            };
            let files = page.versions.unwrap_or_default().into_iter();
            let marks = page.delete_markers.unwrap_or_default().into_iter();
            let files = files.map(|one| (one.key, one.version_id));
            let versions = files.chain(marks.map(|one| (one.key, one.version_id)));
            all.extend(
                versions.filter_map(|(key, version)| Some(FileVersion { key: key?, version })),
            );
            if page.is_truncated != Some(true) {
                return Ok(all);
            }
            (key, version) = (page.next_key_marker, page.next_version_id_marker);
        }
    }

    /// Deletes versions for good.
    pub async fn delete(&self, versions: &[FileVersion]) -> Result<(), CloudFailure> {
        for some in versions.chunks(MOST_DELETED) {
            self.delete_some(some).await?;
        }
        Ok(())
    }

    async fn delete_some(&self, versions: &[FileVersion]) -> Result<(), CloudFailure> {
        const ACTION: &str = "s3:DeleteObjectVersion";
        let unnamed = |source: aws_sdk_s3::error::BuildError| CloudFailure {
            kind: FailureKind::Refused,
            action: ACTION,
            message: "a file cannot be named".to_owned(),
            source: Some(Box::new(source)),
        };
        let mut deleted = Delete::builder().quiet(true);
        for one in versions {
            let object = ObjectIdentifier::builder()
                .key(&one.key)
                .set_version_id(one.version.clone());
            deleted = deleted.objects(object.build().map_err(unnamed)?);
        }
        let answer = self
            .client
            .delete_objects()
            .bucket(&self.bucket)
            .delete(deleted.build().map_err(unnamed)?)
            .send()
            .await
            .map_err(|error| failure(ACTION, error))?;
        let Some(refused) = answer.errors().first() else {
            return Ok(());
        };
        Err(CloudFailure {
            kind: FailureKind::Unavailable,
            action: ACTION,
            message: format!(
                "{}: {}",
                refused.key().unwrap_or_default(),
                refused.message().or(refused.code()).unwrap_or_default()
            ),
            source: None,
        })
    }

    /// Deletes the bucket, which has to be empty. Done already is done.
    pub async fn delete_bucket(&self) -> Result<(), CloudFailure> {
        match self
            .client
            .delete_bucket()
            .bucket(&self.bucket)
            .send()
            .await
        {
            Err(error) if error.code() == Some("NoSuchBucket") => Ok(()),
            other => other
                .map(drop)
                .map_err(|error| failure("s3:DeleteBucket", error)),
        }
    }
}
