#![doc = include_str!("../wire.md")]
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used,
        clippy::unreachable
    )
)]

mod acknowledgement;
mod answer;
mod chunk;
mod codec;
mod decode_error;
mod delivery;
mod encode_error;
mod manifest;
mod missing;
mod packet;
mod plan_error;
mod reassembler;
mod reassembly_error;
mod snapshot;

pub use acknowledgement::Acknowledgement;
pub use answer::Answer;
pub use chunk::Chunk;
pub use decode_error::DecodeError;
pub use delivery::Delivery;
pub use encode_error::EncodeError;
pub use manifest::{MAX_CERTIFICATE, MAX_CHUNKS, Manifest};
pub use missing::MissingSet;
pub use packet::{
    DEFAULT_PACKET_SIZE, MAX_PACKET_SIZE, MIN_PACKET_SIZE, publish_packet_size,
    room_for_chunk_data, room_for_payload,
};
pub use plan_error::PlanError;
pub use reassembler::{Progress, Reassembler};
pub use reassembly_error::ReassemblyError;
pub use snapshot::{RestoreError, SNAPSHOT_OVERHEAD};
