//! What handing out device certificates needs of the world.

use super::Certificate;
use crate::CloudFailure;
use crate::rotation::Day;
use muster_documents::{Refusal, Serial, VaultFile};
use muster_pki::SerialNumber;
use secrecy::SecretSlice;
use serde_json::Value;
use std::future::Future;

/// What came of asking a verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VerifierAnswer {
    /// It answered this.
    Said(Vec<u8>),
    /// It ran and failed.
    Failed,
    /// It did not answer in time.
    Late,
}

/// The operator's functions that decide who comes in.
pub trait Verifiers {
    /// Asks a verifier, once.
    fn ask(
        &self,
        verifier_arn: &str,
        question: &Value,
    ) -> impl Future<Output = Result<VerifierAnswer, CloudFailure>> + Send;
}

/// Opens CAs' keys; allowed to one function.
pub trait AuthorityKeyOpener {
    /// The private key of the CA whose certificate has this serial number, PKCS#8 DER, from its ciphertext.
    fn open_ca_key(
        &self,
        sealed: Vec<u8>,
        serial: &SerialNumber,
    ) -> impl Future<Output = Result<SecretSlice<u8>, CloudFailure>> + Send;
}

/// Reads CAs' files.
pub trait VaultReader {
    /// The file's contents, of which no more than the first `most` bytes are fetched; `None` if it is not there.
    fn read_file(
        &self,
        ca_id: &str,
        file: VaultFile,
        most: usize,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, CloudFailure>> + Send;
}

/// AWS IoT's registry of things, to look at.
pub trait Things {
    /// Whether there is a thing of this name.
    fn thing_exists(
        &self,
        thing: &Serial,
    ) -> impl Future<Output = Result<bool, CloudFailure>> + Send;
}

/// Where devices connect.
pub trait DataEndpoint {
    /// The host name of the account's endpoint for devices (`iot:Data-ATS`). It never changes.
    fn data_endpoint(&self) -> impl Future<Output = Result<String, CloudFailure>> + Send;
}

/// A certificate that is handed out, and to whom. Until its end it may come in, or come in again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOut {
    /// The device.
    pub serial: Serial,
    /// The thing that it will be.
    pub thing_name: Serial,
    /// SHA-256 of its public key, lowercase hex.
    pub fingerprint: String,
    /// Its certificate. One of a CA's AWS IoT does not know before the device connects.
    pub certificate: Certificate,
    /// The CA that signed it; `None` where AWS IoT did.
    pub ca_certificate_id: Option<String>,
    /// The last second of its validity, in seconds since 1970.
    pub not_after: i64,
}

/// One line of a device's timeline that no workflow writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceEvent {
    /// The device.
    pub serial: Serial,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who asked: the ARN of IAM's identity, where it is known.
    pub caller: Option<String>,
    /// The certificate that was handed out, or why there was none.
    pub outcome: Result<String, Refusal>,
    /// Until when it is kept, in seconds since 1970.
    pub expires_at: i64,
}

/// The ledger, for certificates that are handed out.
pub trait HandingOutLedger {
    /// The certificates that were handed out for this name and not taken away, expired ones among them.
    fn handed_out(
        &self,
        serial: &Serial,
    ) -> impl Future<Output = Result<Vec<HandedOut>, CloudFailure>> + Send;
    /// Notes a certificate, so that it can be taken away.
    fn note_handed_out(
        &self,
        handed_out: &HandedOut,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Notes a certificate, and that the device has it from now on, if it is merely known, or not known at all. Fails
    /// with `ConditionFailed` otherwise, and then nothing is noted. `at` is in milliseconds since 1970; `due_on` is the
    /// day from which the certificate has to be renewed.
    fn hand_out(
        &self,
        handed_out: &HandedOut,
        at: i64,
        due_on: Day,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Adds to the device's timeline.
    fn record_event(
        &self,
        event: &DeviceEvent,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}
