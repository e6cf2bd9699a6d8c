//! The ledger's layout: names of keys and attributes, said once for functions and CLI.
//! The workflows' definitions use the same names; a test compares them.

use muster_documents::{ClientId, FleetName, Serial};

/// The partition key's attribute.
pub const PK: &str = "pk";
/// The sort key's attribute.
pub const SK: &str = "sk";
/// The sort key of a device's or a delivery's own item.
pub const STATE_SK: &str = "state";
/// The beginning of a timeline item's sort key.
pub const EVENT_SK_PREFIX: &str = "event#";

/// The beginning of the sort key of a certificate that was handed out, before its id.
pub const CERTIFICATE_SK_PREFIX: &str = "certificate#";

/// The index by the day on which something is to be done: its name.
pub const ROTATION_INDEX: &str = "rotation";
/// Its partition key's attribute.
pub const ROTATION_SHARD: &str = "rotationShard";
/// Its sort key's attribute: a day, `yyyymmdd`.
pub const ROTATION_DAY: &str = "rotationDay";

/// The index by certificate: its name.
pub const CERTIFICATE_INDEX: &str = "certificates";

/// What a device's item says of its rotation, for who looks at many devices: without certificates and keys.
pub const ROTATION_SEEN: &str = "pk, fleet, issuedOn, rotationDay, askedSince, orderedAt, nextCertificateId, \
     retiringCertificateId, overdueAction, overdueDone";

/// What a device's item says of a rotation that is under way. It ends with the certificate.
pub const ROTATION_UNDER_WAY: &str = "askedOn, askedSince, orderedAt, pendingFingerprint, nextCertificateId, nextCertificateArn, \
     nextCertificateDer, nextFingerprint, nextShutAt, retiringCertificateId, overdueAction, overdueCertificateId, overduePolicies, overdueDone";

/// What a device's item says of the certificate that it was given over HTTPS. It ends with that.
pub const VENDED: &str = "unprovenCertificateId, vendedFor, vendedCertificateId, vendedFingerprint, vendedKeyless, vendedSince";

/// The beginning of `execution` of a device that was handed its certificate, before the certificate's id.
pub const HANDED_OUT_PREFIX: &str = "handed-out-";

/// The beginning of `execution` of a device whose certificates an operator takes away.
pub const RELEASE_PREFIX: &str = "release-";

/// The beginning of a device's partition key.
pub const DEVICE_PREFIX: &str = "device#";

/// A device's partition.
pub fn device_key(serial: &Serial) -> String {
    format!("{DEVICE_PREFIX}{serial}")
}

/// `standing` of a certificate that its device has not connected with yet.
pub const NEXT_STANDING: &str = "next";
/// `standing` of one that was in force, or that another took the place of.
pub const RETIRED_STANDING: &str = "retired";

/// The sort key of a certificate among its device's items.
pub fn certificate_sk(certificate_id: &str) -> String {
    format!("{CERTIFICATE_SK_PREFIX}{certificate_id}")
}

/// The one partition of all fleets; a fleet's sort key is its name.
pub const FLEETS_PK: &str = "fleets";

/// The partition of the runs of `certificate-rotation`.
pub const ROTATIONS_PK: &str = "rotations";

/// The partition of the runs of `reconciliation`.
pub const RECONCILIATIONS_PK: &str = "reconciliations";

/// The partition of a fleet's timeline.
pub fn fleet_key(name: &FleetName) -> String {
    format!("fleet#{name}")
}

/// A voucher's partition, by the lowercase hex SHA-256 of its text. The text itself is nowhere in the ledger.
pub fn voucher_key(hash: &str) -> String {
    format!("voucher#{hash}")
}

/// The partition in which a fleet's vouchers are listed.
pub fn vouchers_key(fleet: &FleetName) -> String {
    format!("vouchers#{fleet}")
}

/// The sort key, among a fleet's vouchers, of the one that is good for this device alone: there is one at most.
pub fn serials_voucher_sk(serial: &Serial) -> String {
    format!("serial#{serial}")
}

/// The sort key, among a fleet's vouchers, of one that is good for any device.
pub fn any_voucher_sk(hash: &str) -> String {
    format!("any#{hash}")
}

/// The sort key of a device's token among its items.
pub const TOKEN_SK: &str = "token";

/// The beginning of the partition of an address's or a serial's requests, before its kind and name.
pub const PACE_PREFIX: &str = "pace#";

/// The beginning of the sort key of a minute's count of requests, before the minute (its number since 1970).
pub const MINUTE_SK_PREFIX: &str = "minute#";

/// The beginning of a claim certificate's partition key.
pub const CLAIM_PREFIX: &str = "claim#";

/// A claim certificate's partition.
pub fn claim_key(certificate_id: &str) -> String {
    format!("{CLAIM_PREFIX}{certificate_id}")
}

/// The beginning of the sort key of an hour's count among a claim certificate's items, before the hour
/// (`yyyy-mm-ddThh`, UTC).
pub const HOUR_SK_PREFIX: &str = "hour#";

/// The partition for the refusals of a client that did not say its serial well.
pub fn client_key(client_id: &str) -> String {
    format!("client#{client_id}")
}

/// The partition of the delivery that `client_id` is expected to answer.
pub fn delivery_key(client_id: &ClientId) -> String {
    format!("delivery#{client_id}")
}

/// The partition of the delivery of a next certificate, which `client_id`, a thing's name, is expected to answer. It is
/// another one than [`delivery_key`]'s: who holds a claim certificate may choose its client id, and must not reach it.
pub fn rotation_key(client_id: &ClientId) -> String {
    format!("rotation#{client_id}")
}

/// The partition of the delivery that ends with a connection of `client_id`, a thing's name. It is another one than
/// [`delivery_key`]'s: whoever may choose its client id must not reach it.
pub fn connection_key(client_id: &ClientId) -> String {
    format!("connection#{client_id}")
}

/// In seconds.
const DAY: i64 = 86_400;

/// When something of the time `at`, in milliseconds since 1970, has been kept for so many days: in seconds since 1970, as
/// `expiresAt` has it.
pub fn kept_until(at: i64, days: i64) -> i64 {
    at.div_euclid(1000) + days * DAY
}

/// `enrolledBy` of a device that an operator imported; another's is the execution that took it in.
pub const IMPORTED: &str = "import";

/// The way in that a serial was imported for; one that was imported for none may take any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayIn {
    /// With a claim certificate.
    Claim,
    /// With a certificate that a CA of the account's has signed, its own or one that it was handed.
    Certificate,
    /// With a token, over HTTPS.
    Token,
}

impl WayIn {
    /// As it stands in the ledger's attribute `route`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Certificate => "certificate",
            Self::Token => "token",
        }
    }
}

/// Where a fleet stands. Its devices are let in unless it is being made or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FleetState {
    /// The workflow sets it up.
    Making,
    /// It is set up.
    Active,
    /// It is set up, and the workflow changes it.
    Changing,
    /// The workflow takes it down.
    Removing,
}

impl FleetState {
    /// As it stands in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Making => "making",
            Self::Active => "active",
            Self::Changing => "changing",
            Self::Removing => "removing",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Making, Self::Active, Self::Changing, Self::Removing];
        all.into_iter().find(|state| state.name() == name)
    }
}

/// Where a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceState {
    /// Imported, has no certificate.
    Known,
    /// A workflow is at it.
    Provisioning,
    /// Has its certificate.
    Provisioned,
}

impl DeviceState {
    /// As it stands in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Provisioning => "provisioning",
            Self::Provisioned => "provisioned",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Known, Self::Provisioning, Self::Provisioned];
        all.into_iter().find(|state| state.name() == name)
    }
}
