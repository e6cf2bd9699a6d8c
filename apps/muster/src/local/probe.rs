//! Asks the emulator for what AWS's own APIs have no name for: whether it is ready, and its CA certificate.

use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

/// The answer to a GET, or `None` if there was no whole answer.
pub async fn get(gateway: &str, path: &str) -> Option<(u16, Vec<u8>)> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&'static [u8]>>();
    let answer = client
        .get(format!("{gateway}{path}").parse().ok()?)
        .await
        .ok()?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.ok()?.to_bytes().to_vec();
    Some((status, body))
}
