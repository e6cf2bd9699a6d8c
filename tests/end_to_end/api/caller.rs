//! A caller of the API who says exactly what a test wants it to say.

use crate::support::Stack;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use muster::local::ROOT_KEY;
use serde_json::Value;
use std::time::SystemTime;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub cache_control: Option<String>,
    pub text: String,
}

/// Who asks: an access key and its secret.
#[derive(Debug, Clone)]
pub struct Caller {
    pub key: String,
    pub secret: String,
}

/// A request that is on its way.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub content_type: Option<&'a str>,
    pub body: Vec<u8>,
}

impl<'a> Asked<'a> {
    /// GET of a path.
    pub fn get(path: &'a str) -> Self {
        Self {
            method: "GET",
            path,
            content_type: None,
            body: Vec::new(),
        }
    }

    /// POST of JSON, or of what claims to be.
    pub fn post(path: &'a str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: "POST",
            path,
            content_type: Some("application/json"),
            body: body.into(),
        }
    }
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }

    /// A refusal of this status and code: nothing but code and message, the message a sentence for people.
    pub fn refuses(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{self:?}");
        let body = self.json();
        let fields: Vec<_> = body.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["code", "message"], "{self:?}");
        assert_eq!(body["code"], code, "{self:?}");
        let said = body["message"].as_str().unwrap();
        assert!(said.contains(' ') && !said.contains('\n'), "{self:?}");
        // No stack trace, no type's name, no account.
        for never in [
            "::",
            "struct ",
            ".rs",
            "panicked",
            "arn:aws",
            "000000000000",
        ] {
            assert!(!said.contains(never), "{never}: {self:?}");
        }
        said.to_owned()
    }
}

impl Caller {
    /// The account's root, whose signature the emulator does not check.
    pub fn root() -> Self {
        Self {
            key: ROOT_KEY.to_owned(),
            secret: ROOT_KEY.to_owned(),
        }
    }

    /// An IAM user of this name who may do what these statements say.
    pub async fn user(stack: &Stack, name: &str, statements: &Value) -> Self {
        let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": statements });
        let policy: String = policy.to_string().bytes().map(percent).collect();
        iam(stack, &format!("Action=CreateUser&UserName={name}")).await;
        if !statements.as_array().unwrap().is_empty() {
            let put = "Action=PutUserPolicy&PolicyName=it";
            iam(
                stack,
                &format!("{put}&UserName={name}&PolicyDocument={policy}"),
            )
            .await;
        }
        let made = iam(stack, &format!("Action=CreateAccessKey&UserName={name}")).await;
        let field = |name: &str| {
            let after = made.split(&format!("<{name}>")).nth(1).unwrap();
            after.split('<').next().unwrap().to_owned()
        };
        Self {
            key: field("AccessKeyId"),
            secret: field("SecretAccessKey"),
        }
    }

    /// Asks the stack's API.
    pub async fn ask(&self, stack: &Stack, asked: Asked<'_>) -> Answer {
        let url = format!("{}{}", stack.local.state().api().unwrap(), asked.path);
        send(Some((self, "execute-api")), &url, asked).await
    }
}

/// Asks the stack's API without a signature.
pub async fn ask_unsigned(stack: &Stack, asked: Asked<'_>) -> Answer {
    let url = format!("{}{}", stack.local.state().api().unwrap(), asked.path);
    send(None, &url, asked).await
}

/// One call of IAM.
pub async fn iam(stack: &Stack, form: &str) -> String {
    call(stack, "iam", format!("{form}&Version=2010-05-08")).await
}

/// One call of CloudWatch.
pub async fn cloudwatch(stack: &Stack, form: &str) -> String {
    call(stack, "monitoring", format!("{form}&Version=2010-08-01")).await
}

/// One call of a service that speaks forms and XML.
async fn call(stack: &Stack, service: &str, form: String) -> String {
    let mut asked = Asked::post("/", form);
    asked.content_type = Some("application/x-www-form-urlencoded");
    let url = format!("{}/", stack.local.state().gateway);
    let answer = send(Some((&Caller::root(), service)), &url, asked).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.text
}

pub fn percent(byte: u8) -> String {
    format!("%{byte:02X}")
}

async fn send(by: Option<(&Caller, &str)>, url: &str, asked: Asked<'_>) -> Answer {
    let kind = asked.content_type.map(|kind| ("content-type", kind));
    let mut request = HttpRequest::new(SdkBody::from(asked.body.clone()));
    request.set_method(asked.method).unwrap();
    request.set_uri(url).unwrap();
    let mut headers: Vec<(String, String)> = Vec::new();
    headers.extend(kind.map(|(name, value)| (name.to_owned(), value.to_owned())));
    if let Some((caller, service)) = by {
        let identity = Credentials::new(&caller.key, &caller.secret, None, None, "test").into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(muster::local::REGION)
            .name(service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .unwrap();
        let body = SignableBody::Bytes(&asked.body);
        let signable = SignableRequest::new(asked.method, url, kind.into_iter(), body).unwrap();
        let (signed, _) = sign(signable, &params.into()).unwrap().into_parts();
        headers.extend(
            signed
                .headers()
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
    }
    for (name, value) in headers {
        request.headers_mut().insert(name, value);
    }
    let connector = Connector::builder().build_http();
    let response = connector.call(request).await.unwrap();
    let cache_control = response.headers().get("cache-control").map(str::to_owned);
    let status = response.status().as_u16();
    let body = ByteStream::new(response.into_body()).collect().await;
    Answer {
        status,
        cache_control,
        text: String::from_utf8(body.unwrap().to_vec()).unwrap(),
    }
}
