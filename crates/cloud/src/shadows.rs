//! AWS IoT's data plane: things' classic shadows.

use crate::connect::client;
use crate::failure::lacks;
use crate::{Cloud, failure};
use aws_sdk_iotdataplane::Client;
use aws_sdk_iotdataplane::operation::get_thing_shadow::GetThingShadowError;
use aws_sdk_iotdataplane::operation::update_thing_shadow::UpdateThingShadowError;
use aws_sdk_iotdataplane::primitives::Blob;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::{DesiredWrite, ShadowState, Shadows};
use serde_json::{Map, Value, json};

/// The adapter to the shadows.
#[derive(Debug, Clone)]
pub struct ThingShadows {
    client: Client,
}

impl ThingShadows {
    /// Shadows through the region's default endpoint.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: client!(aws_sdk_iotdataplane, cloud),
        }
    }
}

impl Shadows for ThingShadows {
    async fn reported_state(&self, thing: &str) -> Result<Option<ShadowState>, CloudFailure> {
        const ACTION: &str = "iot:GetThingShadow";
        let answer = self.client.get_thing_shadow().thing_name(thing).send();
        let answer = match answer.await {
            Ok(answer) => answer,
            Err(error) => {
                return match error.as_service_error() {
                    Some(GetThingShadowError::ResourceNotFoundException(_)) => Ok(None),
                    _ => Err(failure(ACTION, error)),
                };
            }
        };
        let (mut document, version, timestamp) = read(ACTION, answer.payload)?;
        let reported = match document["state"]["reported"].take() {
            Value::Object(reported) => reported,
            _ => Map::new(),
        };
        Ok(Some(ShadowState {
            reported,
            version,
            timestamp,
        }))
    }

    async fn write_desired(
        &self,
        thing: &str,
        desired: &Map<String, Value>,
        version: Option<i64>,
    ) -> Result<DesiredWrite, CloudFailure> {
        const ACTION: &str = "iot:UpdateThingShadow";
        let mut document = json!({ "state": { "desired": desired } });
        if let Some(version) = version {
            document["version"] = version.into();
        }
        let answer = self
            .client
            .update_thing_shadow()
            .thing_name(thing)
            .payload(Blob::new(document.to_string()))
            .send()
            .await;
        match answer {
            Ok(answer) => {
                let (_, version, timestamp) = read(ACTION, answer.payload)?;
                Ok(DesiredWrite::Written { version, timestamp })
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateThingShadowError::ConflictException(_)) => Ok(DesiredWrite::Outdated),
                Some(UpdateThingShadowError::RequestEntityTooLargeException(_)) => {
                    Ok(DesiredWrite::TooLarge)
                }
                _ => Err(failure(ACTION, error)),
            },
        }
    }
}

/// The document that an answer has, its version and its timestamp.
fn read(action: &'static str, payload: Option<Blob>) -> Result<(Value, i64, i64), CloudFailure> {
    let payload = payload.unwrap_or_else(|| Blob::new([]));
    let document: Option<Value> = serde_json::from_slice(payload.as_ref()).ok();
    let document = document.ok_or_else(|| lacks(action, "document"))?;
    let number = |name: &'static str| {
        let number = document[name].as_i64();
        number.ok_or_else(|| lacks(action, name))
    };
    let (version, timestamp) = (number("version")?, number("timestamp")?);
    Ok((document, version, timestamp))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::connect_to;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// The shadows of a service that gives this one answer.
    async fn answering(status: u16, kind: &str, body: &'static str) -> ThingShadows {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} x\r\nx-amzn-errortype: {kind}\r\ncontent-length: {length}\r\n\r\n"
        );
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4096];
            assert!(stream.read(&mut asked).await.unwrap() > 0);
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(body.as_bytes()).await.unwrap();
        });
        ThingShadows::new(&connect_to(&address))
    }

    #[tokio::test]
    async fn a_shadow_is_read_and_one_that_is_not_there_is_none() {
        let body = r#"{"state":{"reported":{"on":true},"desired":{}},"version":4,"timestamp":5}"#;
        let shadows = answering(200, "", body).await;
        let shadow = shadows.reported_state("t").await.unwrap().unwrap();
        assert_eq!(Value::Object(shadow.reported), json!({ "on": true }));
        assert_eq!((shadow.version, shadow.timestamp), (4, 5));

        let shadows = answering(404, "ResourceNotFoundException", "{}").await;
        assert_eq!(shadows.reported_state("t").await.unwrap(), None);

        let shadows = answering(200, "", r#"{"state":{},"version":1,"timestamp":2}"#).await;
        let shadow = shadows.reported_state("t").await.unwrap().unwrap();
        assert!(shadow.reported.is_empty());

        let shadows = answering(200, "", "a page").await;
        let failure = shadows.reported_state("t").await.unwrap_err();
        assert_eq!(failure.name(), "CloudUnavailable");
    }

    #[tokio::test]
    async fn a_write_says_what_came_of_it() {
        for (status, kind, expected) in [
            (409, "ConflictException", DesiredWrite::Outdated),
            (
                413,
                "RequestEntityTooLargeException",
                DesiredWrite::TooLarge,
            ),
        ] {
            let shadows = answering(status, kind, "{}").await;
            let written = shadows.write_desired("t", &Map::new(), Some(3)).await;
            assert_eq!(written.unwrap(), expected);
        }
        let shadows = answering(200, "", r#"{"version":4,"timestamp":5}"#).await;
        let written = shadows.write_desired("t", &Map::new(), None).await;
        let expected = DesiredWrite::Written {
            version: 4,
            timestamp: 5,
        };
        assert_eq!(written.unwrap(), expected);

        let shadows = answering(400, "InvalidRequestException", "{}").await;
        let refused = shadows.write_desired("t", &Map::new(), None).await;
        assert_eq!(refused.unwrap_err().name(), "CloudRefused");
    }
}
