//! For tests: a service that is played.

use crate::Cloud;
use crate::connect::connect_to;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a played service was asked: the bodies.
pub type Asked = JoinHandle<Vec<Vec<u8>>>;

/// A service that gives these answers, one after the other.
pub async fn play(answers: Vec<(u16, Vec<u8>)>) -> (Cloud, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for (status, answer) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            asked.push(body(&mut stream).await);
            let head = format!(
                "HTTP/1.1 {status} played\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                answer.len()
            );
            let whole = [head.as_bytes(), &answer].concat();
            stream.write_all(&whole).await.unwrap();
        }
        asked
    });
    (connect_to(&address), asked)
}

/// One that speaks JSON, and the JSON that it was asked with.
pub async fn play_json(answers: Vec<(u16, Value)>) -> (Cloud, JoinHandle<Vec<Value>>) {
    let answers = answers.into_iter();
    let answers = answers.map(|(status, answer)| (status, answer.to_string().into_bytes()));
    let (cloud, asked) = play(answers.collect()).await;
    let asked = tokio::spawn(async move {
        let asked = asked.await.unwrap();
        let parse = |body: &Vec<u8>| serde_json::from_slice(body).unwrap_or_default();
        asked.iter().map(parse).collect()
    });
    (cloud, asked)
}

/// The body of a request, which is as long as its head says.
async fn body(stream: &mut TcpStream) -> Vec<u8> {
    let mut asked = Vec::new();
    loop {
        assert!(stream.read_buf(&mut asked).await.unwrap() > 0);
        let end = asked.windows(4).position(|four| four == b"\r\n\r\n");
        let Some(end) = end else { continue };
        let head = String::from_utf8_lossy(&asked[..end]).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        let length = length.map_or(0, |length| length.trim().parse().unwrap());
        let body = &asked[end + 4..];
        if body.len() >= length {
            return body[..length].to_vec();
        }
    }
}
