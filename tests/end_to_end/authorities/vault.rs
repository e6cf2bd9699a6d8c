//! What the vault holds, and what its ciphertexts open to.

use crate::support::Stack;
use aws_sdk_kms::primitives::Blob;
use muster_documents::bundle::OWN_ROOT_CA;
use muster_pki::{CaKey, der_to_pem};
use secrecy::SecretSlice;
use std::collections::BTreeMap;

/// Every file of the vault, by its name, but the emulator's CA, which the local stack puts there.
pub async fn vault(stack: &Stack) -> BTreeMap<String, Vec<u8>> {
    let (s3, bucket) = (stack.s3(), stack.output("VaultBucketName"));
    let listed = s3.list_objects_v2().bucket(bucket).send().await.unwrap();
    let mut files = BTreeMap::new();
    let keys = listed.contents().iter().filter_map(|object| object.key());
    for name in keys.filter(|key| *key != OWN_ROOT_CA) {
        let got = s3.get_object().bucket(bucket).key(name).send();
        let bytes = got.await.unwrap().body.collect().await.unwrap();
        files.insert(name.to_owned(), bytes.to_vec());
    }
    files
}

/// Opens a CA's key as its certificate's serial number tells: the key, and its PEM. `None` if KMS refuses.
pub async fn ca_key(stack: &Stack, sealed: &[u8], serial: &str) -> Option<(CaKey, String)> {
    let opened = aws_sdk_kms::Client::new(&stack.target.cloud.config)
        .decrypt()
        .ciphertext_blob(Blob::new(sealed))
        .encryption_context("use", "ca-private-key")
        .encryption_context("caSerialNumber", serial)
        .send()
        .await
        .ok()?;
    let der = opened.plaintext.unwrap().into_inner();
    let pem = der_to_pem("PRIVATE KEY", &der);
    Some((CaKey::from_pkcs8_der(&SecretSlice::from(der)).unwrap(), pem))
}
