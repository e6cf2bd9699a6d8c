//! What the tests share: a stack with a claim certificate, and devices.

mod attacker;
mod device;
mod refused;
mod secret;
mod stack;
mod tape;

pub use attacker::{Attacker, Identity, Version};
pub use device::{Heard, RawDevice};
pub use refused::{Recorded, Refused};
pub use secret::Secret;
pub use stack::{Stack, wait_until};
pub use tape::places;
