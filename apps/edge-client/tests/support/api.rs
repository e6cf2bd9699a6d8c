//! An API that vends certificates, byte by byte over HTTP, and that is as bad as its script.

use muster_device::VendingRequest;
use muster_pki::SubmittedRequest;
use rumqttc::tokio_rustls::TlsAcceptor;
use secrecy::ExposeSecret;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// What answers a question that a real API would answer: status, `retry-after` and body.
pub type Vendor = Arc<dyn Fn(&VendingRequest) -> muster_device::VendingAnswer + Send + Sync>;

/// What is done about a question.
#[derive(Debug, Clone)]
pub enum Reply {
    /// It is answered.
    Vend,
    /// It is done, and the connection ends without a word.
    HangUp,
    /// Nothing, and the connection stays.
    Silence,
    /// These bytes are the answer.
    Bytes(String),
}

impl Reply {
    /// A refusal in the API's own words.
    pub fn refusal(status: u16, code: &str, message: &str, retryable: bool) -> Self {
        let body = serde_json::json!({ "code": code, "message": message, "retryable": retryable });
        Self::answer(status, "retry-after: 1\r\n", &body.to_string())
    }

    pub fn answer(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(format!(
            "HTTP/1.1 {status} Any\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        ))
    }
}

/// A question as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub head: String,
    pub body: Value,
}

impl Asked {
    /// The key that the certificate is asked for.
    pub fn key(&self) -> String {
        let csr = self.body["csr"].as_str().expect("a CSR");
        let request = SubmittedRequest::parse_text(csr).unwrap();
        request.fingerprint().to_owned()
    }
}

#[derive(Clone)]
pub struct Api {
    pub url: String,
    vendor: Vendor,
    asked: Arc<Mutex<Vec<Asked>>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
}

impl Api {
    /// Replies so to the first questions, and answers the ones after. Over TLS with an acceptor.
    pub async fn start(replies: Vec<Reply>, tls: Option<TlsAcceptor>, vendor: Vendor) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let api = Self {
            url: format!("{scheme}://localhost:{port}/v1"),
            vendor,
            asked: Arc::default(),
            replies: Arc::new(Mutex::new(replies.into())),
        };
        let serving = api.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (api, tls) = (serving.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => api.serve(stream).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => api.serve(stream).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        api
    }

    pub fn asked(&self) -> MutexGuard<'_, Vec<Asked>> {
        self.asked.lock().unwrap()
    }

    /// One question; `None` if the device went away.
    async fn serve(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Option<()> {
        let asked = read(&mut stream).await?;
        let request = VendingRequest {
            serial_number: asked.body["serialNumber"].as_str()?.to_owned(),
            csr: asked.body["csr"].as_str().map(str::to_owned),
        };
        self.asked().push(asked);
        let reply = self.replies.lock().unwrap().pop_front();
        let bytes = match reply.unwrap_or(Reply::Vend) {
            Reply::Silence => return std::future::pending().await,
            Reply::Bytes(bytes) => bytes,
            reply => {
                let answer = (self.vendor)(&request);
                if let Reply::HangUp = reply {
                    return None;
                }
                let body = String::from_utf8(answer.body.expose_secret().to_vec()).unwrap();
                let Reply::Bytes(bytes) = Reply::answer(answer.status, "", &body) else {
                    unreachable!()
                };
                bytes
            }
        };
        stream.write_all(bytes.as_bytes()).await.ok()?;
        stream.shutdown().await.ok()
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let (_, length) = head.split_once("content-length: ")?;
    let mut body = vec![0; length.lines().next()?.parse().unwrap()];
    stream.read_exact(&mut body).await.ok()?;
    let body = serde_json::from_slice(&body).unwrap();
    Some(Asked { head, body })
}
