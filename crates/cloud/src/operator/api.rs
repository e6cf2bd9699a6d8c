//! The stack's REST API, called with signed requests (AWS Signature Version 4, service `execute-api`).

use crate::{Cloud, connect};
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::time::{Duration, SystemTime};

/// What signatures are for (API Gateway developer guide, "Calling an API with IAM authorization").
const SERVICE: &str = "execute-api";

/// How long an answer may take. API Gateway itself gives up after 29 seconds.
const PATIENCE: Duration = Duration::from_secs(40);

type Cause = Box<dyn Error + Send + Sync>;

/// The API of one stack.
#[derive(Debug, Clone)]
pub struct Api {
    url: String,
    config: SdkConfig,
    connector: SharedHttpConnector,
}

/// Why the API did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// It said no, or failed.
    #[error("{message} ({code}, HTTP {status})")]
    Refused {
        /// The status of HTTP.
        status: u16,
        /// The error's stable name: `docs/errors/<code>.md`.
        code: String,
        /// What is wrong, in a sentence.
        message: String,
    },
    /// What came is no answer of the API's.
    #[error("the API at {url} answered HTTP {status} with something else than its JSON")]
    Unreadable {
        /// Where it was asked.
        url: String,
        /// The status of HTTP.
        status: u16,
    },
    /// Nothing came. Something may have been done all the same.
    #[error("the API at {url} gave no answer")]
    Unreachable {
        /// Where it was asked.
        url: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// The request could not be made or signed.
    #[error("the request cannot be signed; check your AWS credentials and the region")]
    Unsigned(#[source] Cause),
}

/// The body of every answer that is not 200. What refuses before the API's own rules hold (a stage that does not
/// exist) says no code.
#[derive(Deserialize)]
struct Refusal {
    #[serde(default = "no_code")]
    code: String,
    message: String,
}

fn no_code() -> String {
    "no code".to_owned()
}

impl Api {
    /// The API at `url`, which ends with the stage, with the credentials and region of `cloud`.
    pub fn new(cloud: &Cloud, url: &str) -> Self {
        Self {
            url: url.trim_end_matches('/').to_owned(),
            config: cloud.config.clone(),
            connector: connect::connector(),
        }
    }

    /// Gets what is at `path`, which begins with a slash.
    pub async fn get<O: DeserializeOwned>(&self, path: &str) -> Result<O, ApiError> {
        self.call("GET", path, None).await
    }

    /// Posts `body`, as JSON, to `path`, which begins with a slash. It is not repeated: something may have been made.
    pub async fn post<O: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<O, ApiError> {
        let body = serde_json::to_vec(body).map_err(|error| ApiError::Unsigned(error.into()))?;
        self.call("POST", path, Some(body)).await
    }

    /// Deletes what is at `path`, which begins with a slash.
    pub async fn delete<O: DeserializeOwned>(&self, path: &str) -> Result<O, ApiError> {
        self.call("DELETE", path, None).await
    }

    async fn call<O: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<O, ApiError> {
        let url = format!("{}{path}", self.url);
        let request = self
            .signed(method, &url, body)
            .await
            .map_err(ApiError::Unsigned)?;
        let answered = tokio::time::timeout(PATIENCE, self.answer(request)).await;
        let answered = answered.map_err(Into::into).flatten();
        let (status, body) = answered.map_err(|cause| ApiError::Unreachable {
            url: url.clone(),
            cause,
        })?;
        if status == 200 {
            return serde_json::from_slice(&body).map_err(|_| ApiError::Unreadable { url, status });
        }
        match serde_json::from_slice::<Refusal>(&body) {
            Ok(Refusal { code, message }) => Err(ApiError::Refused {
                status,
                code,
                message,
            }),
            Err(_) => Err(ApiError::Unreadable { url, status }),
        }
    }

    async fn signed(
        &self,
        method: &str,
        url: &str,
        body: Option<Vec<u8>>,
    ) -> Result<HttpRequest, Cause> {
        let provider = self.config.credentials_provider();
        let credentials = provider
            .ok_or("there are none")?
            .provide_credentials()
            .await?;
        let identity = credentials.into();
        let region = self.config.region().ok_or("no region is set")?;
        let params = SigningParams::builder()
            .identity(&identity)
            .region(region.as_ref())
            .name(SERVICE)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?;
        let kind = body
            .is_some()
            .then_some(("content-type", "application/json"));
        let body = body.unwrap_or_default();
        let signable =
            SignableRequest::new(method, url, kind.into_iter(), SignableBody::Bytes(&body))?;
        let (instructions, _) = sign(signable, &params.into())?.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(body.clone()));
        request.set_method(method)?;
        request.set_uri(url)?;
        for (name, value) in kind.into_iter().chain(instructions.headers()) {
            request
                .headers_mut()
                .try_insert(name.to_owned(), value.to_owned())?;
        }
        Ok(request)
    }

    async fn answer(&self, request: HttpRequest) -> Result<(u16, Vec<u8>), Cause> {
        let response: HttpResponse = self.connector.call(request).await?;
        let status = response.status().as_u16();
        let body = ByteStream::new(response.into_body()).collect().await?;
        Ok((status, body.to_vec()))
    }
}
