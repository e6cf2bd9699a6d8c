//! What the tests share: a stack with a claim certificate, and devices.

mod attacker;
mod device;
mod refused;
mod stack;

pub use attacker::{Attacker, Identity, Version};
pub use device::{Heard, RawDevice};
pub use refused::{Recorded, Refused};
pub use stack::{Stack, wait_until};
