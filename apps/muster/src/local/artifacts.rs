//! Puts what the template needs into the emulator's S3.

use super::archive;
use super::definition::with_plain_timeouts;
use super::package::{Artifact, BUCKET, Package};
use super::reason;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use tokio::task::JoinSet;

/// The key of the packaged template. CloudFormation takes no more than 51,200 bytes of template in a request itself.
const TEMPLATE_KEY: &str = "template.json";

/// Why an artifact is not in the bucket.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// It could not be read or zipped.
    #[error("cannot package {}", path.display())]
    Unreadable {
        /// What was to be packaged.
        path: PathBuf,
        #[source]
        /// What the system said.
        source: io::Error,
    },
    /// The emulator's S3 refused it.
    #[error("cannot put {key} into the emulator's S3: {reason}")]
    Refused {
        /// Its key.
        key: String,
        /// What S3 answered.
        reason: String,
    },
}

/// Puts the package into the bucket, and answers the key of its template.
///
/// `binaries` are those of all functions of the package. The zips are made in `temporary`, where what they
/// run is kept.
pub async fn upload(
    s3: &Client,
    package: &Package,
    binaries: &BTreeMap<String, PathBuf>,
    temporary: &Path,
) -> Result<&'static str, ArtifactError> {
    s3.create_bucket()
        .bucket(BUCKET)
        .send()
        .await
        .map_err(|error| refused(BUCKET, &error))?;

    let mut uploads = JoinSet::new();
    for (key, artifact) in &package.artifacts {
        let (s3, key) = (s3.clone(), key.clone());
        let zip = temporary.join(&key);
        match artifact {
            Artifact::File(path) => {
                let path = path.clone();
                uploads.spawn(async move { put_file(&s3, BUCKET, &key, &path).await });
            }
            Artifact::Definition(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
                let body = with_plain_timeouts(&text).into_bytes();
                uploads.spawn(async move { put(&s3, BUCKET, &key, body.into()).await });
            }
            Artifact::Directory(path) => {
                let path = path.clone();
                uploads.spawn(put_zip(s3, key, zip, path, archive::of_directory));
            }
            Artifact::Function(name) => {
                let path = binaries[name].clone();
                uploads.spawn(put_zip(s3, key, zip, path, archive::of_program));
            }
        }
    }
    while let Some(upload) = uploads.join_next().await {
        upload.map_err(|panic| unreadable(temporary, io::Error::other(panic)))??;
    }
    let template = package.template.to_string().into_bytes();
    put(s3, BUCKET, TEMPLATE_KEY, template.into()).await?;
    Ok(TEMPLATE_KEY)
}

async fn put_zip(
    s3: Client,
    key: String,
    zip: PathBuf,
    source: PathBuf,
    make: fn(&Path, &Path) -> io::Result<()>,
) -> Result<(), ArtifactError> {
    let packed = {
        let (zip, source) = (zip.clone(), source.clone());
        tokio::task::spawn_blocking(move || make(&source, &zip)).await
    };
    packed
        .map_err(io::Error::other)
        .flatten()
        .map_err(|error| unreadable(&source, error))?;
    put_file(&s3, BUCKET, &key, &zip).await?;
    // A zip that stays takes room until the stack ends, and does nothing else.
    let _ = std::fs::remove_file(&zip);
    Ok(())
}

/// Puts a file into a bucket.
pub async fn put_file(
    s3: &Client,
    bucket: &str,
    key: &str,
    path: &Path,
) -> Result<(), ArtifactError> {
    let body = ByteStream::from_path(path)
        .await
        .map_err(|error| unreadable(path, io::Error::other(error)))?;
    put(s3, bucket, key, body).await
}

/// The payload is not signed, for the reason for which it has no checksum: see [`super::configuration`].
async fn put(s3: &Client, bucket: &str, key: &str, body: ByteStream) -> Result<(), ArtifactError> {
    s3.put_object()
        .bucket(bucket)
        .key(key)
        .body(body)
        .customize()
        .disable_payload_signing()
        .send()
        .await
        .map_err(|error| refused(key, &error))?;
    Ok(())
}

fn unreadable(path: &Path, source: io::Error) -> ArtifactError {
    ArtifactError::Unreadable {
        path: path.to_path_buf(),
        source,
    }
}

fn refused<E: std::error::Error + ProvideErrorMetadata>(key: &str, error: &E) -> ArtifactError {
    ArtifactError::Refused {
        key: key.to_owned(),
        reason: reason::of(error),
    }
}
