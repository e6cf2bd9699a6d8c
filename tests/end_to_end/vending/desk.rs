//! A stack whose devices' API is asked.

use crate::support::{Identity, RawDevice, Stack};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use muster_cloud::TokenKeys;
use muster_cloud::operator::{Terms, Tokens};
use muster_documents::Serial;
use muster_onboarding::ledger::{PK, SK, STATE_SK, TOKEN_SK, device_key};
use muster_onboarding::ports::{DeviceRecords, HeldDevice};
use muster_onboarding::tokens::Opens;
use muster_pki::DeviceKey;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::time::{SystemTime, UNIX_EPOCH};

/// A stack that takes requests as fast as a test sends them.
pub struct Desk {
    pub stack: Stack,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub text: String,
}

/// A request that is on its way.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub method: &'static str,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }

    /// The certificate that was given, with its id; the key is the answer's where there is one.
    pub fn given(&self, key: Option<&DeviceKey>) -> Identity {
        assert_eq!(self.status, 200, "{self:?}");
        let body = self.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Identity {
            certificate_pem: text(&body["certificatePem"]),
            key_pem: key.map_or_else(
                || text(&body["keyPair"]["PrivateKey"]),
                |key| key.pem().expose_secret().to_owned(),
            ),
        }
    }

    pub fn certificate_id(&self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()["certificateId"].as_str().unwrap().to_owned()
    }

    /// A refusal of this status and code; whether the device may ask again.
    pub fn refuses(&self, status: u16, code: &str) -> bool {
        assert_eq!(self.status, status, "{self:?}");
        let body = self.json();
        let fields: Vec<_> = body.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["code", "message", "retryable"], "{self:?}");
        assert_eq!(body["code"], code, "{self:?}");
        let said = body["message"].as_str().unwrap();
        assert!(said.contains(' ') && !said.contains('\n'), "{self:?}");
        let retryable = body["retryable"].as_bool().unwrap();
        assert_eq!(
            retryable,
            self.headers.contains_key("retry-after"),
            "{self:?}"
        );
        retryable
    }
}

impl Desk {
    pub async fn open() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(parameters: &[(&str, &str)]) -> Self {
        let mut all = vec![
            ("DeviceApiRateLimit", "1000"),
            ("DeviceApiBurstLimit", "1000"),
            ("VendingRequestsPerSource", "100000"),
            ("VendingRequestsPerSerial", "1000"),
        ];
        all.retain(|(name, _)| parameters.iter().all(|(other, _)| name != other));
        all.extend(parameters);
        Self {
            stack: Stack::start(&all).await,
        }
    }

    /// A token for a device.
    pub async fn token(&self, serial: &str, opens: Opens) -> String {
        self.token_with(serial, opens, None).await
    }

    /// One with a deadline for the certificate that the device has.
    pub async fn token_with(&self, serial: &str, opens: Opens, hours: Option<u32>) -> String {
        let cloud = &self.stack.target.cloud;
        let tokens = Tokens::new(cloud, self.stack.output("LedgerTableName"));
        let keys = TokenKeys::new(cloud, self.stack.output("TokenKeyArn"));
        let terms = Terms {
            opens,
            created_at: now(),
            expires_at: now() + 3600,
            retire_after_hours: hours,
        };
        let serial = Serial::new(serial).unwrap();
        let issued = tokens.issue(&keys, &serial, &terms).await.unwrap();
        issued.text.expose_secret().to_owned()
    }

    pub async fn ask(&self, asked: Asked) -> Answer {
        let url = self.stack.local.state().device_api().unwrap();
        let mut request = HttpRequest::new(SdkBody::from(asked.body));
        request.set_method(asked.method).unwrap();
        request.set_uri(format!("{url}{}", asked.path)).unwrap();
        for (name, value) in asked.headers {
            request.headers_mut().insert(name, value);
        }
        let response = Connector::builder()
            .build_http()
            .call(request)
            .await
            .unwrap();
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let status = response.status().as_u16();
        let body = ByteStream::new(response.into_body()).collect().await;
        Answer {
            status,
            headers,
            text: String::from_utf8(body.unwrap().to_vec()).unwrap(),
        }
    }

    /// `POST /certificates`.
    pub async fn post(&self, body: &Value) -> Answer {
        self.ask(Asked {
            method: "POST",
            path: "/certificates".to_owned(),
            headers: vec![("content-type", "application/json".to_owned())],
            body: body.to_string(),
        })
        .await
    }

    /// Asks with a key of the device's own.
    pub async fn vend(&self, serial: &str, token: &str, key: &DeviceKey) -> Answer {
        self.post(&request(serial, token, key)).await
    }

    /// Asks as a device of the seed does.
    pub async fn getcert(&self, serial: &str, token: &str) -> Answer {
        self.ask(Asked {
            method: "GET",
            path: format!("/getcert?serialNumber={serial}&deviceToken={token}"),
            ..Asked::default()
        })
        .await
    }

    /// Whether the device can connect, and say something on its own topic.
    pub async fn lives(&self, serial: &str, identity: &Identity) -> bool {
        let connected = RawDevice::connect(
            &self.stack,
            serial,
            &[],
            &identity.certificate_pem,
            &identity.key_pem,
        );
        connected.await.is_some()
    }

    /// What the ledger says of a device.
    pub async fn held(&self, serial: &str) -> Option<HeldDevice> {
        let ledger = self.stack.target.ledger().unwrap();
        ledger.held(&Serial::new(serial).unwrap()).await.unwrap()
    }

    /// The item of a serial's token.
    pub async fn token_item(&self, serial: &str) -> HashMap<String, AttributeValue> {
        let partition = AttributeValue::S(device_key(&Serial::new(serial).unwrap()));
        let token = AttributeValue::S(TOKEN_SK.to_owned());
        let mut items = self.stack.ledger().await.into_iter();
        items
            .find(|item| item[PK] == partition && item[SK] == token)
            .unwrap_or_default()
    }

    /// So many seconds pass since the token gave its first certificate, and since it was used last.
    pub async fn seconds_pass(&self, serial: &str, first: i64, last: i64) {
        self.set_time(serial, TOKEN_SK, "burntAt", last).await;
        if self
            .held(serial)
            .await
            .is_some_and(|held| held.current.is_some())
        {
            self.set_time(serial, STATE_SK, "vendedSince", first).await;
        }
    }

    async fn set_time(&self, serial: &str, item: &str, attribute: &str, seconds_ago: i64) {
        let key = device_key(&Serial::new(serial).unwrap());
        aws_sdk_dynamodb::Client::new(&self.stack.target.cloud.config)
            .update_item()
            .table_name(self.stack.output("LedgerTableName"))
            .key(PK, AttributeValue::S(key))
            .key(SK, AttributeValue::S(item.to_owned()))
            .update_expression(format!("SET {attribute} = :then"))
            .condition_expression(format!("attribute_exists({attribute})"))
            .expression_attribute_values(
                ":then",
                AttributeValue::N((now() - seconds_ago).to_string()),
            )
            .send()
            .await
            .unwrap();
    }
}

/// The body of a request with a key of the device's own.
pub fn request(serial: &str, token: &str, key: &DeviceKey) -> Value {
    let csr = key.csr("device").unwrap();
    json!({ "serialNumber": serial, "deviceToken": token, "csr": csr.pem() })
}
