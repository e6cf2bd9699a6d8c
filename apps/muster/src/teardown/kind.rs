//! What is taken down, in the order in which it goes.

use serde::Serialize;

/// A kind of what a stack has, or what is around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// What passes devices' messages on.
    TopicRule,
    /// What works.
    Function,
    /// Work that is under way, deadlines that wait among it.
    Execution,
    /// A certificate authority of Muster's that admits devices.
    OpenAuthority,
    /// A fleet's template for provisioning or rotation.
    ProvisioningTemplate,
    /// A certificate with which devices ask.
    ClaimCertificate,
    /// A device's thing.
    Thing,
    /// A device's certificate.
    Certificate,
    /// A policy of the stack's on what stays.
    PolicyAttachment,
    /// A certificate authority of Muster's.
    Authority,
    /// A fleet's policy.
    FleetPolicy,
    /// A fleet's role alias.
    RoleAlias,
    /// What CloudFormation deletes.
    StackResource,
    /// A version of a file in the vault.
    VaultFile,
    /// The vault's bucket.
    Bucket,
    /// The ledger's table.
    Table,
    /// A KMS key.
    Key,
    /// Logs that a service has kept beside the stack.
    LogGroup,
}

impl Kind {
    /// In a sentence, several of it.
    pub fn plural(self) -> &'static str {
        match self {
            Self::TopicRule => "topic rules",
            Self::Function => "functions",
            Self::Execution => "executions",
            Self::OpenAuthority => "open certificate authorities",
            Self::ProvisioningTemplate => "provisioning templates",
            Self::ClaimCertificate => "claim certificates",
            Self::Thing => "things",
            Self::Certificate => "certificates",
            Self::PolicyAttachment => "attachments of policies",
            Self::Authority => "certificate authorities",
            Self::FleetPolicy => "policies of fleets",
            Self::RoleAlias => "role aliases",
            Self::StackResource => "resources of the stack",
            Self::VaultFile => "versions of files in the vault",
            Self::Bucket => "buckets",
            Self::Table => "tables",
            Self::Key => "keys",
            Self::LogGroup => "log groups",
        }
    }

    /// What is done to it.
    pub fn done(self) -> &'static str {
        match self {
            Self::TopicRule => "disabled",
            Self::Function | Self::OpenAuthority => "shut",
            Self::Execution => "stopped",
            Self::PolicyAttachment => "detached",
            Self::Key => "scheduled for deletion",
            _ => "removed",
        }
    }
}

/// One part of the work. What is left of one keeps the next from beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// From here on nothing new is begun.
    Shut,
    /// From here on nobody comes in.
    WaysIn,
    /// The devices go.
    Devices,
    /// What devices had in common goes.
    Shared,
    /// The stack goes.
    Stack,
    /// What it leaves behind goes.
    Remains,
    /// What that was encrypted with goes.
    Keys,
}

impl Stage {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Shut,
        Self::WaysIn,
        Self::Devices,
        Self::Shared,
        Self::Stack,
        Self::Remains,
        Self::Keys,
    ];

    /// What goes in it, in its order.
    pub fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Shut => &[
                Kind::TopicRule,
                Kind::Function,
                Kind::Execution,
                Kind::OpenAuthority,
            ],
            Self::WaysIn => &[Kind::ProvisioningTemplate, Kind::ClaimCertificate],
            // A thing is found by its certificate where the ledger does not know it.
            Self::Devices => &[Kind::Thing, Kind::Certificate],
            // A certificate that a CA has signed comes in anew if it is deleted before an open CA.
            Self::Shared => &[
                Kind::PolicyAttachment,
                Kind::Authority,
                Kind::FleetPolicy,
                Kind::RoleAlias,
            ],
            Self::Stack => &[Kind::StackResource],
            Self::Remains => &[Kind::LogGroup, Kind::VaultFile, Kind::Bucket, Kind::Table],
            // Without them nobody reads a ledger that is left.
            Self::Keys => &[Kind::Key],
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Shut => "shutting the stack",
            Self::WaysIn => "the ways in",
            Self::Devices => "the devices",
            Self::Shared => "what devices share",
            Self::Stack => "the stack",
            Self::Remains => "what the stack leaves behind",
            Self::Keys => "the keys",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_goes_once_and_what_comes_before_shuts_what_comes_after() {
        let order: Vec<_> = Stage::ALL.iter().flat_map(|stage| stage.kinds()).collect();
        let mut once = order.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!((order.len(), once.len()), (18, 18));
        let place = |kind: Kind| order.iter().position(|one| **one == kind).unwrap();
        for (before, after) in [
            (Kind::Function, Kind::Execution),
            (Kind::OpenAuthority, Kind::Certificate),
            (Kind::Thing, Kind::Certificate),
            (Kind::Certificate, Kind::Authority),
            (Kind::PolicyAttachment, Kind::FleetPolicy),
            (Kind::RoleAlias, Kind::StackResource),
            (Kind::StackResource, Kind::Table),
            (Kind::VaultFile, Kind::Bucket),
            (Kind::Table, Kind::Key),
        ] {
            assert!(place(before) < place(after), "{before:?}, {after:?}");
        }
    }
}
