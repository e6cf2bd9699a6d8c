//! Certificates are renewed, and no device is ever locked out.

mod adopting;
mod by_hand;
mod chunked;
mod deadlines;
mod fleets_template;
mod lock_out;
mod midnight;
mod operator;
mod scanner;
mod schedule;
mod staying;
pub mod workflow;
pub mod yard;
