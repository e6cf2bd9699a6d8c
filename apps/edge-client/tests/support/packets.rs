//! The packets of MQTT 3.1.1 that a device and its broker exchange, read and written byte by byte.

use tokio::io::{AsyncRead, AsyncReadExt};

/// What a device sends.
#[derive(Debug, PartialEq, Eq)]
pub enum FromDevice {
    Connect {
        client_id: String,
    },
    Subscribe {
        packet_id: u16,
        filters: Vec<String>,
    },
    Publish {
        packet_id: u16,
        topic: String,
        payload: Vec<u8>,
    },
    Acknowledgement,
    Ping,
    Disconnect,
}

/// Reads a packet; `None` at the end of the connection.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<FromDevice> {
    let kind = stream.read_u8().await.ok()?;
    let mut length = 0_usize;
    for shift in [0, 7, 14, 21] {
        let byte = stream.read_u8().await.ok()?;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let mut rest = Rest(&body);
    Some(match kind >> 4 {
        1 => {
            assert_eq!(rest.text(), "MQTT");
            assert_eq!(
                rest.bytes(2),
                [4, 2],
                "MQTT 3.1.1 with a clean session and no password"
            );
            rest.number();
            FromDevice::Connect {
                client_id: rest.text(),
            }
        }
        3 => {
            assert_eq!(kind & 0x0f, 2, "QoS 1, not retained, not a duplicate");
            let topic = rest.text();
            let packet_id = rest.number();
            FromDevice::Publish {
                packet_id,
                topic,
                payload: rest.0.to_vec(),
            }
        }
        4 => FromDevice::Acknowledgement,
        8 => {
            let packet_id = rest.number();
            let mut filters = Vec::new();
            while !rest.0.is_empty() {
                filters.push(rest.text());
                assert_eq!(rest.bytes(1), [1], "QoS 1");
            }
            FromDevice::Subscribe { packet_id, filters }
        }
        12 => FromDevice::Ping,
        14 => FromDevice::Disconnect,
        other => panic!("a device sent a packet of type {other}"),
    })
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken.to_vec()
    }

    fn number(&mut self) -> u16 {
        let bytes = self.bytes(2);
        u16::from_be_bytes([bytes[0], bytes[1]])
    }

    fn text(&mut self) -> String {
        let length = self.number();
        String::from_utf8(self.bytes(length.into())).unwrap()
    }
}

pub fn connack() -> Vec<u8> {
    vec![0x20, 2, 0, 0]
}

pub fn suback(packet_id: u16, filters: usize, granted: bool) -> Vec<u8> {
    let [high, low] = packet_id.to_be_bytes();
    let mut packet = vec![0x90, u8::try_from(2 + filters).unwrap(), high, low];
    packet.extend(std::iter::repeat_n(if granted { 1 } else { 0x80 }, filters));
    packet
}

pub fn puback(packet_id: u16) -> Vec<u8> {
    let [high, low] = packet_id.to_be_bytes();
    vec![0x40, 2, high, low]
}

pub fn pingresp() -> Vec<u8> {
    vec![0xd0, 0]
}

/// A PUBLISH at `QoS` 1.
pub fn publish(packet_id: u16, topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut remaining = 4 + topic.len() + payload.len();
    let mut packet = vec![0x32];
    loop {
        let low = u8::try_from(remaining & 0x7f).unwrap();
        remaining >>= 7;
        packet.push(if remaining > 0 { low | 0x80 } else { low });
        if remaining == 0 {
            break;
        }
    }
    packet.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
    packet.extend(topic.as_bytes());
    packet.extend(packet_id.to_be_bytes());
    packet.extend(payload);
    packet
}
