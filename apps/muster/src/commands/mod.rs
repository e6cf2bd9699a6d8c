//! One file a command.

pub mod ca;
mod certificate;
pub mod claim;
pub mod completions;
mod confirmed;
pub mod demo;
pub mod device;
pub mod dlq;
pub mod doctor;
pub mod down;
pub mod fleet;
mod forget;
mod given_file;
pub mod man;
mod new_file;
mod public_file;
mod ran;
pub mod reconcile;
pub mod rotation;
mod serials;
mod shown_once;
mod simulate;
pub mod status;
mod subject;
pub mod teardown;
pub mod token;
pub mod up;
pub mod verifiers;
pub mod voucher;

/// What a command fails with; its text is for the person who reads it.
pub type Failure = Box<dyn std::error::Error>;
