//! What setting fleets up needs of the world.

use crate::CloudFailure;
use crate::ledger::FleetState;
use muster_documents::{FleetName, FleetSettings};
use secrecy::SecretString;
use serde_json::Value;
use std::future::Future;

/// A provisioning template (AWS IoT, `CreateProvisioningTemplate`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTemplate {
    /// Its name.
    pub name: String,
    /// What it is for, for a person.
    pub description: String,
    /// Its body, JSON.
    pub body: String,
    /// The role that AWS IoT takes on for it.
    pub role_arn: String,
    /// The function that decides who is let in.
    pub hook_arn: String,
}

/// What came of removing a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyRemoval {
    /// It is not there any more.
    Gone,
    /// Certificates have it, so it is left.
    InUse,
}

/// AWS IoT's templates, policies, role aliases and claim certificates. What is asked for and is there already, as asked,
/// is left as it is; what is removed and is not there is removed.
pub trait FleetRegistry {
    /// Has a policy of this name say this document. An older version of it is dropped where AWS IoT keeps no more.
    fn keep_policy(
        &self,
        name: &str,
        document: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Removes a policy that no certificate has.
    fn remove_policy(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<PolicyRemoval, CloudFailure>> + Send;
    /// Has a template say this, and be enabled. One of this name that is not the stack's is refused.
    fn keep_template(
        &self,
        template: &NewTemplate,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Removes a template, if it is the stack's.
    fn remove_template(&self, name: &str) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Has a role alias stand for this role; answers its ARN.
    fn keep_role_alias(
        &self,
        name: &str,
        role_arn: &str,
    ) -> impl Future<Output = Result<String, CloudFailure>> + Send;
    /// Removes a role alias.
    fn remove_role_alias(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Registers a claim certificate that its own key has signed (`RegisterCertificateWithoutCA`), gives it this policy and
    /// activates it, in this order.
    fn admit_claim(
        &self,
        certificate_pem: &str,
        certificate_arn: &str,
        policy: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Has a claim certificate that is there have this policy; `false` if it is gone. One that is out of use stays so.
    fn keep_admitted(
        &self,
        certificate_arn: &str,
        policy: &str,
    ) -> impl Future<Output = Result<bool, CloudFailure>> + Send;
    /// Takes a claim certificate away: out of use first, so that nobody connects with it from then on. Gone already is gone.
    fn discard_claim(
        &self,
        certificate_arn: &str,
        policy: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// The ARNs of the certificates that have a policy.
    fn certificates_with(
        &self,
        policy: &str,
    ) -> impl Future<Output = Result<Vec<String>, CloudFailure>> + Send;
}

/// Files in the vault's bucket, by their keys.
pub trait FileStore {
    /// Has a file hold this. One that does is left as it is: files carry the SHA-256 of what they hold.
    fn keep_object(
        &self,
        key: &str,
        contents: Vec<u8>,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// The file's contents; `None` if it is not there.
    fn read_object(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, CloudFailure>> + Send;
    /// The keys of all files that begin so.
    fn list_objects(
        &self,
        prefix: &str,
    ) -> impl Future<Output = Result<Vec<String>, CloudFailure>> + Send;
    /// Removes a file. Done already is done.
    fn remove_object(&self, key: &str) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// What the ledger says of a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetItem {
    /// Where it stands.
    pub state: FleetState,
    /// What it is; `None` before it was set up for the first time.
    pub settings: Option<FleetSettings>,
    /// What it is to be, while it is set up or changed.
    pub wanted: Option<FleetSettings>,
    /// The execution that is at it, or that was the last.
    pub execution: String,
    /// Who has made it: an operator, or a resource of `CloudFormation`.
    pub owner: Option<String>,
    /// The claim certificate that is in its bundles.
    pub claim_certificate_id: Option<String>,
    /// The one that is being made.
    pub new_claim_certificate_id: Option<String>,
}

/// A claim certificate, as the ledger notes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClaim {
    /// Its id.
    pub certificate_id: String,
    /// The fleet whose devices it lets in.
    pub fleet: FleetName,
    /// When it was made, in seconds since 1970.
    pub created_at: i64,
}

/// The ledger, for fleets.
pub trait FleetLedger {
    /// What it says of a fleet.
    fn fleet(
        &self,
        name: &FleetName,
    ) -> impl Future<Output = Result<Option<FleetItem>, CloudFailure>> + Send;
    /// All fleets.
    fn fleets(&self) -> impl Future<Output = Result<Vec<FleetItem>, CloudFailure>> + Send;
    /// Notes which claim certificate is being made, in the place of what `item` has. Fails with `ConditionFailed` if it is
    /// another one by now, or another execution is at the fleet.
    fn note_new_claim(
        &self,
        name: &FleetName,
        certificate_id: &str,
        item: &FleetItem,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Notes a claim certificate.
    fn keep_claim(&self, claim: &NewClaim)
    -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Forgets the fleet's vouchers: one of the same name shall not be opened with them.
    fn forget_vouchers(
        &self,
        name: &FleetName,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
    /// Forgets a claim certificate. Done already is done.
    fn forget_claim(
        &self,
        certificate_id: &str,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// What came of a workflow's execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunOutcome {
    /// It ended, with this output.
    Done(Value),
    /// It failed.
    Failed {
        /// The error's name.
        error: String,
        /// What it says.
        cause: String,
    },
    /// It is still at work.
    Running,
}

/// Where `CloudFormation` waits for what has come of a custom resource.
pub trait CustomResources {
    /// Gives the answer at the address that is waited at. Whoever knows it can answer: it is a secret.
    fn answer(
        &self,
        url: &SecretString,
        answer: &Value,
    ) -> impl Future<Output = Result<(), CloudFailure>> + Send;
}

/// Looks at a workflow's executions.
pub trait Executions {
    /// Whether an execution of this name is at work. One that was stopped counts for another minute, in which what it has
    /// called may still be.
    fn runs(&self, name: &str) -> impl Future<Output = Result<bool, CloudFailure>> + Send;
    /// The same, of an execution that was started long ago: one that is not found has ended.
    fn still_runs(&self, name: &str) -> impl Future<Output = Result<bool, CloudFailure>> + Send;
}

/// Runs workflows to their end.
pub trait Run: Executions {
    /// Starts an execution, and waits for its end, though no longer than so many seconds. One of the same name is the same
    /// request.
    fn run(
        &self,
        name: &str,
        input: &Value,
        patience_seconds: u64,
    ) -> impl Future<Output = Result<RunOutcome, CloudFailure>> + Send;
}
