//! The local stack: the pinned AWS emulator as a process, with Muster's own template deployed in it.
//!
//! Tests and the demo start one of their own in a [`StackDirectory::private`]; `muster up` starts the checkout's one
//! in the [`StackDirectory::shared`]. docs/local-stack.md says what the emulator does otherwise than AWS.

mod archive;
mod artifacts;
mod build;
mod checkout;
mod clients;
mod definition;
mod deploy;
mod directory;
mod emulator;
mod environment;
mod gateway;
mod lock;
mod overlay;
mod package;
mod parameters;
mod ports;
mod probe;
mod python;
mod reason;
mod shared;
mod stack;
mod state;
mod template;
#[cfg(test)]
mod testing;

pub use artifacts::ArtifactError;
pub use build::{BuildError, Profile, build};
pub use checkout::{Checkout, NotACheckout};
pub use clients::configuration;
pub use deploy::DeployError;
pub use directory::{DIRECTORY_VARIABLE, StackDirectory};
pub use emulator::EmulatorError;
pub use environment::{Environment, EnvironmentError};
pub use overlay::OverlayError;
pub use package::UnknownPath;
pub use parameters::UnknownParameter;
pub use ports::WantedPorts;
pub use python::{PYTHON_VARIABLE, Python, PythonError, find as find_python};
pub use shared::{Running, SharedError, StarterLock, claim, end, running};
pub use stack::{LocalStack, Say, StackError, StackOptions};
pub use state::{Phase, REGION, ROOT_KEY, STACK_NAME, StackState, emulated_api};
pub use template::TemplateError;
