//! Devices without any certificate, which ask for one over HTTPS.

mod again;
pub mod desk;
mod giving;
mod latency;
mod once;
mod refusing;
mod reissuing;
mod secrets;
mod shadows;
mod workflow;
