//! One MQTT connection, from CONNECT to its end, as the events that the state machine takes.

use muster_chunking::{publish_packet_size, room_for_payload};
use muster_device::{Event, Trouble};
use rumqttc::{
    AsyncClient, ConnectionError, EventLoop, Incoming, MqttOptions, Outgoing, QoS, StateError,
    SubscribeFilter, SubscribeReasonCode, TlsConfiguration, Transport,
};
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// Requests and events that may wait; a device has one or two under way.
const QUEUE: usize = 64;
/// Bytes of the packet id, which a PUBLISH at `QoS` 0 has none of.
const PACKET_ID: usize = 2;
/// Bytes of the topic's length field and the packet id.
const AROUND_TOPIC_AND_PAYLOAD: usize = 4;

/// What came over the connection.
#[derive(Debug)]
pub(crate) enum Heard {
    /// For the state machine.
    Event(Event),
    /// A message for the state machine, which came in a packet of this many bytes.
    Message { event: Event, packet_bytes: usize },
    /// A packet that the device has no room for, after which the connection is over.
    TooLarge { packet_bytes: usize },
}

/// Where to connect, as whom, and how much fits.
pub(crate) struct Endpoint<'a> {
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) client_id: String,
    pub(crate) tls: Arc<ClientConfig>,
    /// The largest packet to take, in bytes.
    pub(crate) packet_size: usize,
    /// How long connecting may take.
    pub(crate) patience: Duration,
}

/// A connection. Dropping it ends it without a word, as a crash would.
pub(crate) struct Link {
    client: AsyncClient,
    heard: mpsc::Receiver<Heard>,
    listening: JoinHandle<()>,
}

impl Link {
    /// Begins to connect; how it goes is heard.
    pub(crate) fn open(endpoint: Endpoint<'_>) -> Self {
        let mut options = MqttOptions::new(endpoint.client_id, endpoint.host, endpoint.port);
        options
            .set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(
                endpoint.tls,
            )))
            .set_keep_alive(Duration::from_secs(30))
            .set_clean_session(true)
            .set_max_packet_size(most_remaining(endpoint.packet_size), usize::from(u16::MAX));
        let (client, mut events) = AsyncClient::new(options, QUEUE);
        events
            .network_options
            .set_connection_timeout(endpoint.patience.as_secs().max(1));
        events.network_options.set_tcp_nodelay(true);
        let (sender, heard) = mpsc::channel(QUEUE);
        let listening = tokio::spawn(listen(events, sender));
        Self {
            client,
            heard,
            listening,
        }
    }

    /// The next thing that comes. After [`Event::Lost`] it never answers.
    pub(crate) async fn hear(&mut self) -> Heard {
        match self.heard.recv().await {
            Some(heard) => heard,
            None => std::future::pending().await,
        }
    }

    /// Subscribes at `QoS` 1. A connection that is gone says so by itself, here as below.
    pub(crate) async fn subscribe(&self, topics: Vec<String>) {
        let filters = topics
            .into_iter()
            .map(|topic| SubscribeFilter::new(topic, QoS::AtLeastOnce));
        let _ = self.client.subscribe_many(filters).await;
    }

    /// Publishes at `QoS` 1.
    pub(crate) async fn publish(&self, topic: String, payload: Vec<u8>) {
        let _ = self
            .client
            .publish(topic, QoS::AtLeastOnce, false, payload)
            .await;
    }

    /// Says goodbye, once everything that was published before has been written.
    pub(crate) async fn close(mut self) {
        // Nobody listens any more: what comes now must not hold up the goodbye.
        self.heard.close();
        if self.client.disconnect().await.is_ok() {
            let _ = timeout(GOODBYE, &mut self.listening).await;
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// rumqttc limits what follows the fixed header; the device's limit is of the whole packet.
fn most_remaining(packet_size: usize) -> usize {
    room_for_payload(packet_size, 0).map_or(0, |room| room + AROUND_TOPIC_AND_PAYLOAD)
}

/// The whole packet's size from what follows the fixed header, both in bytes.
fn whole_packet(remaining: usize) -> usize {
    publish_packet_size(remaining.saturating_sub(AROUND_TOPIC_AND_PAYLOAD), 0)
}

async fn listen(mut events: EventLoop, sender: mpsc::Sender<Heard>) {
    loop {
        match events.poll().await {
            Ok(rumqttc::Event::Outgoing(Outgoing::Disconnect)) => return,
            Ok(event) => {
                if let Some(heard) = translate(event) {
                    // Closed on our side: go on until the goodbye is written.
                    let _ = sender.send(heard).await;
                }
            }
            Err(error) => {
                // What came together with the end is still good.
                for event in std::mem::take(&mut events.state.events) {
                    if let Some(heard) = translate(event) {
                        let _ = sender.send(heard).await;
                    }
                }
                let _ = sender.send(end(&error)).await;
                return;
            }
        }
    }
}

fn translate(event: rumqttc::Event) -> Option<Heard> {
    let rumqttc::Event::Incoming(incoming) = event else {
        return None;
    };
    let event = match incoming {
        Incoming::ConnAck(_) => Event::Connected,
        Incoming::PubAck(_) => Event::Delivered,
        Incoming::SubAck(answer) if answer.return_codes.contains(&SubscribeReasonCode::Failure) => {
            Event::Lost(Trouble {
                refused: true,
                what:
                    "the endpoint refused the subscription: does the certificate's policy allow it?"
                        .into(),
            })
        }
        Incoming::SubAck(_) => Event::Subscribed,
        Incoming::Publish(publish) => {
            let whole = publish_packet_size(publish.topic.len(), publish.payload.len());
            let packet_bytes = if publish.qos == QoS::AtMostOnce {
                whole - PACKET_ID
            } else {
                whole
            };
            let event = Event::Message {
                topic: publish.topic,
                payload: publish.payload.to_vec().into(),
            };
            return Some(Heard::Message {
                event,
                packet_bytes,
            });
        }
        _ => return None,
    };
    Some(Heard::Event(event))
}

fn end(error: &ConnectionError) -> Heard {
    if let ConnectionError::MqttState(StateError::Deserialization(
        rumqttc::Error::PayloadSizeLimitExceeded(remaining),
    )) = error
    {
        return Heard::TooLarge {
            packet_bytes: whole_packet(*remaining),
        };
    }
    let unreachable = matches!(
        error,
        ConnectionError::Io(_) | ConnectionError::NetworkTimeout
    );
    let what = if unreachable {
        format!("the endpoint can't be reached ({error})")
    } else {
        format!("the endpoint ended the connection ({error})")
    };
    Heard::Event(Event::Lost(Trouble {
        refused: !unreachable,
        what,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_of_just_the_asked_size_is_taken_and_a_byte_more_is_not() {
        for (packet_size, remaining) in [
            (128, 126),
            (129, 127),
            (130, 127),
            (131, 128),
            (256, 253),
            (4096, 4093),
        ] {
            assert_eq!(most_remaining(packet_size), remaining, "{packet_size}");
            assert!(whole_packet(remaining) <= packet_size);
            assert!(whole_packet(remaining + 1) > packet_size);
        }
    }
}
