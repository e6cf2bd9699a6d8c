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
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use muster_documents::Serial;
use muster_onboarding::ledger::{DEVICE_PREFIX, PK};
use std::collections::HashMap;

type Item = HashMap<String, AttributeValue>;

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

/// Whose item it is. One whose serial cannot be read was not written by Muster.
fn serial_of(item: &Item) -> Option<Serial> {
    let pk = crate::ledger::text(item, PK)?;
    Serial::new(pk.strip_prefix(DEVICE_PREFIX)?).ok()
}
