//! Devices that have their things and certificates from elsewhere, and become Muster's as they are.

mod dates;
mod device;
mod known;
mod not_adopted;
mod one_certificate;

pub use dates::{first_day, in_force_since};
pub use device::AdoptedDevice;
pub use known::{Holder, Known, KnownDevice, adopter};
pub use not_adopted::NotAdopted;
pub use one_certificate::{check_holders, check_validity, one_active};
