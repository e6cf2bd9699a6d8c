//! The operator's CLI, as a library so that tests can start what it starts.

pub mod adoption;
pub mod claims;
pub mod cli;
mod commands;
pub mod daily_run;
pub mod dead_letters;
pub mod demo;
pub mod doctor;
mod handed_out;
pub mod local;
pub mod output;
pub mod reconciliation;
pub mod release;
pub mod rotation;
mod table;
pub mod target;
pub mod teardown;
mod timeline;
mod token;
