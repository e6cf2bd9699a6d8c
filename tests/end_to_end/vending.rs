//! Devices without any certificate, which ask for one over HTTPS.

mod again;
mod desk;
mod giving;
mod latency;
mod once;
mod refusing;
mod reissuing;
mod secrets;
mod shadows;
mod workflow;
