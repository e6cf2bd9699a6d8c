//! A small HTTP/1.1 server on a free port of the loopback interface, with TLS or without.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A request with its whole body.
pub type WholeRequest = Request<Bytes>;
/// An answer with its whole body.
pub type Answer = Response<Full<Bytes>>;

/// The server; it ends when it is dropped.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Serves until it is dropped, each connection in its own task.
    pub async fn start<H, F>(tls: Option<TlsAcceptor>, handler: H) -> io::Result<Self>
    where
        H: Fn(WholeRequest) -> F + Clone + Send + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let accepted = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&accepted);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(take(stream, tls.clone(), handler.clone()));
            }
        });
        Ok(Self {
            address,
            accepted,
            accepting,
        })
    }

    /// How many connections have been opened to it.
    pub fn connections(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn take<H, F>(stream: TcpStream, tls: Option<TlsAcceptor>, handler: H)
where
    H: Fn(WholeRequest) -> F + Clone + Send + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let _ = stream.set_nodelay(true);
    match tls {
        None => serve(stream, handler).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(stream).await {
                serve(stream, handler).await;
            }
        }
    }
}

/// A connection that breaks off is the end of its process, which whoever waits for that process notices.
async fn serve<S, H, F>(stream: S, handler: H)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Fn(WholeRequest) -> F + Clone + Send + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let handler = handler.clone();
        async move {
            let (parts, body) = request.into_parts();
            let answer = match body.collect().await {
                Ok(body) => handler(Request::from_parts(parts, body.to_bytes())).await,
                Err(_) => answer(400, Bytes::new()),
            };
            Ok::<_, Infallible>(answer)
        }
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// An answer in JSON.
pub fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    answer.headers_mut().insert(
        "content-type",
        hyper::header::HeaderValue::from_static("application/json"),
    );
    answer
}
