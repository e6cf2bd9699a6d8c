//! The rules of onboarding: pure decisions, and the ports that they need. No I/O, no AWS, no clock.

mod admission;
mod answers;
mod failure;
mod judge;
pub mod ledger;
pub mod ports;
mod revocation;

pub use admission::{Applicant, applicant};
pub use answers::{AnswerError, activated_answer, chunk_answers, legacy_answers, refusal_answer};
pub use failure::{CloudFailure, FailureKind};
pub use judge::{ClaimRules, judge, sender};
pub use revocation::{UnusableList, own_list};
