//! Everything that a stack holds, as its own APIs say it.

use super::Stack;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use std::sync::{Arc, Mutex};

/// Keeps every answer of a client as it came: no field is forgotten, and none is hidden by the SDK.
#[derive(Debug, Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

#[dyn_dispatch_hint]
impl Intercept for Tape {
    fn name(&self) -> &'static str {
        "Tape"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context
            .response()
            .body()
            .bytes()
            .ok_or("the answer is a stream")?;
        self.0.lock().unwrap().extend_from_slice(body);
        Ok(())
    }
}

impl Tape {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// What each place holds, by its name. Messages are taken out of their queues.
pub async fn places(stack: &Stack) -> Vec<(&'static str, Vec<u8>)> {
    let state = stack.local.state();
    vec![
        (
            "the emulator's log",
            std::fs::read(&state.log_file).unwrap(),
        ),
        ("the stack's state", serde_json::to_vec(state).unwrap()),
        ("the functions' logs", logs(stack).await),
        ("the executions", executions(stack).await),
        ("the queues", queues(stack).await),
        ("the ledger", ledger(stack).await),
    ]
}

async fn logs(stack: &Stack) -> Vec<u8> {
    let tape = Tape::default();
    let config = aws_sdk_cloudwatchlogs::config::Builder::from(&stack.target.cloud.config);
    let client =
        aws_sdk_cloudwatchlogs::Client::from_conf(config.interceptor(tape.clone()).build());
    let groups = client.describe_log_groups().send().await.unwrap();
    for group in groups.log_groups() {
        let name = group.log_group_name().unwrap();
        let mut events = client
            .filter_log_events()
            .log_group_name(name)
            .into_paginator()
            .send();
        while let Some(page) = events.next().await {
            page.unwrap();
        }
    }
    tape.take()
}

async fn executions(stack: &Stack) -> Vec<u8> {
    let tape = Tape::default();
    let config = aws_sdk_sfn::config::Builder::from(&stack.target.cloud.config);
    let client = aws_sdk_sfn::Client::from_conf(config.interceptor(tape.clone()).build());
    let machines = client.list_state_machines().send().await.unwrap();
    for machine in machines.state_machines() {
        executions_of(&client, machine.state_machine_arn()).await;
    }
    tape.take()
}

async fn executions_of(client: &aws_sdk_sfn::Client, machine: &str) {
    let executions = client.list_executions().state_machine_arn(machine).send();
    for execution in executions.await.unwrap().executions() {
        let arn = execution.execution_arn();
        let described = client.describe_execution().execution_arn(arn).send();
        described.await.unwrap();
        let history = client
            .get_execution_history()
            .execution_arn(arn)
            .include_execution_data(true);
        let mut pages = history.into_paginator().send();
        while let Some(page) = pages.next().await {
            page.unwrap();
        }
    }
}

async fn queues(stack: &Stack) -> Vec<u8> {
    let tape = Tape::default();
    let config = aws_sdk_sqs::config::Builder::from(&stack.target.cloud.config);
    let client = aws_sdk_sqs::Client::from_conf(config.interceptor(tape.clone()).build());
    let queues = client.list_queues().send().await.unwrap();
    assert!(
        queues.queue_urls().len() >= 4,
        "both queues and their dead letters"
    );
    for url in queues.queue_urls() {
        loop {
            let received = client
                .receive_message()
                .queue_url(url)
                .max_number_of_messages(10)
                .send();
            if received.await.unwrap().messages().is_empty() {
                break;
            }
        }
    }
    tape.take()
}

async fn ledger(stack: &Stack) -> Vec<u8> {
    let tape = Tape::default();
    let config = aws_sdk_dynamodb::config::Builder::from(&stack.target.cloud.config);
    let client = aws_sdk_dynamodb::Client::from_conf(config.interceptor(tape.clone()).build());
    let mut pages = client
        .scan()
        .table_name(stack.output("LedgerTableName"))
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    tape.take()
}
