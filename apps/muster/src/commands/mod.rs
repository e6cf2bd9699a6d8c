//! One file a command.

pub mod down;
pub mod status;
pub mod up;

/// What a command fails with; its text is for the person who reads it.
pub type Failure = Box<dyn std::error::Error>;
