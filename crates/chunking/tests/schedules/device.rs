//! The device's side of a delivery, reboots included.

use crate::common::Numbers;
use crate::network::{Message, Network, Packet, Reply};
use crate::{Schedule, topic_len};
use muster_chunking::{
    Acknowledgement, Answer, MAX_CERTIFICATE, Progress, Reassembler, SNAPSHOT_OVERHEAD,
    publish_packet_size, room_for_payload,
};

/// Ticks without an answer until the device says what is missing.
const QUIET: u64 = 45;
/// Acknowledgements without effect until the device repeats the request.
const TRIES: u32 = 5;

/// Asks, collects, says what is missing, and acknowledges.
pub struct Device {
    reassembler: Reassembler<MAX_CERTIFICATE>,
    /// What is in flash: written now and then, so it may be behind.
    flash: Vec<u8>,
    quiet: u64,
    /// Acknowledgements since something new came.
    unanswered: u32,
    activated: bool,
    packet_size: usize,
    packet_size_after_loss: Option<usize>,
    ack_topic_len: usize,
}

impl Device {
    pub fn new(schedule: &Schedule) -> Self {
        Self {
            reassembler: Reassembler::new(),
            flash: Vec::new(),
            quiet: QUIET,
            unanswered: 0,
            activated: false,
            packet_size: schedule.packet_size,
            packet_size_after_loss: schedule.packet_size_after_loss,
            ack_topic_len: topic_len("ack", schedule.client_id),
        }
    }

    pub fn receive(&mut self, reply: &Reply, numbers: &mut Numbers) {
        let message = match reply {
            Reply::Accepted(message) => message,
            // The certificate at hand is no longer the cloud's: ask anew.
            Reply::Refused => {
                self.forget();
                return;
            }
        };
        let answer = Answer::decode(message).expect("the cloud's own encoding");
        match self.reassembler.accept(&answer) {
            Ok(Progress::Ignored) => {}
            // A mismatch comes of late chunks of another layout; what is missing now says the rest.
            Ok(Progress::Started | Progress::Stored) | Err(_) => {
                self.quiet = 0;
                self.unanswered = 0;
                self.activated = false;
            }
            Ok(Progress::Completed) => self.quiet = QUIET,
            Ok(Progress::Activated) => self.activated = true,
        }
        if numbers.percent(5) {
            self.save();
        }
    }

    /// Loses what is in memory, and sometimes what is in flash too.
    pub fn reboot(&mut self, numbers: &mut Numbers) {
        if numbers.percent(50) {
            self.forget();
            self.packet_size = self
                .packet_size_after_loss
                .take()
                .unwrap_or(self.packet_size);
        } else {
            self.reassembler = Reassembler::restore(&self.flash).expect("what was saved is whole");
            self.quiet = QUIET;
            self.activated = false;
        }
    }

    /// A tick passes: after a quiet time the device says what it needs.
    pub fn tick(&mut self, network: &mut Network, numbers: &mut Numbers) {
        self.quiet += 1;
        if self.quiet < QUIET || self.activated {
            return;
        }
        self.quiet = 0;
        let message = match self.reassembler.acknowledgement() {
            Some(acknowledgement) if self.unanswered < TRIES => {
                self.unanswered += 1;
                self.encode(&acknowledgement)
            }
            _ => {
                self.unanswered = 0;
                Message::Request {
                    packet_size: self.packet_size,
                }
            }
        };
        network.send(&Packet::Up(message), numbers);
    }

    pub fn is_done(&self) -> bool {
        self.activated
    }

    pub fn into_certificate(self) -> Vec<u8> {
        self.reassembler
            .certificate()
            .expect("an activated certificate is complete")
            .to_vec()
    }

    fn encode(&self, acknowledgement: &Acknowledgement) -> Message {
        let room = room_for_payload(self.packet_size, self.ack_topic_len).expect("there is room");
        let part = acknowledgement
            .within(room)
            .expect("there is room for one index");
        let mut buffer = [0; Acknowledgement::MAX_LENGTH];
        let length = part.encode(&mut buffer).expect("the longest one fits");
        let packet = publish_packet_size(self.ack_topic_len, length);
        assert!(
            packet <= self.packet_size,
            "the device's own packet has {packet} bytes"
        );
        Message::Acknowledgement(buffer[..length].to_vec())
    }

    fn save(&mut self) {
        let mut buffer = [0; MAX_CERTIFICATE + SNAPSHOT_OVERHEAD];
        let length = self
            .reassembler
            .snapshot(&mut buffer)
            .expect("the longest one fits");
        self.flash = buffer[..length].to_vec();
    }

    fn forget(&mut self) {
        self.reassembler = Reassembler::new();
        self.flash.clear();
        self.quiet = QUIET;
        self.activated = false;
    }
}
