//! A world for one device: a cloud, a network that loses, doubles and reorders, a disk that loses power, and time.

#![allow(dead_code, reason = "each test uses its own part of the world")]

pub mod air;
pub mod chance;
pub mod cloud;
pub mod desk;
pub mod disk;
pub mod fleet_cloud;
pub mod fleet_desk;
pub mod rotation_cloud;
pub mod rotation_desk;
pub mod schedules;
pub mod service;
pub mod vending_cloud;
pub mod world;
