//! A device's request, in JSON or CBOR, on the same topic.

use crate::depth::json_depth;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// The largest body taken, in bytes. An RSA-4096 CSR in PEM is about 1.7 kB; this leaves room for much else.
pub const MAX_REQUEST_BYTES: usize = 8192;

/// The deepest nesting taken. Muster's own fields are flat; what else a device sends is ignored.
pub const MAX_REQUEST_DEPTH: usize = 8;

/// A CSR as it came: text is PEM or DER in base64, bytes are DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CsrField {
    /// PEM, or DER in base64.
    Text(String),
    /// DER, which only CBOR can carry.
    Der(Vec<u8>),
}

/// What a device asks for. Fields that Muster does not know are ignored, as the seed does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvisioningRequest {
    /// The device's serial; its client id where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// The certificate signing request. Its presence asks for chunked mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csr: Option<CsrField>,
    /// The largest MQTT packet that the device can take, in bytes, 128 to 4096.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet_size: Option<i64>,
}

/// Why a body is not a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// More than [`MAX_REQUEST_BYTES`].
    #[error("The request has {0} bytes; at most {MAX_REQUEST_BYTES} are taken.")]
    TooLarge(usize),
    /// Deeper than [`MAX_REQUEST_DEPTH`].
    #[error("The request is nested deeper than {MAX_REQUEST_DEPTH} levels.")]
    TooDeep,
    /// Neither a JSON object nor a CBOR map.
    #[error("The request is neither a JSON object nor a CBOR map.")]
    Unreadable,
    /// A field has the wrong type.
    #[error("The request has a field of the wrong type: {0}.")]
    Invalid(String),
}

impl ProvisioningRequest {
    /// Reads a body. A CBOR map's first byte (0xa0 to 0xbf, RFC 8949 section 3) is never JSON's.
    pub fn decode(body: &[u8]) -> Result<Self, RequestError> {
        if body.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::TooLarge(body.len()));
        }
        match body.first() {
            Some(0xa0..=0xbf) => Self::decode_cbor(body),
            Some(_) => Self::decode_json(body),
            None => Err(RequestError::Unreadable),
        }
    }

    fn decode_json(body: &[u8]) -> Result<Self, RequestError> {
        if json_depth(body) > MAX_REQUEST_DEPTH {
            return Err(RequestError::TooDeep);
        }
        let value: serde_json::Value =
            serde_json::from_slice(body).map_err(|_| RequestError::Unreadable)?;
        if !value.is_object() {
            return Err(RequestError::Unreadable);
        }
        serde_json::from_value(value).map_err(|error| RequestError::Invalid(error.to_string()))
    }

    fn decode_cbor(body: &[u8]) -> Result<Self, RequestError> {
        let mut rest = body;
        let value: ciborium::Value =
            ciborium::de::from_reader_with_recursion_limit(&mut rest, MAX_REQUEST_DEPTH).map_err(
                |error| match error {
                    ciborium::de::Error::RecursionLimitExceeded => RequestError::TooDeep,
                    _ => RequestError::Unreadable,
                },
            )?;
        if !rest.is_empty() || !value.is_map() {
            return Err(RequestError::Unreadable);
        }
        value
            .deserialized()
            .map_err(|error| RequestError::Invalid(error.to_string()))
    }

    /// The request as a JSON object. A CSR in DER is written in base64.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The request as a CBOR map: the smallest form that a device can send.
    pub fn to_cbor(&self) -> Vec<u8> {
        let mut body = Vec::new();
        // Writing into memory cannot fail, and every field has a CBOR form.
        let _ = ciborium::ser::into_writer(self, &mut body);
        body
    }
}

impl Serialize for CsrField {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Der(der) if serializer.is_human_readable() => {
                use base64::Engine;
                serializer.serialize_str(&base64::engine::general_purpose::STANDARD.encode(der))
            }
            Self::Der(der) => serializer.serialize_bytes(der),
        }
    }
}

impl<'de> Deserialize<'de> for CsrField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrBytes;

        impl Visitor<'_> for TextOrBytes {
            type Value = CsrField;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a CSR as text or as bytes")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<CsrField, E> {
                Ok(CsrField::Text(text.to_owned()))
            }

            fn visit_bytes<E: serde::de::Error>(self, der: &[u8]) -> Result<CsrField, E> {
                Ok(CsrField::Der(der.to_vec()))
            }
        }

        deserializer
            .deserialize_any(TextOrBytes)
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_the_seed_with_fields_of_its_own_is_a_request() {
        let request =
            ProvisioningRequest::decode(br#"{"id": "nrf-1", "extra": {"a": [1]}}"#).unwrap();
        assert_eq!(request, ProvisioningRequest::default());
    }

    #[test]
    fn the_same_request_is_read_from_json_and_from_cbor() {
        let request = ProvisioningRequest {
            serial_number: Some("SN-1".into()),
            csr: Some(CsrField::Der(vec![0x30, 1, 2])),
            packet_size: Some(256),
        };
        assert_eq!(
            ProvisioningRequest::decode(&request.to_cbor()).unwrap(),
            request
        );
        let from_json = ProvisioningRequest::decode(&request.to_json()).unwrap();
        assert_eq!(from_json.csr, Some(CsrField::Text("MAEC".into())));
    }

    #[test]
    fn what_is_not_a_request_is_named_for_what_it_is() {
        use RequestError::{Invalid, TooDeep, TooLarge, Unreadable};
        let deep_json = format!("{{\"a\": {}{}}}", "[".repeat(3000), "]".repeat(3000));
        let mut deep_cbor = vec![0xa1, 0x61, b'a'];
        deep_cbor.extend([0x81; 3000]);
        deep_cbor.push(0);
        for (body, expected) in [
            (b"".to_vec(), Unreadable),
            (b"hello".to_vec(), Unreadable),
            (b"[]".to_vec(), Unreadable),
            (b"{\"a\":".to_vec(), Unreadable),
            (vec![0xa1, 0x61], Unreadable),
            (vec![0xa0, 0x00], Unreadable),
            (vec![0xff; 10], Unreadable),
            (vec![b' '; 8193], TooLarge(8193)),
            (deep_json.into_bytes(), TooDeep),
            (deep_cbor, TooDeep),
        ] {
            assert_eq!(ProvisioningRequest::decode(&body), Err(expected));
        }
        for body in [
            &br#"{"csr": 1}"#[..],
            br#"{"packetSize": "256"}"#,
            br#"{"serialNumber": ["a"]}"#,
        ] {
            assert!(
                matches!(ProvisioningRequest::decode(body), Err(Invalid(_))),
                "{body:?}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn no_body_breaks_the_reader(body in proptest::collection::vec(0u8..=255, 0..600)) {
            let _ = ProvisioningRequest::decode(&body);
        }
    }
}
