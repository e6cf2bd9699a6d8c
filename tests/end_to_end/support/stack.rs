//! A local stack with a claim certificate.

use super::PATIENCE;
use aws_sdk_dynamodb::types::AttributeValue;
use edge_client::{Config, Mode, Outcome, RunError, Source};
use muster::local::{Checkout, LocalStack, StackDirectory, StackOptions};
use muster::target::Target;
use muster_cloud::operator::{Device, TimelineEntry, Ways};
use muster_documents::Serial;
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

/// A stack of a test's own. Dropping it ends it.
pub struct Stack {
    pub local: LocalStack,
    pub target: Target,
    pub claim_id: String,
    pub claim_certificate: String,
    pub claim_key: SecretString,
    stores: tempfile::TempDir,
}

/// Waits until `look` sees what it looks for.
pub async fn wait_until<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut look: impl FnMut() -> F,
) -> T {
    let started = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(
            started.elapsed() < PATIENCE,
            "waited {} s in vain for {what}",
            PATIENCE.as_secs()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Stack {
    /// The template with these parameters, and one claim certificate.
    pub async fn start(parameters: &[(&str, &str)]) -> Self {
        Self::start_template(None, parameters).await
    }

    /// Another template, or the checkout's own.
    pub async fn start_template(template: Option<&Path>, parameters: &[(&str, &str)]) -> Self {
        let checkout = Checkout::above(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let mut options = StackOptions::new(&checkout);
        options.parameters = parameters
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        if let Some(template) = template {
            template.clone_into(&mut options.template);
        }
        let directory = StackDirectory::private(&checkout).unwrap();
        let local = LocalStack::start(&checkout, directory, &options, &|_| {})
            .await
            .unwrap();
        let target = Target::local(local.state());
        let claim = target.claims().unwrap().create("test", 0).await.unwrap();
        Self {
            local,
            target,
            claim_id: claim.certificate_id,
            claim_certificate: claim.certificate_pem,
            claim_key: claim.private_key_pem,
            stores: tempfile::tempdir().unwrap(),
        }
    }

    /// Makes a serial known.
    pub async fn import(&self, serial: &str) {
        self.import_for(serial, Ways::AsBefore).await;
    }

    /// Makes a serial known, for one way in alone.
    pub async fn import_for(&self, serial: &str, ways: Ways) {
        let serial = Serial::new(serial).unwrap();
        self.target
            .devices()
            .unwrap()
            .import(&serial, None, ways, "2026-01-01T00:00:00Z")
            .await
            .unwrap();
    }

    /// The edge client's configuration for a device.
    pub fn config(&self, serial: &str, mode: Mode) -> Config {
        let state = self.local.state();
        let mut config = Config::new(
            (&state.mqtt_host, state.mqtt_port),
            Source::File(state.ca_file.clone()),
            (
                Source::from(self.claim_certificate.clone()),
                Source::from(self.claim_key.expose_secret().to_owned()),
            ),
            serial,
            self.stores.path().join(serial),
        );
        config.mode = mode;
        config
    }

    /// Provisions a device, from its request to its first message with its own certificate.
    pub async fn provision(&self, serial: &str, mode: Mode) -> Result<Outcome, RunError> {
        edge_client::run(self.config(serial, mode), |_| {}).await
    }

    /// What the operator sees of a device.
    pub async fn show(&self, serial: &str) -> (Option<Device>, Vec<TimelineEntry>) {
        self.target
            .devices()
            .unwrap()
            .show(&Serial::new(serial).unwrap())
            .await
            .unwrap()
    }

    /// Waits until the ledger's timeline of a device has so many entries.
    pub async fn timeline(&self, serial: &str, entries: usize) -> Vec<TimelineEntry> {
        wait_until(
            &format!("{entries} timeline entries of {serial}"),
            || async {
                let (_, timeline) = self.show(serial).await;
                (timeline.len() >= entries).then_some(timeline)
            },
        )
        .await
    }

    /// An output of the template.
    pub fn output(&self, name: &'static str) -> &str {
        self.target.output(name).unwrap()
    }

    /// AWS IoT's registry.
    pub fn iot(&self) -> aws_sdk_iot::Client {
        aws_sdk_iot::Client::new(&self.target.cloud.config)
    }

    /// Step Functions.
    pub fn sfn(&self) -> aws_sdk_sfn::Client {
        aws_sdk_sfn::Client::new(&self.target.cloud.config)
    }

    /// S3.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.target.cloud.config)
    }

    /// SQS.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.target.cloud.config)
    }

    /// Every item of the ledger.
    pub async fn ledger(&self) -> Vec<HashMap<String, AttributeValue>> {
        aws_sdk_dynamodb::Client::new(&self.target.cloud.config)
            .scan()
            .table_name(self.output("LedgerTableName"))
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .unwrap()
    }

    /// The ids of all certificates but the claim's.
    pub async fn certificates(&self) -> Vec<String> {
        let listed = self
            .iot()
            .list_certificates()
            .page_size(250)
            .send()
            .await
            .unwrap();
        let ids = listed
            .certificates()
            .iter()
            .filter_map(|one| one.certificate_id());
        ids.filter(|id| *id != self.claim_id)
            .map(str::to_owned)
            .collect()
    }

    /// The names of all things.
    pub async fn things(&self) -> Vec<String> {
        let listed = self
            .iot()
            .list_things()
            .max_results(250)
            .send()
            .await
            .unwrap();
        listed
            .things()
            .iter()
            .filter_map(|one| one.thing_name())
            .map(str::to_owned)
            .collect()
    }

    /// Waits until no execution of `claim-provisioning` runs.
    pub async fn settled(&self) {
        self.settled_of("ClaimProvisioningStateMachineArn").await;
    }

    /// Stops a topic rule.
    pub async fn disable_rule(&self, rule: &str) {
        let rule = self.physical_id(rule).await;
        let disabled = self.iot().disable_topic_rule().rule_name(rule);
        disabled.send().await.unwrap();
    }

    /// Has it go on.
    pub async fn enable_rule(&self, rule: &str) {
        let rule = self.physical_id(rule).await;
        let enabled = self.iot().enable_topic_rule().rule_name(rule);
        enabled.send().await.unwrap();
    }

    /// The name of a resource of the template.
    pub async fn physical_id(&self, logical_id: &str) -> String {
        let cloudformation = aws_sdk_cloudformation::Client::new(&self.target.cloud.config);
        let described = cloudformation
            .describe_stack_resource()
            .stack_name(&self.local.state().stack_name)
            .logical_resource_id(logical_id);
        let described = described.send().await.unwrap();
        let detail = described.stack_resource_detail().unwrap();
        detail.physical_resource_id().unwrap().to_owned()
    }

    /// Sets a variable of a function of the template.
    pub async fn set_variable(&self, function: &str, (name, value): (&str, &str)) {
        let lambda = aws_sdk_lambda::Client::new(&self.target.cloud.config);
        let function = self.physical_id(function).await;
        let found = lambda.get_function_configuration().function_name(&function);
        let found = found.send().await.unwrap();
        let variables = found.environment().and_then(|all| all.variables());
        let mut variables = variables.cloned().unwrap();
        variables.insert(name.to_owned(), value.to_owned());
        let environment = aws_sdk_lambda::types::Environment::builder();
        let environment = environment.set_variables(Some(variables)).build();
        let update = lambda
            .update_function_configuration()
            .function_name(function);
        update.environment(environment).send().await.unwrap();
    }

    /// Waits until no execution of a workflow runs.
    pub async fn settled_of(&self, workflow: &'static str) {
        wait_until("all executions to end", || async {
            let running = self
                .sfn()
                .list_executions()
                .state_machine_arn(self.output(workflow))
                .status_filter(aws_sdk_sfn::types::ExecutionStatus::Running)
                .send()
                .await
                .unwrap();
            running.executions().is_empty().then_some(())
        })
        .await;
    }
}
