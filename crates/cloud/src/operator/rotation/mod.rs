//! Rotation as an operator sees it: what is due, devices one by one, orders, and what is kept of the workflow's runs.

mod announcements;
mod devices;
mod due;
mod orders;
mod records;

pub use announcements::ThingAnnouncements;
pub use devices::{DeviceRotation, RotatingDevice};
pub use due::{Due, DueDevice};
pub use orders::Order;
pub use records::RotationRecord;

pub(super) use devices::read_device_rotation;

use crate::Cloud;
use crate::ledger::Item;
use aws_sdk_dynamodb::Client;

/// The ledger of one stack, for rotation.
#[derive(Debug, Clone)]
pub struct Rotations {
    client: Client,
    table: String,
}

impl Rotations {
    /// The rotations in `table`.
    pub fn new(cloud: &Cloud, table: &str) -> Self {
        Self {
            client: Client::new(&cloud.config),
            table: table.to_owned(),
        }
    }
}
