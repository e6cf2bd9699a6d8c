//! What the operator's CLI does: devices, things, vouchers, tokens, claim certificates, fleets and certificate authorities,
//! rotation, reconciliation, dead-letter queues, a stack's API and outputs, what the functions called, and the end of it all.

mod api;
mod authorities;
mod calls;
mod checkup;
mod claims;
mod dead_letters;
mod devices;
mod fleets;
mod known;
mod owned;
mod random;
mod reconciliation;
mod redeliveries;
mod rotation;
mod runs;
mod stack;
mod teardown;
mod things;
mod tokens;
mod vouchers;

pub use api::{Api, ApiError};
pub use authorities::{Authorities, Authority};
pub use calls::calls_since;
pub use checkup::{
    Checkup, Difference, Drifted, EventSource, FleetIndex, Quota, RaisedAlarm, StackHealth,
};
pub use claims::{Claim, ClaimNotAdopted, Claims, CreatedClaim};
pub use dead_letters::{DeadLetters, Depth, HeldMessage, MessageAttribute};
pub use devices::{Device, Devices, Import, Step, TimelineEntry, Ways};
pub use fleets::{Fleet, FleetList};
pub use known::known;
pub use reconciliation::{Counted, ReconciliationRecord, Reconciliations, Totals};
pub use redeliveries::{Redelivery, redeliveries};
pub use rotation::{
    DeviceRotation, Due, DueDevice, Order, RotatingDevice, RotationRecord, Rotations,
    ThingAnnouncements,
};
pub use runs::{DailyRun, DailyRuns, RunEnd, RunProgress};
pub use stack::stack_outputs;
pub use teardown::{
    AllShadows, FileVersion, FoundStack, Holding, Holdings, ListedThing, Registered, Registry,
    Remains, StackPart, Stacks, ThingRemoval, VaultVersions, Works, holdings,
};
pub use things::{Listed, Thing, Things};
pub use tokens::{IssuedToken, Terms, Token, TokenState, Tokens};
pub use vouchers::{IssuedVoucher, Voucher, Vouchers};
