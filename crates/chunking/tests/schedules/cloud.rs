//! The cloud's side of a delivery, with every packet measured as it leaves.

use crate::common::{Numbers, certificate, chunks, delivery, payload};
use crate::network::{Message, Network, Packet, Reply};
use crate::{Schedule, topic_len};
use muster_chunking::{
    Acknowledgement, Answer, Manifest, publish_packet_size, room_for_chunk_data,
};

/// Answers requests with the whole delivery and acknowledgements with just what they miss.
pub struct Cloud {
    certificate: Vec<u8>,
    /// What the device was promised, and the packet size that it asked for.
    planned: Option<(Manifest, usize)>,
    topic_len: usize,
    /// Another certificate for a second request.
    reissue: Option<Vec<u8>>,
    acknowledged: bool,
}

impl Cloud {
    pub fn new(schedule: &Schedule) -> Self {
        Self {
            certificate: certificate(schedule.length, schedule.seed),
            planned: None,
            topic_len: topic_len("accepted", schedule.client_id),
            reissue: schedule
                .reissued
                .then(|| certificate(schedule.length, schedule.seed ^ 1)),
            acknowledged: false,
        }
    }

    pub fn receive(&mut self, message: &Message, network: &mut Network, numbers: &mut Numbers) {
        match message {
            Message::Request { packet_size } => {
                // What has been acknowledged is the device's; until then it may have been given up.
                if self.planned.is_some()
                    && !self.acknowledged
                    && let Some(other) = self.reissue.take()
                {
                    self.certificate = other;
                }
                let room =
                    room_for_chunk_data(*packet_size, self.topic_len).expect("there is room");
                let manifest = Manifest::new(&self.certificate, room).expect("it can be delivered");
                self.planned = Some((manifest, *packet_size));
                for message in delivery(&manifest, &self.certificate) {
                    self.send(message, network, numbers);
                }
            }
            Message::Acknowledgement(bytes) => self.acknowledge(bytes, network, numbers),
        }
    }

    fn acknowledge(&mut self, bytes: &[u8], network: &mut Network, numbers: &mut Numbers) {
        let acknowledgement = Acknowledgement::decode(bytes).expect("the device's own encoding");
        let Some((manifest, _)) = self
            .planned
            .filter(|(ours, _)| ours.delivery() == acknowledgement.delivery())
        else {
            network.send(&Packet::Down(Reply::Refused), numbers);
            return;
        };
        if acknowledgement.is_complete() {
            self.acknowledged = true;
            self.send(
                payload(&Answer::Activated(manifest.delivery())),
                network,
                numbers,
            );
        }
        for message in chunks(
            &manifest,
            acknowledgement.missing().iter(),
            &self.certificate,
        ) {
            self.send(message, network, numbers);
        }
    }

    fn send(&self, message: Vec<u8>, network: &mut Network, numbers: &mut Numbers) {
        let limit = self.planned.expect("a delivery is under way").1;
        let packet = publish_packet_size(self.topic_len, message.len());
        assert!(
            packet <= limit,
            "a packet of {packet} bytes for a device that takes {limit}"
        );
        network.send(&Packet::Down(Reply::Accepted(message)), numbers);
    }

    pub fn into_certificate(self) -> Vec<u8> {
        self.certificate
    }
}
