//! What the device was sent, counted as a device with little memory would count it.

use serde::Serialize;

/// PUBLISH packets down to the device, whole: header, topic, packet id and payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// How many.
    pub packets: u64,
    /// Their bytes together.
    pub bytes: u64,
    /// The largest one, in bytes.
    pub largest_packet: usize,
}

impl Traffic {
    pub(crate) fn count(&mut self, packet_bytes: usize) {
        self.packets += 1;
        self.bytes += packet_bytes as u64;
        self.largest_packet = self.largest_packet.max(packet_bytes);
    }
}
