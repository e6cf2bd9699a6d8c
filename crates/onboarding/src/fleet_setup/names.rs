//! What a stack calls the things that it makes for a fleet.

use muster_documents::FleetName;

/// Where a stack is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `aws`, or that of another part of the world.
    pub partition: String,
    /// The region.
    pub region: String,
    /// The account.
    pub account: String,
    /// The stack's name, which what it makes by name begins with.
    pub stack: String,
}

impl Place {
    /// What the descriptions of the stack's provisioning templates begin with.
    pub fn mark(&self) -> String {
        format!("Muster ({})", self.stack)
    }

    /// The ARN of a certificate (service authorization reference, AWS IoT).
    pub fn certificate_arn(&self, certificate_id: &str) -> String {
        let Self {
            partition,
            region,
            account,
            ..
        } = self;
        format!("arn:{partition}:iot:{region}:{account}:cert/{certificate_id}")
    }
}

/// The names of what is made for one fleet. All begin with the stack's, as its functions' roles say, and an underscore,
/// which no stack's name has: of two stacks `muster` and `muster-prod` neither can make the other's.
#[derive(Debug, Clone, Copy)]
pub struct FleetNames<'a> {
    place: &'a Place,
    fleet: &'a FleetName,
}

impl<'a> FleetNames<'a> {
    /// The names of a fleet.
    pub fn new(place: &'a Place, fleet: &'a FleetName) -> Self {
        Self { place, fleet }
    }

    /// The policy of its claim certificates.
    pub fn claim_policy(&self) -> String {
        self.of("claim")
    }

    /// Its devices' policy.
    pub fn device_policy(&self) -> String {
        self.of("device")
    }

    /// The second policy of devices that run Greengrass: both do not fit into one (AWS IoT, 2,048 characters).
    pub fn greengrass_policy(&self) -> String {
        self.of("greengrass")
    }

    /// Its role alias.
    pub fn role_alias(&self) -> String {
        self.of("token-exchange")
    }

    fn of(&self, what: &str) -> String {
        format!("{}_{}_{what}", self.place.stack, self.fleet)
    }
}
