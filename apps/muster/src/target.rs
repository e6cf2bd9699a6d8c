//! Which stack a command speaks to: the local one of this checkout, or one on AWS.

use crate::local::{self, Checkout, NotACheckout, Running, StackState, emulated_api};
use clap::Args;
use edge_client::Source;
use muster_cloud::operator::{
    Api, Authorities, DailyRuns, DeadLetters, FleetList, Reconciliations, Rotations,
    ThingAnnouncements, Tokens, stack_outputs,
};
use muster_cloud::{Cloud, Objects, TokenKeys, VaultBucket};
use muster_documents::bundle::AMAZON_ROOT_CA;
use muster_documents::dead_letters::DeadLetterQueue;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::DataEndpoint;
use muster_onboarding::rotation::RotationPolicy;
use std::collections::BTreeMap;

/// AWS IoT's port for MQTT.
const MQTT_PORT: u16 = 8883;

/// The option that all commands share which need a stack.
#[derive(Debug, Clone, Default, Args)]
pub struct TargetArguments {
    /// A stack on AWS, with the account and region of the environment [default: the local stack]
    #[arg(long, value_name = "NAME", env = "MUSTER_STACK")]
    pub stack: Option<String>,
}

/// Where devices connect.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// The host.
    pub host: String,
    /// The port for MQTT over TLS.
    pub port: u16,
    /// The authority that the host's certificate comes from.
    pub authority: Source,
}

/// A stack that runs, and how to reach it.
#[derive(Debug, Clone)]
pub struct Target {
    /// For clients.
    pub cloud: Cloud,
    /// The template's outputs.
    outputs: BTreeMap<String, String>,
    local: Option<Endpoint>,
}

/// Why there is no stack to speak to.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Nothing runs here, and nothing else was named.
    #[error(
        "no local stack runs. Start one with `muster up`, or name a stack on AWS with --stack NAME"
    )]
    NothingRuns,
    /// See [`NotACheckout`].
    #[error(transparent)]
    NotACheckout(#[from] NotACheckout),
    /// The stack on AWS could not be read.
    #[error("the stack {name} cannot be read. Check its name, the region and your AWS credentials")]
    Unreadable {
        /// The stack's name.
        name: String,
        /// What AWS said.
        #[source]
        source: CloudFailure,
    },
    /// The stack is another one.
    #[error(
        "the stack has no output {0}: it was not made from Muster's template, or from an older one"
    )]
    NoOutput(&'static str),
    /// The stack is another one.
    #[error("the stack's output {name} is {value:?}, and has to be a number of days")]
    NoDays {
        /// The output.
        name: &'static str,
        /// What it is.
        value: String,
    },
}

impl Target {
    /// The stack that the command line means.
    pub async fn choose(arguments: &TargetArguments) -> Result<Self, TargetError> {
        if let Some(name) = &arguments.stack {
            let cloud = muster_cloud::connect().await;
            let outputs = stack_outputs(&cloud.config, name).await.map_err(|source| {
                TargetError::Unreadable {
                    name: name.clone(),
                    source,
                }
            })?;
            return Ok(Self {
                cloud,
                outputs,
                local: None,
            });
        }
        match local::running(&Checkout::find()?) {
            Running::Yes(state) => Ok(Self::local(&state)),
            Running::No | Running::Starting => Err(TargetError::NothingRuns),
        }
    }

    /// Where the stack is that the command line means, and its name. It may be deleted.
    pub async fn name(arguments: &TargetArguments) -> Result<(Cloud, String), TargetError> {
        if let Some(name) = &arguments.stack {
            return Ok((muster_cloud::connect().await, name.clone()));
        }
        match local::running(&Checkout::find()?) {
            Running::Yes(state) => Ok((Self::local(&state).cloud, state.stack_name)),
            Running::No | Running::Starting => Err(TargetError::NothingRuns),
        }
    }

    /// A local stack that runs.
    pub fn local(state: &StackState) -> Self {
        let config = local::configuration(&state.gateway);
        Self {
            cloud: Cloud {
                config,
                calls: muster_cloud::CallCounter::default(),
            },
            outputs: state.outputs.clone(),
            local: Some(Endpoint {
                host: state.mqtt_host.clone(),
                port: state.mqtt_port,
                authority: Source::File(state.ca_file.clone()),
            }),
        }
    }

    /// Whether it runs on this machine.
    pub fn is_local(&self) -> bool {
        self.local.is_some()
    }

    /// An output of the template.
    pub fn output(&self, name: &'static str) -> Result<&str, TargetError> {
        self.outputs
            .get(name)
            .map(String::as_str)
            .ok_or(TargetError::NoOutput(name))
    }

    /// Where devices connect.
    pub async fn endpoint(&self) -> Result<Endpoint, CloudFailure> {
        match &self.local {
            Some(endpoint) => Ok(endpoint.clone()),
            None => Ok(Endpoint {
                host: muster_cloud::Endpoint::new(&self.cloud)
                    .data_endpoint()
                    .await?,
                port: MQTT_PORT,
                authority: Source::from(AMAZON_ROOT_CA.to_owned()),
            }),
        }
    }

    /// The ledger of this stack, as its functions see it.
    pub fn ledger(&self) -> Result<muster_cloud::Ledger, TargetError> {
        let table = self.output("LedgerTableName")?;
        Ok(muster_cloud::Ledger::new(&self.cloud, table))
    }

    /// The devices of this stack.
    pub fn devices(&self) -> Result<muster_cloud::operator::Devices, TargetError> {
        Ok(muster_cloud::operator::Devices::new(
            &self.cloud,
            self.output("LedgerTableName")?,
        ))
    }

    /// The vouchers of this stack.
    pub fn vouchers(&self) -> Result<muster_cloud::operator::Vouchers, TargetError> {
        Ok(muster_cloud::operator::Vouchers::new(
            &self.cloud,
            self.output("LedgerTableName")?,
        ))
    }

    /// The tokens of this stack.
    pub fn tokens(&self) -> Result<Tokens, TargetError> {
        let table = self.output("LedgerTableName")?;
        Ok(Tokens::new(&self.cloud, table))
    }

    /// The key with which this stack hashes tokens.
    pub fn token_keys(&self) -> Result<TokenKeys, TargetError> {
        let key = self.output("TokenKeyArn")?;
        Ok(TokenKeys::new(&self.cloud, key))
    }

    /// The API of this stack. The AWS SDKs' endpoint, where one is set, is an emulator's gateway, and has the API below
    /// itself.
    pub fn api(&self) -> Result<Api, TargetError> {
        let url = self.address_of("ApiId", "ApiUrl")?;
        Ok(Api::new(&self.cloud, &url))
    }

    /// The address of the API for devices.
    pub fn device_api(&self) -> Result<String, TargetError> {
        self.address_of("DeviceApiId", "DeviceApiUrl")
    }

    fn address_of(&self, id: &'static str, url: &'static str) -> Result<String, TargetError> {
        let url = self.output(url)?;
        Ok(match self.cloud.config.endpoint_url() {
            Some(gateway) => emulated_api(gateway, self.output(id)?, url),
            None => url.to_owned(),
        })
    }

    /// The certificate authorities of this stack's account and region.
    pub fn authorities(&self) -> Authorities {
        Authorities::new(&self.cloud)
    }

    /// Where this stack keeps the files of certificate authorities.
    pub fn vault(&self) -> Result<VaultBucket, TargetError> {
        let bucket = self.output("VaultBucketName")?;
        Ok(VaultBucket::new(
            &self.cloud,
            bucket,
            self.output("VaultPrefix")?,
        ))
    }

    /// The fleets of this stack.
    pub fn fleets(&self) -> Result<FleetList, TargetError> {
        let table = self.output("LedgerTableName")?;
        Ok(FleetList::new(&self.cloud, table))
    }

    /// The files in this stack's vault, by their keys.
    pub fn files(&self) -> Result<Objects, TargetError> {
        let bucket = self.output("VaultBucketName")?;
        Ok(Objects::new(&self.cloud, bucket))
    }

    /// The claim certificates of this stack.
    pub fn claims(&self) -> Result<muster_cloud::operator::Claims, TargetError> {
        let policies = [
            self.output("ClaimPolicyName")?.to_owned(),
            self.output("ClaimClientIdPolicyName")?.to_owned(),
        ];
        let table = self.output("LedgerTableName")?;
        let stack = self.output("StackName")?;
        Ok(muster_cloud::operator::Claims::new(
            &self.cloud,
            table,
            policies,
            stack,
        ))
    }

    /// The rotations of this stack.
    pub fn rotations(&self) -> Result<Rotations, TargetError> {
        let table = self.output("LedgerTableName")?;
        Ok(Rotations::new(&self.cloud, table))
    }

    /// The workflow that has this stack's certificates renewed.
    pub fn rotation_runs(&self) -> Result<DailyRuns, TargetError> {
        let state_machine = self.output("CertificateRotationStateMachineArn")?;
        Ok(DailyRuns::new(&self.cloud, state_machine))
    }

    /// What the ledger keeps of this stack's reconciliations.
    pub fn reconciliations(&self) -> Result<Reconciliations, TargetError> {
        let table = self.output("LedgerTableName")?;
        Ok(Reconciliations::new(&self.cloud, table))
    }

    /// The workflow that compares this stack's ledger with AWS IoT.
    pub fn reconciliation_runs(&self) -> Result<DailyRuns, TargetError> {
        let state_machine = self.output("ReconciliationStateMachineArn")?;
        Ok(DailyRuns::new(&self.cloud, state_machine))
    }

    /// The messages in a dead-letter queue of this stack.
    pub fn dead_letters(&self, queue: DeadLetterQueue) -> Result<DeadLetters, TargetError> {
        let names = queue.names();
        let (url, source) = (self.output(names.url_output)?, names.source_url_output);
        Ok(DeadLetters::new(&self.cloud, url, self.output(source)?))
    }

    /// How long what may take in a rotation.
    pub fn rotation_policy(&self) -> Result<RotationPolicy, TargetError> {
        Ok(RotationPolicy {
            age: self.days("RotationAgeDays")?,
            grace: self.days("RotationGraceDays")?,
            proof: self.days("RotationProofDays")?,
            retention: self.days("RotationRetentionDays")?,
        })
    }

    /// How long the ledger keeps timelines, in days.
    pub fn timeline_days(&self) -> Result<i64, TargetError> {
        self.days("TimelineDays")
    }

    fn days(&self, name: &'static str) -> Result<i64, TargetError> {
        let value = self.output(name)?;
        value.parse().map_err(|_| TargetError::NoDays {
            name,
            value: value.to_owned(),
        })
    }

    /// Whether AWS IoT announces changes of things in this stack's account and region.
    pub fn thing_announcements(&self) -> ThingAnnouncements {
        ThingAnnouncements::new(&self.cloud)
    }
}
