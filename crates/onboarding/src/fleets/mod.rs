//! Whether a fleet lets a device in. It is not let in unless every rule here says so, each time anew.

mod asked;
#[cfg(test)]
mod desk;
mod rotation;
mod ruling;
mod voucher;

pub use asked::{Asked, serial, timeline_key};
pub use rotation::{RotationRuling, rule_rotation};
pub use ruling::{Ruling, Terms, rule};
pub use voucher::voucher_hash;
