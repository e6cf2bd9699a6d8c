//! What a teardown reaches.

use super::belongings::Widened;
use aws_config::retry::RetryConfig;
use muster_cloud::operator::{
    AllShadows, Authorities, FleetList, FoundStack, Registry, Remains, Stacks, VaultVersions, Works,
};
use muster_cloud::{CallCounter, Cloud, Fleets};
use muster_onboarding::Place;
use std::time::Duration;

/// How often a call is tried: AWS IoT takes 10 to 15 a second, and thousands of devices take thousands of calls.
const TRIES: u32 = 8;
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// What else goes than what is certain.
    pub widened: Widened,
    /// After how many days KMS deletes the keys, 7 to 30.
    pub key_days: i32,
    /// How long what was under way when the stack was shut may take to end: as long as a function that makes something for
    /// a device may run.
    pub settle: Duration,
}

/// One stack, and the account that it is in.
#[derive(Debug)]
pub struct World {
    pub(super) cloud: Cloud,
    pub(super) stack: FoundStack,
    pub(super) terms: Terms,
    pub(super) stacks: Stacks,
    pub(super) works: Works,
    pub(super) registry: Registry,
    pub(super) shadows: AllShadows,
    pub(super) authorities: Authorities,
    pub(super) remains: Remains,
}

impl World {
    /// That of a stack that was found.
    pub fn new(cloud: &Cloud, stack: FoundStack, terms: Terms) -> Self {
        let cloud = patient(cloud);
        Self {
            stacks: Stacks::new(&cloud),
            works: Works::new(&cloud),
            registry: Registry::new(&cloud),
            shadows: AllShadows::new(&cloud),
            authorities: Authorities::new(&cloud),
            remains: Remains::new(&cloud),
            cloud,
            stack,
            terms,
        }
    }

    /// The ledger's table.
    pub(super) fn table(&self) -> Option<&str> {
        self.stack.part("Ledger", "AWS::DynamoDB::Table")
    }

    /// The vault's bucket.
    pub(super) fn bucket(&self) -> Option<&str> {
        self.stack.part("Vault", "AWS::S3::Bucket")
    }

    /// The vault's files.
    pub(super) fn vault(&self) -> Option<VaultVersions> {
        let bucket = self.bucket()?;
        Some(VaultVersions::new(&self.cloud, bucket))
    }

    /// The fleets that the ledger knows.
    pub(super) fn fleets(&self) -> Option<FleetList> {
        Some(FleetList::new(&self.cloud, self.table()?))
    }

    /// What AWS IoT keeps of fleets.
    pub(super) fn fleet_registry(&self) -> Fleets {
        Fleets::new(&self.cloud, self.mark())
    }

    /// What the descriptions of the stack's provisioning templates begin with.
    pub(super) fn mark(&self) -> String {
        let place = Place {
            partition: String::new(),
            region: String::new(),
            account: String::new(),
            stack: self.stack.name.clone(),
        };
        place.mark()
    }

    /// What the names of its fleets' policies and role aliases begin with.
    pub(super) fn prefix(&self) -> String {
        format!("{}_", self.stack.name)
    }

    /// What the stack has of a type and has not deleted yet.
    pub(super) fn living<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        let parts = self.stack.parts.iter();
        parts
            .filter(move |part| part.kind == kind && part.status != "DELETE_COMPLETE")
            .map(|part| &*part.physical_id)
            .filter(|id| !id.is_empty())
    }
}

/// Calls that wait longer for their turn than a command's do.
fn patient(cloud: &Cloud) -> Cloud {
    let retries = RetryConfig::standard()
        .with_max_attempts(TRIES)
        .with_max_backoff(LONGEST_PAUSE);
    let config = cloud.config.clone().into_builder();
    Cloud {
        config: config.retry_config(retries).build(),
        calls: CallCounter::default(),
    }
}
