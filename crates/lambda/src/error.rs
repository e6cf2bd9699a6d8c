//! Errors with names that a workflow can match.

use muster_onboarding::CloudFailure;
use std::error::Error;

/// An error whose name is part of the contract with the workflows: `Retry` and `Catch` match it, and
/// `docs/errors/<Name>.md` explains it.
pub trait NamedError: Error {
    /// The stable name.
    fn name(&self) -> &'static str;
}

impl NamedError for CloudFailure {
    fn name(&self) -> &'static str {
        CloudFailure::name(self)
    }
}

/// What the wrapper itself reports, whatever the function.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// The payload is not what the function takes.
    #[error("the input does not decode: {0}")]
    InputInvalid(#[source] serde_json::Error),
    /// The answer does not encode, which only a defect can cause.
    #[error("the output does not encode: {0}")]
    OutputInvalid(#[source] serde_json::Error),
    /// The handler panicked. The text of a panic may hold anything, so it is not repeated.
    #[error("the function panicked; its log says where")]
    Panicked,
}

impl NamedError for FunctionError {
    fn name(&self) -> &'static str {
        match self {
            Self::InputInvalid(_) => "InputInvalid",
            Self::OutputInvalid(_) => "OutputInvalid",
            Self::Panicked => "FunctionPanicked",
        }
    }
}
