//! The operator's CLI, as a library so that tests can start what it starts.

pub mod cli;
mod commands;
pub mod local;
mod output;
