//! A key that never leaves the device, and the request for its certificate.

use crate::{FolderDisk, RunError};
use muster_device::Disk;
use muster_pki::DeviceKey;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};

const KEY: &str = "device.key.pem";
const CSR: &str = "device.csr.pem";

/// Where key and request are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Requested {
    /// The private key, which only its owner can read.
    pub key: PathBuf,
    /// The certificate signing request, PEM.
    pub csr: PathBuf,
}

/// Makes a key in `folder`, unless one is there, and a request for a certificate of this name. Whoever repeats it gets a
/// request of the same key, so that an answer that was lost can be asked for again.
///
/// # Errors
/// [`RunError`], among them a common name that no certificate can have.
pub fn request(folder: &Path, common_name: &str) -> Result<Requested, RunError> {
    let failed = |source: io::Error| RunError::Folder {
        path: folder.to_owned(),
        source,
    };
    let mut disk = FolderDisk::take(folder).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => RunError::StoreInUse(folder.to_owned()),
        _ => failed(error),
    })?;
    let key = if let Some(pem) = disk.read(KEY).map_err(failed)? {
        String::from_utf8(pem)
            .ok()
            .and_then(|pem| DeviceKey::from_pem(&SecretString::from(pem)).ok())
            .ok_or_else(|| {
                failed(io::Error::other(format!(
                    "{KEY} is there, and is no P-256 key in PKCS#8 PEM"
                )))
            })?
    } else {
        let key = DeviceKey::generate().map_err(|error| failed(io::Error::other(error)))?;
        store(&mut disk, KEY, key.pem().expose_secret()).map_err(failed)?;
        key
    };
    let csr = key
        .csr(common_name)
        .map_err(|error| failed(io::Error::other(error)))?;
    store(&mut disk, CSR, &csr.pem()).map_err(failed)?;
    Ok(Requested {
        key: folder.join(KEY),
        csr: folder.join(CSR),
    })
}

/// Whole or not at all, whenever the power goes.
fn store(disk: &mut FolderDisk, name: &str, text: &str) -> io::Result<()> {
    let draft = format!("{name}.new");
    disk.write(&draft, text.as_bytes())?;
    disk.sync(&draft)?;
    disk.rename(&draft, name)?;
    disk.sync_folder()
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_pki::{CertificateRequest, SubmittedRequest};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn fingerprint(csr: &Path) -> String {
        let text = fs::read_to_string(csr).unwrap();
        let request = SubmittedRequest::parse_text(&text).unwrap();
        CertificateRequest::parse_der(request.der()).unwrap();
        request.fingerprint().to_owned()
    }

    #[test]
    fn a_request_is_made_again_with_the_same_key_which_others_cannot_read() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let first = request(&store, "sensor-1").unwrap();
        let of_first = fingerprint(&first.csr);
        assert_eq!(request(&store, "sensor-1").unwrap(), first);
        assert_eq!(fingerprint(&first.csr), of_first);
        let mode = fs::metadata(&first.key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_there_and_is_no_key_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(KEY), "something else").unwrap();
        let error = request(folder.path(), "sensor-1").unwrap_err();
        assert_eq!(error.exit_code(), 1);
        let kept = fs::read_to_string(folder.path().join(KEY)).unwrap();
        assert_eq!(kept, "something else");
        assert!(request(&folder.path().join("other"), "").is_err());
    }
}
