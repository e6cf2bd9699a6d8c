//! The device's side of provisioning and rotation: what a device says, when, and what it keeps.
//!
//! [`Provisioning`] is a state machine without I/O, for Muster's claim provisioning, for AWS IoT's fleet provisioning and
//! for vending over HTTPS: it gets a device its first certificate, or the next in the place of the one that it has. [`Staying`]
//! is one that lives with its certificate and replaces it whenever the cloud asks. A program feeds a [`Machine`] events
//! (a message came, a connection was lost, time passed) and does what it answers: connect, publish, keep something.
//! Time and randomness come in through the events and through [`Entropy`], so that a test can play any schedule.
//!
//! [`SlotStore`] keeps the credentials over a [`Disk`], in an order that survives being killed at any moment.

mod backoff;
mod claim;
mod credentials;
mod device;
mod disk;
mod entropy;
mod event;
mod fleet;
mod held;
mod machine;
mod place;
mod progress;
mod proving;
mod provisioning;
mod refused;
mod route;
mod settings;
mod slots;
mod staying;
mod vending;
mod verdict;
mod way;

pub use backoff::Backoff;
pub use credentials::{CredentialError, Credentials};
pub use disk::Disk;
pub use entropy::Entropy;
pub use event::{Action, Ending, Event, Identity, Keep, Trouble};
pub use fleet::FleetDeviceSettings;
pub use held::{CredentialStore, Held, MadeCertificate, StoreError, UnfinishedDelivery};
pub use machine::Machine;
pub use place::{Place, PlaceError};
pub use progress::Progress;
pub use provisioning::{NothingToRotate, Provisioning};
pub use refused::Refused;
pub use route::{RotationRoute, Route};
pub use settings::{Settings, SettingsError, Timings};
pub use slots::{SlotStore, read_slots};
pub use staying::Staying;
pub use vending::{VendingAnswer, VendingRequest, VendingSettings};
