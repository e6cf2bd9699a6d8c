//! An answer with a certificate, which is believed in nothing that can be checked.

use super::VendingAnswer;
use crate::{CredentialError, Credentials, Place, PlaceError};
use muster_documents::Serial;
use muster_pki::DeviceKey;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// What is wrong with an answer. Nothing of it is repeated: it may hold a private key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    #[error("it is not the JSON that a certificate comes in")]
    Unreadable,
    #[error("it is meant for another device")]
    OtherDevice,
    #[error("it holds no private key, although none was sent")]
    NoKey,
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    #[error("its certificateId is not that of its certificate")]
    OtherId,
    #[error(transparent)]
    Place(#[from] PlaceError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    certificate_id: String,
    certificate_pem: String,
    thing_name: String,
    endpoint: String,
    #[serde(rename = "RootCA")]
    root_ca: String,
    key_pair: Option<KeyPair>,
}

#[derive(Deserialize)]
struct KeyPair {
    #[serde(rename = "PrivateKey")]
    private_key: String,
}

/// The certificate in the answer to a request with this `key`, or to one for a key of the cloud's.
pub(super) fn read(
    answer: &VendingAnswer,
    serial: &Serial,
    key: Option<&DeviceKey>,
) -> Result<Credentials, Unusable> {
    let wire: Wire =
        serde_json::from_slice(answer.body.expose_secret()).map_err(|_| Unusable::Unreadable)?;
    let made = wire
        .key_pair
        .map(|pair| SecretString::from(pair.private_key));
    if wire.thing_name != serial.as_str() {
        return Err(Unusable::OtherDevice);
    }
    let pem = &wire.certificate_pem;
    let credentials = if let Some(key) = key {
        Credentials::matched(pem, key)
    } else {
        let made = made.ok_or(Unusable::NoKey)?;
        let key = DeviceKey::from_pem(&made).map_err(|_| CredentialError::KeyUnreadable)?;
        Credentials::matched(pem, &key)
    }?;
    if credentials.certificate_id() != wire.certificate_id {
        return Err(Unusable::OtherId);
    }
    let place = Place::new(&wire.endpoint, &wire.root_ca)?;
    Ok(credentials.at(Some(place)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_pki::{certificate_id, der_to_pem};
    use serde_json::{Value, json};

    /// A key, and an answer with a certificate for it.
    fn vended() -> (DeviceKey, Value) {
        let key = DeviceKey::generate().unwrap();
        let pair = rcgen::KeyPair::from_pem(key.pem().expose_secret()).unwrap();
        let certificate = rcgen::CertificateParams::default().self_signed(&pair);
        let der = certificate.unwrap().der().to_vec();
        let pem = der_to_pem("CERTIFICATE", &der);
        let body = json!({
            "certificateId": certificate_id(&der),
            "certificateArn": "arn:aws:iot:eu-central-1:123456789012:cert/any",
            "certificatePem": pem,
            "thingName": "SN-1",
            "endpoint": "localhost:8884",
            "RootCA": pem,
        });
        (key, body)
    }

    fn read_with(body: &Value, key: Option<&DeviceKey>) -> Result<Credentials, Unusable> {
        let answer = VendingAnswer {
            status: 200,
            retry_after: None,
            body: body.to_string().into_bytes().into(),
        };
        read(&answer, &Serial::new("SN-1").unwrap(), key)
    }

    #[test]
    fn a_certificate_comes_with_the_place_where_it_is_used() {
        let (key, body) = vended();
        let credentials = read_with(&body, Some(&key)).unwrap();
        assert_eq!(body["certificateId"], credentials.certificate_id());
        let place = credentials.place().unwrap();
        assert_eq!((place.host(), place.port()), ("localhost", 8884));
        assert_eq!(body["RootCA"], place.authorities_pem());
    }

    #[test]
    fn a_key_of_the_clouds_is_taken_where_none_was_sent_and_nowhere_else() {
        let (key, mut body) = vended();
        assert_eq!(read_with(&body, None).unwrap_err(), Unusable::NoKey);
        body["keyPair"] = json!({ "PublicKey": "", "PrivateKey": key.pem().expose_secret() });
        let kept = read_with(&body, None).unwrap();
        assert_eq!(
            kept.private_key_pem().expose_secret(),
            key.pem().expose_secret()
        );
        let own = DeviceKey::generate().unwrap();
        let mismatch = Unusable::Credentials(CredentialError::Mismatch);
        assert_eq!(read_with(&body, Some(&own)).unwrap_err(), mismatch);
        body["keyPair"] = json!({ "PrivateKey": own.pem().expose_secret() });
        assert_eq!(read_with(&body, None).unwrap_err(), mismatch);
    }

    #[test]
    fn whatever_can_be_checked_is_checked() {
        let (key, good) = vended();
        let (_, other) = vended();
        let place = Unusable::Place;
        for (field, value, expected) in [
            ("certificateId", json!("00"), Unusable::OtherId),
            ("certificateId", json!(1), Unusable::Unreadable),
            (
                "certificatePem",
                other["certificatePem"].clone(),
                Unusable::Credentials(CredentialError::Mismatch),
            ),
            (
                "certificatePem",
                json!("noise"),
                Unusable::Credentials(CredentialError::CertificateUnreadable),
            ),
            ("thingName", json!("SN-2"), Unusable::OtherDevice),
            ("endpoint", json!("a/b"), place(PlaceError::Endpoint)),
            ("RootCA", json!("noise"), place(PlaceError::Authorities)),
            ("RootCA", Value::Null, Unusable::Unreadable),
        ] {
            let mut body = good.clone();
            body[field] = value;
            assert_eq!(
                read_with(&body, Some(&key)).unwrap_err(),
                expected,
                "{field}"
            );
        }
    }

    #[test]
    fn what_is_said_of_an_answer_repeats_nothing_of_it() {
        let (key, mut body) = vended();
        body["keyPair"] = json!("secret-key");
        let said = read_with(&body, Some(&key)).unwrap_err().to_string();
        assert!(!said.contains("secret-key"), "{said}");
    }
}
