//! What `muster teardown` does in AWS: how a stack is found, shut and deleted, and what is around it in AWS IoT and in the
//! services whose resources a stack leaves behind.

mod holdings;
mod registry;
mod remains;
mod stacks;
mod thing_shadows;
mod vault_bucket;
mod works;

pub use holdings::{Holding, Holdings, holdings};
pub use registry::{Listed as ListedThing, Registered, Registry, ThingRemoval};
pub use remains::Remains;
pub use stacks::{FoundStack, StackPart, Stacks};
pub use thing_shadows::AllShadows;
pub use vault_bucket::{FileVersion, VaultVersions};
pub use works::Works;
