//! A network that loses packets, doubles them and upsets their order.

use crate::common::Numbers;

/// What the device says.
#[derive(Debug, Clone)]
pub enum Message {
    /// A request, for packets of this many bytes.
    Request { packet_size: usize },
    /// An acknowledgement's payload.
    Acknowledgement(Vec<u8>),
}

/// What the cloud says.
#[derive(Debug, Clone)]
pub enum Reply {
    /// An answer's payload.
    Accepted(Vec<u8>),
    /// The acknowledgement was for a delivery that isn't there.
    Refused,
}

/// A packet under way.
#[derive(Debug, Clone)]
pub enum Packet {
    /// From the device to the cloud.
    Up(Message),
    /// From the cloud to the device.
    Down(Reply),
}

/// The packets under way, each with the ticks it still takes.
pub struct Network {
    under_way: Vec<(u64, Packet)>,
    loss: u64,
    duplication: u64,
    delay: u64,
}

impl Network {
    /// Loses and doubles so many packets out of a hundred, and takes 1 to `delay` ticks for each.
    pub fn new(loss: u64, duplication: u64, delay: u64) -> Self {
        Self {
            under_way: Vec::new(),
            loss,
            duplication,
            delay,
        }
    }

    /// Takes a packet, or loses it.
    pub fn send(&mut self, packet: &Packet, numbers: &mut Numbers) {
        let copies = if numbers.percent(self.loss) {
            0
        } else if numbers.percent(self.duplication) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            self.under_way
                .push((1 + numbers.below(self.delay), packet.clone()));
        }
    }

    /// A tick passes; these packets arrive, in any order.
    pub fn arrivals(&mut self, numbers: &mut Numbers) -> Vec<Packet> {
        let mut arrived = Vec::new();
        let mut index = 0;
        while let Some((ticks, _)) = self.under_way.get_mut(index) {
            *ticks -= 1;
            if *ticks == 0 {
                arrived.push(self.under_way.swap_remove(index).1);
            } else {
                index += 1;
            }
        }
        for last in (1..arrived.len()).rev() {
            let other = usize::try_from(numbers.below(last as u64 + 1)).expect("an index");
            arrived.swap(last, other);
        }
        arrived
    }
}
