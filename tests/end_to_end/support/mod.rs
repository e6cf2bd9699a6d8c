//! What the tests share: a stack with a claim certificate, and devices.

mod attacker;
mod authority;
mod device;
mod invoke;
mod python_function;
mod queues;
mod refused;
mod secret;
mod stack;
mod tape;

use std::time::Duration;

/// How long anything that a test waits for may take on a loaded machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

pub use attacker::{Attacker, Identity, Version};
pub use authority::{Authority, OURS};
pub use device::{Heard, RawDevice};
pub use invoke::{Failed, invoke};
pub use python_function::{deploy_function, function_arn};
pub use queues::{next, send};
pub use refused::{Recorded, Refused};
pub use secret::Secret;
pub use stack::{Stack, wait_until};
pub use tape::places;
