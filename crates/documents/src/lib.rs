//! What travels between devices, queues, workflows and functions, and the names that it is known by.
//!
//! Nothing here decides anything and nothing here does I/O: a type, its limits, and its wire form.

mod alerts;
mod api_event;
mod authority;
pub mod bundle;
mod claim;
pub mod dead_letters;
mod depth;
mod device_certificate;
mod fleet;
pub mod fleet_provisioning;
pub mod fleet_tasks;
mod identifiers;
mod message;
mod object;
pub mod reconciliation_tasks;
mod refusal;
mod registration;
mod request;
pub mod rotation_tasks;
pub mod tasks;
mod topics;
mod vault;
mod vending;
mod verifiers;

pub use alerts::{DEFAULT_ROTATION_PREFIX, ROTATE_CERT, RotationNotice, alerts_topic};
pub use api_event::ApiEvent;
pub use authority::{
    CaKeyType, CertificateMode, CsrSubjects, DEFAULT_LIFETIME_DAYS, MAX_LIFETIME_DAYS,
    MAX_TEMPLATE_CHARACTERS, RegisterAuthority, RegisteredAuthority, Route,
};
pub use claim::{ClaimRequest, Mode};
pub use device_certificate::{
    Certificates, DEFAULT_DEVICE_LIFETIME_DAYS, DeviceInfo, ENCRYPTION_INFO, EncryptTo,
    EncryptedKey, Endpoints, GenerateDeviceCertificate, GeneratedDeviceCertificate, MadeKey,
    NamedDevice,
};
pub use fleet::{
    Admission, Bundle, ClaimCertificate, ClientIdRule, DEFAULT_CLAIM_LIFETIME_DAYS,
    DEFAULT_OVERLAP_HOURS, FleetAnswer, FleetName, FleetSettings, MAX_CLAIM_LIFETIME_DAYS,
    MAX_MODELS, MAX_OVERLAP_HOURS, MalformedName, Model, ModelName, ROTATION_SUFFIX, RemoveFleet,
    RemovedFleet, RoleAlias, RotateClaim,
};
pub use identifiers::{ClientId, MalformedIdentifier, Serial, is_certificate_id};
pub use message::{DeviceMessage, PresenceMessage, ThingChanged};
pub use refusal::{Refusal, RefusalCode};
pub use registration::{CertificateDescription, CertificateRegistered};
pub use request::{
    CsrField, MAX_REQUEST_BYTES, MAX_REQUEST_DEPTH, ProvisioningRequest, RequestError,
};
pub use topics::{Purpose, TopicPrefixes, Topics};
pub use vault::{AuthorityRecord, ClaimFile, VaultFile};
pub use vending::{VendCertificate, VendedCertificate, VendingResult, VendingTask};
pub use verifiers::Verifiers;
