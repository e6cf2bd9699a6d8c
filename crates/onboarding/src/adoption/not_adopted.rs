//! Why a thing is not adopted.

use crate::rotation::Day;
use muster_documents::MalformedIdentifier;

/// Why a thing is left as it is, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdopted {
    /// Its name cannot be a serial.
    #[error("its name is no serial: {0}. Make a thing with another name for the device")]
    NameMalformed(MalformedIdentifier),
    /// There is none of this name.
    #[error("there is no thing of this name. Look at `aws iot list-things`")]
    ThingMissing,
    /// No active certificate is attached to it. The ids and statuses of the others.
    #[error(
        "it has no active certificate{}. Attach or activate its own, or let the device come in anew",
        those(.0)
    )]
    NoCertificate(Vec<String>),
    /// Several active certificates are attached to it: their ids.
    #[error(
        "it has {} active certificates: {}. Deactivate those that the device does not use, then import it again",
        .0.len(), .0.join(", ")
    )]
    SeveralCertificates(Vec<String>),
    /// Its certificate is attached to other things as well.
    #[error(
        "its certificate {id} is that of other things as well, {} among them. Give each device a certificate of its own",
        .others.join(", ")
    )]
    CertificateShared {
        /// The certificate's id.
        id: String,
        /// The other things, or some of them.
        others: Vec<String>,
    },
    /// The ledger has its certificate as another device's.
    #[error(
        "its certificate {id} is that of the device {device} in the ledger. Look at `muster device show {device}`, and give \
         this one a certificate of its own"
    )]
    CertificateOfAnother {
        /// The certificate's id.
        id: String,
        /// The device's serial.
        device: String,
    },
    /// It is a claim certificate.
    #[error(
        "its certificate {0} is a claim certificate. Detach it from the thing, and let the device come in with it"
    )]
    ClaimCertificate(String),
    /// It has ended.
    #[error(
        "its certificate {id} has ended on {on}: the device cannot connect to renew it. Let it come in anew"
    )]
    CertificateEnded {
        /// The certificate's id.
        id: String,
        /// The last day of its validity.
        on: Day,
    },
    /// The certificate cannot be read.
    #[error("its certificate {0} cannot be read. Give the device another")]
    CertificateUnreadable(String),
    /// Serials of the fleet begin with something else.
    #[error(
        "the serials of the fleet {fleet} begin with {prefix}. Import it without --fleet, or into another fleet"
    )]
    NotOfFleet {
        /// The fleet.
        fleet: String,
        /// The fleet's prefix.
        prefix: String,
    },
    /// The ledger has it already, elsewhere.
    #[error(
        "it is in the ledger already, {}. It stays there",
        .0.as_ref().map_or_else(|| "without a fleet".to_owned(), |fleet| format!("in the fleet {fleet}"))
    )]
    OfAnotherFleet(Option<String>),
}

impl NotAdopted {
    /// Its stable name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NameMalformed(_) => "NameMalformed",
            Self::ThingMissing => "ThingMissing",
            Self::NoCertificate(_) => "NoCertificate",
            Self::SeveralCertificates(_) => "SeveralCertificates",
            Self::CertificateShared { .. } => "CertificateShared",
            Self::CertificateOfAnother { .. } => "CertificateOfAnother",
            Self::ClaimCertificate(_) => "ClaimCertificate",
            Self::CertificateEnded { .. } => "CertificateEnded",
            Self::CertificateUnreadable(_) => "CertificateUnreadable",
            Self::NotOfFleet { .. } => "NotOfFleet",
            Self::OfAnotherFleet(_) => "OfAnotherFleet",
        }
    }
}

fn those(inactive: &[String]) -> String {
    match inactive {
        [] => String::new(),
        some => format!(", only {}", some.join(", ")),
    }
}
