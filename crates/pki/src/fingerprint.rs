//! SHA-256 as the lowercase hex by which AWS and Muster know certificates and keys.

use sha2::{Digest, Sha256};

/// The lowercase hex SHA-256 of the bytes: 64 characters.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
