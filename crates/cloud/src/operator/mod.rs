//! What the operator's CLI does: devices, things, vouchers, claim certificates, fleets and certificate authorities, rotation,
//! a stack's API and outputs, what the functions called.

mod api;
mod authorities;
mod calls;
mod claims;
mod devices;
mod fleets;
mod items;
mod known;
mod rotation;
mod stack;
mod things;
mod vouchers;

pub use api::{Api, ApiError};
pub use authorities::{Authorities, Authority};
pub use calls::calls_since;
pub use claims::{Claim, Claims, CreatedClaim};
pub use devices::{Device, Devices, Import, Step, TimelineEntry, Ways};
pub use fleets::{Fleet, FleetList};
pub use known::known;
pub use rotation::{
    DeviceRotation, Due, DueDevice, Order, RotatingDevice, RotationRecord, RotationRun,
    RotationRuns, Rotations, RunEnd, RunProgress, ThingAnnouncements,
};
pub use stack::stack_outputs;
pub use things::{Listed, Thing, Things};
pub use vouchers::{IssuedVoucher, Voucher, Vouchers};
