//! What every function shares: how it runs, how its errors are named, its configuration and its log.

mod configuration;
mod error;
mod logging;
mod run;
mod sqs;

pub use configuration::{Configuration, ConfigurationError, variables};
pub use error::{FunctionError, NamedError};
pub use logging::start_logging;
pub use run::run;
pub use sqs::{BatchItemFailure, SqsBatch, SqsBatchResponse, SqsRecord};
