//! Whatever the network does and whenever the device reboots, it ends with its certificate.
//!
//! Each case is one delivery between a cloud and a device that know of each other only what a lossy network
//! brings. Its schedule (what is lost, doubled, late, and when the device reboots) follows from the seed that a
//! failure prints.

#[path = "../common/mod.rs"]
mod common;

mod cloud;
mod device;
mod network;

use cloud::Cloud;
use common::Numbers;
use device::Device;
use muster_chunking::{
    MAX_CERTIFICATE, MAX_CHUNKS, MAX_PACKET_SIZE, MIN_PACKET_SIZE, room_for_chunk_data,
};
use network::Network;
use proptest::prelude::*;

/// One delivery's circumstances.
#[derive(Debug, Clone)]
struct Schedule {
    seed: u64,
    length: usize,
    packet_size: usize,
    /// Bytes of the client id.
    client_id: usize,
    /// Packets lost, out of a hundred.
    loss: u64,
    /// Packets that arrive twice, out of a hundred.
    duplication: u64,
    /// By how many ticks the order may be upset.
    delay: u64,
    /// How often the device reboots.
    reboots: u8,
    /// Whether the device asks for another packet size after a reboot that lost everything.
    packet_size_after_loss: Option<usize>,
    /// Whether the cloud issues another certificate at a second request before the acknowledgement.
    reissued: bool,
}

fn packet_size() -> impl Strategy<Value = usize> {
    prop_oneof![
        2 => Just(MIN_PACKET_SIZE),
        3 => Just(256),
        1 => Just(MAX_PACKET_SIZE),
        2 => MIN_PACKET_SIZE..=512,
        1 => MIN_PACKET_SIZE..=MAX_PACKET_SIZE,
    ]
}

prop_compose! {
    fn schedule()(
        seed in any::<u64>(),
        length in prop_oneof![1 => 1..=16usize, 8 => 300..=1300usize, 1 => 1..=MAX_CERTIFICATE],
        packet_size in packet_size(),
        client_id in 1..=128usize,
        loss in 0..=50u64,
        duplication in 0..=50u64,
        delay in 1..=40u64,
        reboots in 0..=4u8,
        packet_size_after_loss in proptest::option::weighted(0.2, packet_size()),
        reissued in prop::bool::weighted(0.1),
    ) -> Schedule {
        Schedule {
            seed, length, packet_size, client_id, loss, duplication, delay, reboots,
            packet_size_after_loss, reissued,
        }
        .feasible()
    }
}

impl Schedule {
    /// Shortens what no cloud would accept: a client id too long for the packet, a certificate of too many chunks.
    fn feasible(mut self) -> Self {
        let smallest = self
            .packet_size_after_loss
            .map_or(self.packet_size, |after| after.min(self.packet_size));
        let room = loop {
            match room_for_chunk_data(smallest, topic_len("accepted", self.client_id)) {
                Some(room) => break room,
                None => self.client_id -= 1,
            }
        };
        self.length = self.length.min(room * MAX_CHUNKS);
        self
    }
}

/// Bytes of the topic `provision/<clientId>/<leaf>`.
fn topic_len(leaf: &str, client_id: usize) -> usize {
    "provision/".len() + client_id + 1 + leaf.len()
}

/// Runs a delivery to its end; answers what the device holds and what it should hold.
fn run(schedule: &Schedule) -> (Vec<u8>, Vec<u8>) {
    let mut numbers = Numbers(schedule.seed);
    let mut network = Network::new(schedule.loss, schedule.duplication, schedule.delay);
    let mut cloud = Cloud::new(schedule);
    let mut device = Device::new(schedule);
    let mut reboots = schedule.reboots;

    for _tick in 0..200_000 {
        for packet in network.arrivals(&mut numbers) {
            match packet {
                network::Packet::Up(message) => cloud.receive(&message, &mut network, &mut numbers),
                network::Packet::Down(message) => device.receive(&message, &mut numbers),
            }
        }
        if reboots > 0 && numbers.percent(2) {
            reboots -= 1;
            device.reboot(&mut numbers);
        }
        if device.is_done() && reboots == 0 {
            return (device.into_certificate(), cloud.into_certificate());
        }
        device.tick(&mut network, &mut numbers);
    }
    panic!("no certificate after 200,000 ticks");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_device_always_ends_with_the_exact_certificate(schedule in schedule()) {
        let (held, issued) = run(&schedule);
        prop_assert_eq!(held, issued);
    }
}
