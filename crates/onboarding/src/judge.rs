//! What becomes of a device's request, decided before anything is touched.

use base64::Engine;
use muster_chunking::{DEFAULT_PACKET_SIZE, MAX_CHUNKS, MAX_PACKET_SIZE, MIN_PACKET_SIZE};
use muster_documents::{
    ClaimRequest, ClientId, CsrField, DeviceMessage, Mode, ProvisioningRequest, Purpose, Refusal,
    RefusalCode, RequestError, Serial, TopicPrefixes, Topics,
};
use muster_pki::{CsrError, SubmittedRequest};

use crate::ledger::{client_key, device_key};

/// The largest certificate, in bytes of DER, that a device's packets must be able to carry: an RSA-2048
/// certificate has 858 bytes, one with a long subject somewhat more.
const CERTIFICATE_BYTES: usize = 2048;

/// What this stack allows.
#[derive(Debug, Clone)]
pub struct ClaimRules {
    /// The topics' prefixes.
    pub prefixes: TopicPrefixes,
    /// Whether keys are made for devices that cannot make their own.
    pub legacy_mode: bool,
}

/// The sender, if its client id is well-formed and the topic is its own.
pub fn sender(prefix: &str, message: &DeviceMessage) -> Result<ClientId, Refusal> {
    let client_id = ClientId::new(message.client_id.as_str()).map_err(|why| {
        Refusal::new(
            RefusalCode::ClientIdMalformed,
            format!("The client id is not usable: {why}. Connect with another."),
        )
    })?;
    if Topics::client_id_in(prefix, &message.topic) == Some(client_id.as_str()) {
        Ok(client_id)
    } else {
        Err(Refusal::new(
            RefusalCode::ClientIdMismatch,
            "The topic names another client id than the connection's. Publish on your own topic.",
        ))
    }
}

/// Judges a request. Whatever is wrong with it ends up as the refusal inside the answer.
pub fn judge(rules: &ClaimRules, message: &DeviceMessage) -> ClaimRequest {
    let purpose = rules.prefixes.purpose_of(&message.topic);
    let mut request = ClaimRequest {
        purpose,
        principal: message.principal.clone(),
        client_id: ClientId::new(message.client_id.as_str()).ok(),
        serial: None,
        ledger_key: client_key(&message.client_id),
        requested_at: message.timestamp,
        mode: Mode::Chunked,
        // Until the device's own is known, the smallest: a refusal then fits every device.
        packet_size: MIN_PACKET_SIZE,
        csr: None,
        fingerprint: String::new(),
        refusal: None,
    };
    if let Err(refusal) = fill(rules, message, &mut request) {
        request.refusal = Some(refusal);
    }
    request
}

fn fill(
    rules: &ClaimRules,
    message: &DeviceMessage,
    request: &mut ClaimRequest,
) -> Result<(), Refusal> {
    let client_id = sender(rules.prefixes.of(request.purpose), message)?;
    let body = message
        .payload_bytes()
        .ok_or_else(|| unreadable(&RequestError::Unreadable))?;
    let asked = ProvisioningRequest::decode(&body).map_err(|error| unreadable(&error))?;
    request.packet_size = DEFAULT_PACKET_SIZE;
    if let Some(size) = asked.packet_size {
        // A refusal has to fit as well, also one that says that the size is out of range.
        let size = usize::try_from(size).unwrap_or(MIN_PACKET_SIZE);
        request.packet_size = size.clamp(MIN_PACKET_SIZE, MAX_PACKET_SIZE);
    }
    let serial = Serial::new(asked.serial_number.unwrap_or_else(|| client_id.to_string()))
        .map_err(|why| {
            Refusal::new(
                RefusalCode::SerialMalformed,
                format!("The serial is malformed: {why}."),
            )
        })?;
    if request.purpose == Purpose::Rotation && serial.as_str() != client_id.as_str() {
        return Err(Refusal::new(
            RefusalCode::ClientIdMismatch,
            "The request names another serial than the connection's client id. A device renews its own certificate.",
        ));
    }
    request.ledger_key = device_key(&serial);
    request.serial = Some(serial);
    match (asked.csr, asked.packet_size) {
        (Some(csr), size) => {
            let prefix = rules.prefixes.of(request.purpose);
            request.packet_size = packet_size(prefix, &client_id, size)?;
            let csr = match csr {
                CsrField::Text(text) => SubmittedRequest::parse_text(&text),
                CsrField::Der(der) => SubmittedRequest::parse_der(&der),
            }
            .map_err(|error| csr_refusal(&error))?;
            csr.fingerprint().clone_into(&mut request.fingerprint);
            request.csr = Some(base64::engine::general_purpose::STANDARD.encode(csr.der()));
        }
        (None, _) if request.purpose == Purpose::Rotation => {
            return Err(Refusal::new(
                RefusalCode::CsrMissing,
                "The request has no csr. A device renews its certificate with a key that it has made.",
            ));
        }
        (None, Some(_)) => {
            return Err(Refusal::new(
                RefusalCode::CsrMissing,
                "The request has a packetSize but no csr. Send both, or neither for legacy mode.",
            ));
        }
        (None, None) if rules.legacy_mode => {
            request.mode = Mode::Legacy;
            "legacy".clone_into(&mut request.fingerprint);
        }
        (None, None) => {
            request.mode = Mode::Legacy;
            return Err(Refusal::new(
                RefusalCode::LegacyModeOff,
                "The request has no csr, and this stack makes no keys (LegacyMode is off). Send a csr.",
            ));
        }
    }
    Ok(())
}

fn packet_size(prefix: &str, client_id: &ClientId, asked: Option<i64>) -> Result<usize, Refusal> {
    let size = match asked {
        None => DEFAULT_PACKET_SIZE,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (MIN_PACKET_SIZE..=MAX_PACKET_SIZE).contains(size))
            .ok_or_else(|| {
                Refusal::new(
                    RefusalCode::PacketSizeOutOfRange,
                    format!("packetSize is {size}; it has to be {MIN_PACKET_SIZE} to {MAX_PACKET_SIZE} bytes."),
                )
            })?,
    };
    let topic = Topics::new(prefix, client_id).accepted();
    let room = muster_chunking::room_for_chunk_data(size, topic.len()).unwrap_or(0);
    if room.saturating_mul(MAX_CHUNKS) < CERTIFICATE_BYTES {
        return Err(Refusal::new(
            RefusalCode::PacketSizeTooSmall,
            format!(
                "A packet of {size} bytes has no room for a certificate after the topic's {} bytes. \
                     Use a shorter client id or a larger packetSize.",
                topic.len()
            ),
        ));
    }
    Ok(size)
}

fn unreadable(error: &RequestError) -> Refusal {
    let code = match error {
        RequestError::TooLarge(_) => RefusalCode::RequestTooLarge,
        RequestError::TooDeep => RefusalCode::RequestTooDeep,
        RequestError::Unreadable => RefusalCode::RequestUnreadable,
        RequestError::Invalid(_) => RefusalCode::RequestInvalid,
    };
    Refusal::new(code, error.to_string())
}

/// Why a CSR is refused.
pub fn csr_refusal(error: &CsrError) -> Refusal {
    let code = match error {
        CsrError::Unreadable | CsrError::TooLarge => RefusalCode::CsrUnreadable,
        CsrError::SignatureInvalid => RefusalCode::CsrSignatureInvalid,
        CsrError::RsaTooSmall { .. } => RefusalCode::KeyTooWeak,
        CsrError::KeyUnsupported(_) => RefusalCode::KeyUnsupported,
    };
    Refusal::new(code, error.to_string())
}
