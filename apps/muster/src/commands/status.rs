//! `muster status`: shows whether the local stack runs, its addresses and its outputs.

use super::Failure;
use crate::local::{self, Checkout, Phase, Running, StackState};
use crate::output::Output;
use clap::Args;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

/// Show the local stack's addresses and outputs; exit status 1 if it does not run
#[derive(Debug, Args)]
pub struct Arguments {}

/// Runs the command.
pub fn run(Arguments {}: &Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let absent = |phase: &str, text: &str| {
        output.result(&json!({ "running": false, "phase": phase }), &text);
        Ok(ExitCode::FAILURE)
    };
    match local::running(&Checkout::find()?) {
        Running::No => absent(
            "none",
            "no local stack runs in this checkout; `muster up` starts one",
        ),
        Running::Starting => absent("starting", "a `muster up` is starting a local stack"),
        Running::Yes(state) => {
            let shown = Shown::of(&state);
            output.result(&shown, &shown);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A running stack, as `up` and `status` show it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown<'a> {
    running: bool,
    #[serde(flatten)]
    state: &'a StackState,
    api: Option<String>,
    device_api: Option<String>,
    environment: BTreeMap<&'static str, String>,
}

impl<'a> Shown<'a> {
    /// Shows a stack that runs.
    pub fn of(state: &'a StackState) -> Self {
        Self {
            running: true,
            state,
            api: state.api(),
            device_api: state.device_api(),
            environment: state.environment().into(),
        }
    }
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let state = self.state;
        if state.phase == Phase::Starting {
            writeln!(f, "the emulator runs; the template is not deployed yet")?;
        }
        writeln!(f, "AWS APIs      {}", state.gateway)?;
        if let Some(api) = &self.api {
            writeln!(f, "Muster's API  {api}")?;
        }
        if let Some(api) = &self.device_api {
            writeln!(f, "devices' API  {api}")?;
        }
        writeln!(f, "MQTT over TLS {}:{}", state.mqtt_host, state.mqtt_port)?;
        writeln!(f, "its CA        {}", state.ca_file.display())?;
        writeln!(f, "log           {}", state.log_file.display())?;
        writeln!(
            f,
            "stack         {} from {}",
            state.stack_name,
            state.template.display()
        )?;
        writeln!(f, "process       {}", state.process_id)?;
        if !state.outputs.is_empty() {
            writeln!(f, "\noutputs")?;
            let width = state
                .outputs
                .keys()
                .map(String::len)
                .max()
                .unwrap_or_default();
            for (name, value) in &state.outputs {
                writeln!(f, "  {name:width$}  {value}")?;
            }
        }
        write!(f, "\nto use it with the AWS CLI or an AWS SDK")?;
        for (name, value) in &self.environment {
            write!(f, "\n  export {name}={value}")?;
        }
        Ok(())
    }
}
