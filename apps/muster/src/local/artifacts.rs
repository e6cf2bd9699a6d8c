//! Zips what the template needs and puts it into the emulator's S3.

use super::package::{Artifact, BUCKET, Package};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::primitives::ByteStream;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The key of the packaged template. CloudFormation takes no more than 51,200 bytes of template in a request itself.
const TEMPLATE_KEY: &str = "template.json";

/// Why an artifact is not in the bucket.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// It could not be read or zipped.
    #[error("cannot package {}", path.display())]
    Zip {
        /// What was to be packaged.
        path: PathBuf,
        #[source]
        /// What the system said.
        source: io::Error,
    },
    /// The emulator's S3 refused it.
    #[error("cannot put {key} into the emulator's S3: {reason}")]
    Upload {
        /// Its key.
        key: String,
        /// What S3 answered.
        reason: String,
    },
}

/// Puts the package into the bucket, and answers the key of its template.
///
/// `binaries` are the functions' ones; the zips are made in `temporary`.
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
    for (key, artifact) in &package.artifacts {
        let file = match artifact {
            Artifact::File(path) => path.clone(),
            Artifact::Directory(path) => {
                zip_to(temporary, key, path, |zip| add_directory(zip, path, path))?
            }
            Artifact::Function(name) => {
                let binary = &binaries[name];
                zip_to(temporary, key, binary, |zip| {
                    add_file(zip, "bootstrap", binary)
                })?
            }
        };
        let body = ByteStream::from_path(&file)
            .await
            .map_err(|error| ArtifactError::Zip {
                path: file.clone(),
                source: io::Error::other(error),
            })?;
        put(s3, key, body).await?;
        if file.starts_with(temporary) {
            // A zip that stays costs room until the stack ends, and nothing else.
            let _ = std::fs::remove_file(&file);
        }
    }
    put(
        s3,
        TEMPLATE_KEY,
        package.template.to_string().into_bytes().into(),
    )
    .await?;
    Ok(TEMPLATE_KEY)
}

/// The payload is not signed: over a loopback connection that hash of each binary protects nothing and takes seconds
/// in a debug build.
async fn put(s3: &Client, key: &str, body: ByteStream) -> Result<(), ArtifactError> {
    s3.put_object()
        .bucket(BUCKET)
        .key(key)
        .body(body)
        .customize()
        .disable_payload_signing()
        .send()
        .await
        .map_err(|error| refused(key, &error))?;
    Ok(())
}

fn zip_to(
    temporary: &Path,
    key: &str,
    source: &Path,
    fill: impl FnOnce(&mut ZipWriter<File>) -> io::Result<()>,
) -> Result<PathBuf, ArtifactError> {
    let path = temporary.join(key);
    let write = || {
        let mut zip = ZipWriter::new(File::create(&path)?);
        fill(&mut zip)?;
        zip.finish()?;
        Ok(())
    };
    match write() {
        Ok(()) => Ok(path),
        Err(error) => Err(ArtifactError::Zip {
            path: source.to_path_buf(),
            source: error,
        }),
    }
}

/// Stored, not compressed: it travels no further than this machine. Lambda takes from the zip who may execute a file.
fn add_file(zip: &mut ZipWriter<File>, name: &str, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut file = File::open(path)?;
    let mode = file.metadata()?.permissions().mode();
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .unix_permissions(mode);
    zip.start_file(name, options)?;
    io::copy(&mut file, zip)?;
    Ok(())
}

fn add_directory(zip: &mut ZipWriter<File>, root: &Path, directory: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            add_directory(zip, root, &path)?;
        } else {
            let name = path.strip_prefix(root).map_err(io::Error::other)?;
            add_file(zip, &name.to_string_lossy(), &path)?;
        }
    }
    Ok(())
}

fn refused<E: std::error::Error + 'static>(key: &str, error: &E) -> ArtifactError {
    ArtifactError::Upload {
        key: key.to_owned(),
        reason: DisplayErrorContext(error).to_string(),
    }
}
