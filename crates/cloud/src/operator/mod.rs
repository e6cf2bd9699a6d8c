//! What the operator's CLI does: devices and claim certificates, a stack's outputs, what the functions called.

mod calls;
mod claims;
mod devices;
mod stack;

pub use calls::calls_since;
pub use claims::{Claim, Claims, CreatedClaim};
pub use devices::{Device, Devices, Import, Step, TimelineEntry};
pub use stack::stack_outputs;
