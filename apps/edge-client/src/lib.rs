//! The edge client as a library: one device, from a claim certificate to a certificate of its own, over mutual TLS.
//!
//! [`run`] does it for one device and can be called for many at once in one process, each with a folder of its own.
//! [`fleet`] does the same over AWS IoT's own fleet provisioning, for a device with a bundle.
//! [`rotate`] and [`rotate_fleet`] replace the certificate of such a device once; [`stay`] and [`stay_fleet`] keep it
//! connected, and replace its certificate whenever the cloud asks, until they are told to stop.
//! [`vend`] and [`vend_again`] get a device with a token its certificate over HTTPS, [`rotate_vended`] and [`stay_vended`]
//! replace it as those do.
//! [`join`] is for a device whose certificate a registered CA has signed, and [`request`] makes what such a CA signs.

mod address;
mod api;
mod beginnings;
mod bundle;
mod config;
mod entropy;
mod errand;
mod fleet;
mod folder;
mod join;
mod link;
mod means;
mod outcome;
mod request;
mod run;
mod sentence;
mod status;
mod tls;
mod traffic;
mod vend;

pub use config::{Config, Source};
pub use fleet::{FleetConfig, fleet, rotate_fleet, stay_fleet};
pub use folder::FolderDisk;
pub use join::{JoinConfig, Joined, join};
pub use muster_device::{Progress, Refused, Timings};
pub use muster_documents::fleet_provisioning::Format;
pub use muster_documents::{DEFAULT_ROTATION_PREFIX, Mode};
pub use outcome::{Outcome, RunError};
pub use request::{Requested, request};
pub use run::{rotate, run, stay};
pub use sentence::{sentence, short};
pub use status::{CertificateStatus, DeliveryStatus, Status, status};
pub use traffic::Traffic;
pub use vend::{VendConfig, rotate_vended, stay_vended, vend, vend_again};
