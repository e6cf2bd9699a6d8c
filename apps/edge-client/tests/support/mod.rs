//! A broker on the loopback interface with a small cloud behind it, and devices for it.

#![allow(dead_code, reason = "each test uses its own part of it")]

pub mod api;
pub mod broker;
pub mod packets;
pub mod vendor;

/// The clouds of the state machine's own tests: the same contract, now over TLS and MQTT.
#[path = "../../../../crates/device/tests/support/chance.rs"]
pub mod chance;
#[path = "../../../../crates/device/tests/support/cloud.rs"]
pub mod cloud;
#[path = "../../../../crates/device/tests/support/fleet_cloud.rs"]
pub mod fleet_cloud;
#[path = "../../../../crates/device/tests/support/rotation_cloud.rs"]
pub mod rotation_cloud;
#[path = "../../../../crates/device/tests/support/service.rs"]
pub mod service;
#[path = "../../../../crates/device/tests/support/vending_cloud.rs"]
pub mod vending_cloud;
