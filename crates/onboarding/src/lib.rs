//! The rules of onboarding: pure decisions, and the ports that they need. No I/O, no AWS, no clock.

mod admission;
pub mod adoption;
mod answers;
pub mod claims;
mod failure;
mod fleet_setup;
pub mod fleets;
mod judge;
pub mod ledger;
pub mod ports;
mod revocation;
pub mod rotation;
mod secret_text;
pub mod shadows;
mod subject;
mod template;
pub mod tokens;
mod verdict;

pub use admission::{Applicant, applicant};
pub use answers::{AnswerError, activated_answer, chunk_answers, legacy_answers, refusal_answer};
pub use failure::{CloudFailure, FailureKind};
pub use fleet_setup::{
    FleetDocuments, FleetError, FleetNames, HeldByAnother, Place, check_beside, check_fleet,
    check_holder, check_overlap,
};
pub use judge::{ClaimRules, csr_refusal, judge, sender};
pub use revocation::{UnusableList, own_list};
pub use secret_text::secret_text;
pub use subject::subject;
pub use template::{
    MissingField, Naming, TemplateError, check_fleet_template, check_template, complete,
    default_template, naming,
};
pub use verdict::verified;
