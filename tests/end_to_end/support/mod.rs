//! What the tests share: a stack with a claim certificate, and devices.

mod device;
mod stack;

pub use device::{Heard, RawDevice};
pub use stack::{Stack, wait_until};
