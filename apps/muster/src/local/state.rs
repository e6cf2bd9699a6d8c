//! What is known of a local stack, as `muster up` writes it down and `muster status` shows it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The emulator's only region.
pub const REGION: &str = "us-east-1";

/// The name under which the template is deployed.
pub const STACK_NAME: &str = "muster";

/// The emulator's root access key and its secret. Not secret: anyone who reaches the loopback interface may use them.
pub const ROOT_KEY: &str = "test";

/// How far a stack has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The emulator runs; the template is not deployed yet.
    Starting,
    /// Everything is deployed.
    Ready,
}

/// Where a local stack is and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StackState {
    /// How far it has come.
    pub phase: Phase,
    /// The emulator's process id, which is its process group's as well. It is the emulator's only while the
    /// directory's lock is held: the system gives the ids of ended processes to others.
    pub process_id: u32,
    /// For all AWS APIs: `http://127.0.0.1:<port>`.
    pub gateway: String,
    /// Host for MQTT over mutual TLS; the emulator's certificate names it.
    pub mqtt_host: String,
    /// Port for MQTT over mutual TLS.
    pub mqtt_port: u16,
    /// PEM file with the CA that the MQTT listener's certificate is checked against.
    pub ca_file: PathBuf,
    /// What the emulator prints.
    pub log_file: PathBuf,
    /// The region to ask for.
    pub region: String,
    /// The CloudFormation stack's name.
    pub stack_name: String,
    /// The template that it was deployed from.
    pub template: PathBuf,
    /// The CloudFormation stack's outputs; empty until it is ready.
    pub outputs: BTreeMap<String, String>,
}

/// Where the emulator has the API of this id, whose address on AWS ends with the name of its stage.
pub fn emulated_api(gateway: &str, id: &str, url_on_aws: &str) -> String {
    let stage = url_on_aws.rsplit('/').next().unwrap_or_default();
    format!("{gateway}/restapis/{id}/{stage}/_user_request_")
}

impl StackState {
    /// Where its API is, if the template has one.
    pub fn api(&self) -> Option<String> {
        self.api_of("ApiId", "ApiUrl")
    }

    /// Where the API for devices is, if the template has one.
    pub fn device_api(&self) -> Option<String> {
        self.api_of("DeviceApiId", "DeviceApiUrl")
    }

    fn api_of(&self, id: &str, url: &str) -> Option<String> {
        let (id, url) = (self.outputs.get(id)?, self.outputs.get(url)?);
        Some(emulated_api(&self.gateway, id, url))
    }

    /// The environment in which the AWS SDKs, the AWS CLI and the functions use this stack.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", self.gateway.clone()),
            ("AWS_REGION", self.region.clone()),
            ("AWS_DEFAULT_REGION", self.region.clone()),
            ("AWS_ACCESS_KEY_ID", ROOT_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", ROOT_KEY.to_owned()),
        ]
    }
}
