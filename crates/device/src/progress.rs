//! What there is to tell while a device gets a certificate, and while it stays.

use serde::Serialize;

/// One step, for whoever watches. Holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    tag = "event",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Progress {
    /// Connected with the claim certificate.
    Connected {
        /// The MQTT client id.
        client_id: String,
    },
    /// Asked for a certificate.
    Requested {
        /// 1 for the first time in this run.
        attempt: u32,
    },
    /// The manifest of a delivery came.
    ManifestReceived {
        /// The certificate's length, in bytes of DER.
        length: usize,
        /// Its number of chunks.
        chunks: u16,
        /// The whole PUBLISH packet, in bytes.
        packet_bytes: usize,
    },
    /// A chunk came.
    ChunkReceived {
        /// Its number, from 0.
        index: u16,
        /// The number of chunks; 0 as long as the manifest hasn't come.
        of: u16,
        /// The whole PUBLISH packet, in bytes.
        packet_bytes: usize,
    },
    /// Legacy mode: the private key or the certificate came.
    PartReceived {
        /// `privateKey` or `certificatePem`.
        part: &'static str,
        /// The whole PUBLISH packet, in bytes.
        packet_bytes: usize,
    },
    /// Vending: the API gave a certificate.
    Vended {
        /// Its id (SHA-256 of its DER, hex).
        certificate_id: String,
        /// Whether the cloud made its key as well.
        with_key: bool,
        /// Where it is used, `host:port`.
        endpoint: String,
    },
    /// Fleet provisioning: a certificate was made for this device.
    CertificateMade {
        /// Its id (SHA-256 of its DER, hex).
        certificate_id: String,
        /// Whether the cloud made its key as well.
        with_key: bool,
        /// The whole PUBLISH packet, in bytes.
        packet_bytes: usize,
    },
    /// Fleet provisioning: the certificate is asked for in another way, since this one got nowhere.
    AskingOtherwise {
        /// Whether the cloud is to make the key as well.
        with_key: bool,
        /// What happened.
        because: String,
    },
    /// Fleet provisioning: asked to be provisioned with the certificate.
    RegistrationRequested {
        /// 1 for the first time in this run.
        attempt: u32,
    },
    /// Fleet provisioning: the thing is there, and the certificate is its.
    Registered {
        /// The thing's name.
        thing_name: String,
    },
    /// Said what is missing.
    Acknowledged {
        /// The number of chunks that are missing; 0 if the certificate is complete.
        missing: usize,
    },
    /// The new certificate is complete, checked and kept beside the old one.
    Stored {
        /// Its id (SHA-256 of its DER, hex).
        certificate_id: String,
    },
    /// The cloud says that the new certificate works.
    Activated,
    /// Connected with a certificate of the device's own: the new one, or the one that it has.
    Reconnected {
        /// The MQTT client id: the thing's name.
        client_id: String,
    },
    /// A publication that only the device's own certificate may make has arrived.
    Published {
        /// Its topic.
        topic: String,
    },
    /// The new certificate is the current one.
    Promoted,
    /// The cloud said no.
    Refused {
        /// The refusal's stable name.
        code: String,
        /// Its sentence.
        message: String,
        /// Whether the device will try again.
        retryable: bool,
    },
    /// Something failed; the device tries again.
    Waiting {
        /// What failed.
        because: String,
        /// Until the next try, in milliseconds.
        milliseconds: u64,
    },
    /// Done.
    Finished {
        /// The thing's name.
        thing_name: String,
        /// The certificate's id (SHA-256 of its DER, hex).
        certificate_id: String,
    },
    /// A staying device is connected with its certificate and hears the cloud.
    WaitingForAlerts {
        /// Where alerts come.
        topic: String,
    },
    /// The cloud asks the device to rotate its certificate. The fields are as the cloud sent them; none may be there.
    AlertReceived {
        /// The day since which it is due.
        due_date: Option<String>,
        /// The last day on which it is in time.
        deadline: Option<String>,
        /// Days until then.
        days_left: Option<i64>,
    },
    /// A rotation begins, or goes on from where an earlier one was ended.
    RotationStarted {
        /// The id of the certificate that is to be replaced (SHA-256 of its DER, hex).
        certificate_id: String,
    },
    /// The rotation is done: the new certificate has worked and is the current one.
    Rotated {
        /// The thing's name.
        thing_name: String,
        /// The new certificate's id (SHA-256 of its DER, hex).
        certificate_id: String,
        /// The id of the one that it has replaced.
        replaced: String,
    },
    /// A rotation of a staying device did not work in the time that there was. What came of it is kept until the next
    /// alert.
    RotationPutOff {
        /// What stood in the way last.
        because: String,
    },
}
