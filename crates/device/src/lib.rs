//! The device's side of claim provisioning: what a device says, when, and what it keeps.
//!
//! [`Provisioning`] is a state machine without I/O. A program feeds it events (a message came, a connection was
//! lost, time passed) and does what it answers: connect, publish, keep something. Time and randomness come in through
//! the events and through [`Entropy`], so that a test can play any schedule.
//!
//! [`SlotStore`] keeps the credentials over a [`Disk`], in an order that survives being killed at any moment.

mod acknowledging;
mod asking;
mod backoff;
mod chunked;
mod credentials;
mod disk;
mod entropy;
mod event;
mod held;
mod legacy;
mod progress;
mod proving;
mod provisioning;
mod refused;
mod settings;
mod slots;

pub use backoff::Backoff;
pub use credentials::{CredentialError, Credentials};
pub use disk::Disk;
pub use entropy::Entropy;
pub use event::{Action, Ending, Event, Identity, Keep, Trouble};
pub use held::{CredentialStore, Held, StoreError, UnfinishedDelivery};
pub use progress::Progress;
pub use provisioning::Provisioning;
pub use refused::Refused;
pub use settings::{Settings, SettingsError, Timings};
pub use slots::{SlotStore, read_slots};
