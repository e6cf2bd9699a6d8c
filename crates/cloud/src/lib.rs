//! The only crate that knows the AWS SDK: adapters for the ports of `muster-onboarding`, one module a service,
//! each behind a feature so that a function links only what it calls.

#[cfg(feature = "authorities")]
mod authorities;
#[cfg(feature = "authorities")]
mod authority_keys;
mod calls;
mod connect;
#[cfg(feature = "custom-resources")]
mod custom_resources;
#[cfg(feature = "identity")]
mod endpoint;
#[cfg(feature = "events")]
mod events;
#[cfg(feature = "workflows")]
mod express;
mod failure;
#[cfg(feature = "fleets")]
mod fleets;
#[cfg(feature = "identity")]
mod identity;
#[cfg(feature = "identity")]
mod inventory;
#[cfg(feature = "ledger")]
mod ledger;
#[cfg(feature = "vault")]
mod objects;
#[cfg(feature = "operator")]
pub mod operator;
#[cfg(all(test, feature = "operator"))]
mod played;
#[cfg(feature = "publishing")]
mod publishing;
#[cfg(feature = "queue")]
mod queue;
#[cfg(feature = "identity")]
mod registrations;
#[cfg(any(feature = "identity", feature = "vault"))]
mod remembered;
#[cfg(feature = "vault")]
mod revocation_lists;
#[cfg(feature = "sealing")]
mod sealing;
#[cfg(feature = "shadows")]
mod shadows;
#[cfg(feature = "identity")]
mod things;
#[cfg(feature = "tokens")]
mod token_keys;
#[cfg(feature = "vault")]
mod vault;
#[cfg(feature = "verifying")]
mod verifiers;
#[cfg(any(
    feature = "authorities",
    feature = "fleets",
    feature = "events",
    feature = "identity",
    feature = "ledger",
    feature = "publishing",
    feature = "sealing",
    feature = "shadows",
    feature = "workflows"
))]
mod warm;
#[cfg(feature = "workflows")]
mod workflows;

#[cfg(feature = "authorities")]
pub use authorities::Authorities;
#[cfg(feature = "authorities")]
pub use authority_keys::CaKeys;
pub use calls::CallCounter;
pub use connect::{Cloud, connect, connect_in_lambda};
#[cfg(feature = "custom-resources")]
pub use custom_resources::CustomResourceAnswers;
#[cfg(feature = "identity")]
pub use endpoint::Endpoint;
#[cfg(feature = "events")]
pub use events::Events;
#[cfg(feature = "workflows")]
pub use express::ExpressMachine;
pub use failure::failure;
#[cfg(feature = "fleets")]
pub use fleets::Fleets;
#[cfg(feature = "identity")]
pub use identity::Identity;
#[cfg(feature = "identity")]
pub use inventory::Inventory;
#[cfg(feature = "ledger")]
pub use ledger::Ledger;
#[cfg(feature = "vault")]
pub use objects::Objects;
#[cfg(feature = "publishing")]
pub use publishing::Publishing;
#[cfg(feature = "queue")]
pub use queue::Queue;
#[cfg(feature = "identity")]
pub use registrations::Registrations;
#[cfg(feature = "vault")]
pub use revocation_lists::VaultRevocationLists;
#[cfg(feature = "sealing")]
pub use sealing::Sealing;
#[cfg(feature = "shadows")]
pub use shadows::ThingShadows;
#[cfg(feature = "identity")]
pub use things::ThingDates;
#[cfg(feature = "tokens")]
pub use token_keys::TokenKeys;
#[cfg(feature = "vault")]
pub use vault::VaultBucket;
#[cfg(feature = "verifying")]
pub use verifiers::VerifierFunctions;
#[cfg(any(
    feature = "authorities",
    feature = "fleets",
    feature = "events",
    feature = "identity",
    feature = "ledger",
    feature = "publishing",
    feature = "sealing",
    feature = "shadows",
    feature = "workflows"
))]
pub use warm::Service;
#[cfg(feature = "workflows")]
pub use workflows::{StateMachine, Workflows};
