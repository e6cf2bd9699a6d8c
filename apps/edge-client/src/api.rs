//! One question to the API that vends certificates, and its answer. The token is added here and seen nowhere else.

use crate::address::Address;
use crate::{RunError, Source, tls};
use muster_device::{Event, Trouble, VendingAnswer, VendingRequest};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Serialize;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;
use ureq::Agent;
use ureq::http::header::{CONTENT_TYPE, RETRY_AFTER};
use ureq::http::{HeaderMap, HeaderValue, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// The largest answer that is read, in bytes. One with a certificate, a key and two authorities has about 6,000.
const LARGEST_ANSWER: u64 = 16 * 1024;
/// The header for the key that an API may ask for beside the token.
const API_KEY: &str = "x-api-key";
/// What the connection is told about who asks.
const USER_AGENT: &str = concat!("edge-client/", env!("CARGO_PKG_VERSION"));

/// The API, and the right to ask it.
pub(crate) struct Api {
    agent: Agent,
    address: Address,
    token: Option<SecretString>,
    key: Option<SecretString>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(flatten)]
    request: &'a VendingRequest,
    device_token: &'a str,
}

impl Api {
    /// The API at this address. Its certificate may come from these authorities, or from any that browsers trust. `key` is
    /// its API key, where it asks for one.
    pub(crate) fn new(
        url: &str,
        ca: Option<&Source>,
        token: Option<&SecretString>,
        key: Option<&SecretString>,
    ) -> Result<Self, RunError> {
        let address = Address::new(url)?;
        let roots = match ca {
            Some(ca) => roots(ca.read()?.expose_secret())?,
            None => RootCerts::WebPki,
        };
        let tls = TlsConfig::builder()
            .root_certs(roots)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let mut config = Agent::config_builder()
            .tls_config(tls)
            .user_agent(USER_AGENT)
            .https_only(!address.is_here)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0);
        if address.is_here {
            // What is meant for this machine must not go through another.
            config = config.proxy(None);
        }
        let key = trimmed(key);
        if key.as_ref().is_some_and(|key| header(key).is_none()) {
            return Err(RunError::ApiKey);
        }
        Ok(Self {
            agent: config.build().into(),
            address,
            token: trimmed(token),
            key,
        })
    }

    /// Asks, on a thread of its own that nobody has to wait for: a device that is told to end does so at once.
    ///
    /// # Errors
    /// [`RunError::NoToken`].
    pub(crate) fn ask(
        &self,
        request: &VendingRequest,
        within: Duration,
    ) -> Result<oneshot::Receiver<Event>, RunError> {
        let token = self.token.clone().ok_or(RunError::NoToken)?;
        let (sender, answer) = oneshot::channel();
        let question = Question {
            agent: self.agent.clone(),
            address: self.address.clone(),
            body: body(request, &token),
            token,
            key: self.key.clone(),
            within,
        };
        // Without a thread the answer breaks off. Whoever waited for it may be gone.
        let _ = thread::Builder::new().spawn(move || {
            let _ = sender.send(question.ask());
        });
        Ok(answer)
    }
}

/// A secret without what editors put behind it; `None` if nothing is left.
fn trimmed(secret: Option<&SecretString>) -> Option<SecretString> {
    let text = secret?.expose_secret().trim();
    (!text.is_empty()).then(|| text.into())
}

/// A secret as a header's value, which no log of the connection shows; `None` if it cannot be one.
fn header(secret: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(secret.expose_secret()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn roots(pem: &str) -> Result<RootCerts, RunError> {
    let certificates = tls::certificates(pem).map_err(|reason| RunError::Tls {
        what: "the API's CA file",
        reason,
    })?;
    let certificates: Vec<_> = certificates
        .iter()
        .map(|certificate| Certificate::from_der(certificate).to_owned())
        .collect();
    Ok(RootCerts::new_with_certs(&certificates))
}

fn body(request: &VendingRequest, token: &SecretString) -> SecretSlice<u8> {
    let body = Body {
        request,
        device_token: token.expose_secret(),
    };
    // Texts only: they always have a JSON form.
    serde_json::to_vec(&body).unwrap_or_default().into()
}

/// A question on its way.
struct Question {
    agent: Agent,
    address: Address,
    body: SecretSlice<u8>,
    token: SecretString,
    key: Option<SecretString>,
    within: Duration,
}

impl Question {
    fn ask(&self) -> Event {
        let mut asking = self
            .agent
            .post(&self.address.certificates)
            .config()
            .timeout_global(Some(self.within))
            .build()
            .header(CONTENT_TYPE, "application/json");
        if let Some(key) = self.key.as_ref().and_then(header) {
            asking = asking.header(API_KEY, key);
        }
        let asked = asking.send(self.body.expose_secret());
        match asked.and_then(|answer| self.read(answer)) {
            Ok(answer) => Event::Answered(answer),
            Err(error) => Event::Lost(Trouble {
                refused: false,
                what: self.without_secrets(&self.say(&error)),
            }),
        }
    }

    fn read(&self, mut answer: Response<ureq::Body>) -> Result<VendingAnswer, ureq::Error> {
        let body = answer
            .body_mut()
            .with_config()
            .limit(LARGEST_ANSWER)
            .read_to_vec()?;
        // Whoever repeats the question in an answer shows token and key to nobody.
        let text = self.without_secrets(&String::from_utf8_lossy(&body));
        Ok(VendingAnswer {
            status: answer.status().as_u16(),
            retry_after: retry_after(answer.headers()),
            body: text.into_bytes().into(),
        })
    }

    fn say(&self, error: &ureq::Error) -> String {
        match error {
            ureq::Error::BodyExceedsLimit(_) => format!(
                "the API's answer has more than {LARGEST_ANSWER} bytes, which a certificate never has"
            ),
            ureq::Error::Timeout(_) => {
                format!("the API did not answer in {} s", self.within.as_secs())
            }
            error => format!("the API can't be reached ({error})"),
        }
    }

    fn without_secrets(&self, text: &str) -> String {
        let text = text.replace(self.token.expose_secret(), "[the token]");
        match &self.key {
            Some(key) => text.replace(key.expose_secret(), "[the API key]"),
            None => text,
        }
    }
}

/// Seconds; a date is not asked for by this API.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    seconds.parse().ok().map(Duration::from_secs)
}
