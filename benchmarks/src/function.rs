//! One function's process, between a Runtime API and an AWS of its own.

use crate::aws::Aws;
use crate::cases::Case;
use crate::process;
use crate::runtime_api::{Happening, RuntimeApi};
use crate::tls::Tls;
use hyper::body::Bytes;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// No step of a function takes longer on a machine that works.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a function could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// It did not start, or the system does not tell about it.
    #[error("{function}: {source}")]
    System {
        /// Which.
        function: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It ended or hung.
    #[error(
        "{0} neither answered nor asked for an event within {PATIENCE:?}; its own words stand above"
    )]
    Silent(&'static str),
    /// It reported an error, or named messages to deliver again.
    #[error("{function} did not do its work: {answer}")]
    Failed {
        /// Which.
        function: &'static str,
        /// Its answer.
        answer: String,
    },
    /// It made a call that the benchmark has no answer for.
    #[error("{function} made a call that benchmarks/src/aws.rs does not answer: {call}")]
    CallUnknown {
        /// Which.
        function: &'static str,
        /// The call.
        call: String,
    },
}

/// A function that has been initialised.
pub struct Function {
    name: &'static str,
    event: Bytes,
    child: Child,
    runtime: RuntimeApi,
    /// The services that it calls.
    pub aws: Aws,
    /// From the process's start until it asked for its first event.
    pub init: Duration,
    /// Connections to AWS that it had opened by then.
    pub warmed: usize,
}

/// What the processor and the memory tell so far.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// All threads' user and system time.
    pub processor: Duration,
    /// The peak, in bytes.
    pub memory: u64,
}

impl Function {
    /// Starts the process and waits until it asks for its first event.
    pub async fn start(case: &Case, binary: &Path, tls: &Tls) -> Result<Self, FunctionError> {
        let name = case.name;
        let system = |source| FunctionError::System {
            function: name,
            source,
        };
        let aws = Aws::start(case.world.clone(), tls).await.map_err(system)?;
        let mut runtime = RuntimeApi::start().await.map_err(system)?;
        let mut command = Command::new(binary);
        command
            .env_clear()
            .envs(case.environment.iter().copied())
            .env("AWS_LAMBDA_RUNTIME_API", runtime.server.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", case.package)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "benchmark")
            .env("AWS_SECRET_ACCESS_KEY", "benchmark")
            .env("AWS_SESSION_TOKEN", "benchmark")
            .env(
                "AWS_ENDPOINT_URL",
                format!("https://{}", aws.server.address),
            )
            .envs(tls.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let began = Instant::now();
        let child = command.spawn().map_err(system)?;
        let init = match timeout(PATIENCE, runtime.next()).await {
            Ok(Some(Happening::Polled(at))) => at - began,
            Ok(Some(Happening::Failed(error))) => return Err(failed(name, &error)),
            _ => return Err(FunctionError::Silent(name)),
        };
        let warmed = aws.server.connections();
        let event = Bytes::from(case.event.to_string());
        Ok(Self {
            name,
            event,
            child,
            runtime,
            aws,
            init,
            warmed,
        })
    }

    /// One invocation: from handing over the event until its answer. Comes back when the next event is asked for.
    pub async fn invoke(&mut self) -> Result<Duration, FunctionError> {
        let began = Instant::now();
        self.runtime.hand_over(self.event.clone());
        let mut took = None;
        loop {
            match timeout(PATIENCE, self.runtime.next()).await {
                Ok(Some(Happening::Answered(at, body))) => {
                    if body.windows(14).any(|part| part == b"itemIdentifier") {
                        return Err(failed(self.name, &body));
                    }
                    took = Some(at - began);
                }
                Ok(Some(Happening::Failed(error))) => return Err(failed(self.name, &error)),
                Ok(Some(Happening::Polled(_))) => {
                    if let Some(took) = took {
                        return self.aws.unknown().map_or(Ok(took), |call| {
                            Err(FunctionError::CallUnknown {
                                function: self.name,
                                call,
                            })
                        });
                    }
                }
                _ => return Err(FunctionError::Silent(self.name)),
            }
        }
    }

    /// What it has used so far.
    pub fn usage(&self) -> Result<Usage, FunctionError> {
        let system = |source| FunctionError::System {
            function: self.name,
            source,
        };
        let pid = self.child.id().ok_or(FunctionError::Silent(self.name))?;
        Ok(Usage {
            processor: process::processor_time(pid).map_err(system)?,
            memory: process::peak_memory(pid).map_err(system)?,
        })
    }

    /// Ends the process.
    pub async fn stop(mut self) -> Result<(), FunctionError> {
        self.child
            .kill()
            .await
            .map_err(|source| FunctionError::System {
                function: self.name,
                source,
            })
    }
}

fn failed(function: &'static str, answer: &Bytes) -> FunctionError {
    FunctionError::Failed {
        function,
        answer: String::from_utf8_lossy(answer).into_owned(),
    }
}
