//! What every function shares: how it runs, how its errors are named, its configuration and its log; and what
//! an API's answers look like.

mod about;
mod authentication;
mod claim_watch;
mod clock;
mod configuration;
mod device_api;
mod error;
mod http;
mod http_status;
mod logging;
mod metric;
mod run;
mod sqs;

pub use about::{about_device, about_execution};
pub use authentication::{NotAuthenticated, PaceLimits, Shown, authenticate, paced};
pub use claim_watch::{ClaimUse, ClaimWatch};
pub use clock::{now_milliseconds, now_seconds};
pub use configuration::{
    Configuration, ConfigurationError, overdue_action, pace_limits, place, rotation_policy,
    shadow_rules, surge_rule, topic_prefixes, variables,
};
pub use device_api::{DeviceRequest, MAX_DEVICE_BODY_BYTES};
pub use error::{FunctionError, NamedError};
pub use http_status::is_refusal;
pub use logging::start_logging;
pub use metric::{Measurement, Unit, count_one, routes};
pub use run::{caught, run, run_api, run_device_api, run_verifier};
pub use sqs::{BatchItemFailure, SqsAttributes, SqsBatch, SqsBatchResponse, SqsRecord};
