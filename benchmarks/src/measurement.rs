//! How the numbers come about. The functions take turns, process by process, so that whatever else the machine does
//! falls on all alike, and so does the luck of a process with its place in memory.

use crate::cases::Case;
use crate::function::{Function, FunctionError};
use crate::tls::Tls;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Processes of each function, one after the other.
    pub processes: usize,
    /// Invocations of each process.
    pub invocations: u32,
}

/// What was measured of one function.
#[derive(Debug, Clone, Default)]
pub struct Measurement {
    /// The row's name.
    pub name: &'static str,
    /// Times from start to the first request for an event, sorted.
    pub init: Vec<Duration>,
    /// Processor times of init, sorted.
    pub init_processor: Vec<Duration>,
    /// First invocations, sorted.
    pub first: Vec<Duration>,
    /// Times of warm invocations, sorted.
    pub warm: Vec<Duration>,
    /// Each process's own processor time for a warm invocation, sorted.
    pub processor: Vec<Duration>,
    /// AWS calls of an invocation.
    pub calls: u32,
    /// Peak memory in bytes.
    pub memory: u64,
    /// The binary's size in bytes.
    pub binary: u64,
    /// Connections to AWS that a process had open before the first invocation.
    pub warmed: usize,
    /// Connections to AWS that its invocations opened.
    pub opened_later: usize,
}

/// The value below which `percent` of the sorted values lie.
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted
        .get(last * percent / 100)
        .copied()
        .unwrap_or_default()
}

/// Measures all cases.
pub async fn measure(
    cases: &[Case],
    binary: impl Fn(&str) -> PathBuf,
    tls: &Tls,
    effort: Effort,
) -> Result<Vec<Measurement>, FunctionError> {
    let mut measured = Vec::new();
    for case in cases {
        measured.push(Measurement::of(case, &binary(case.package))?);
    }
    for _ in 0..effort.processes {
        for (case, measurement) in cases.iter().zip(&mut measured) {
            let path = binary(case.package);
            let function = Function::start(case, &path, tls).await?;
            measurement.add(function, effort.invocations).await?;
        }
    }
    for one in &mut measured {
        for times in [
            &mut one.init,
            &mut one.init_processor,
            &mut one.first,
            &mut one.warm,
            &mut one.processor,
        ] {
            times.sort_unstable();
        }
    }
    Ok(measured)
}

impl Measurement {
    fn of(case: &Case, binary: &Path) -> Result<Self, FunctionError> {
        let file = std::fs::metadata(binary).map_err(|source| FunctionError::System {
            function: case.name,
            source,
        })?;
        Ok(Self {
            name: case.name,
            binary: file.len(),
            ..Self::default()
        })
    }

    /// Measures one process to its end. A tenth of the invocations goes by unmeasured, until everything has been used.
    async fn add(&mut self, mut function: Function, invocations: u32) -> Result<(), FunctionError> {
        self.init.push(function.init);
        self.init_processor.push(function.usage()?.processor);
        let before = function.aws.calls();
        self.first.push(function.invoke().await?);
        self.calls = u32::try_from(function.aws.calls() - before).unwrap_or(u32::MAX);
        for _ in 0..invocations / 10 {
            function.invoke().await?;
        }
        let before = function.usage()?.processor;
        for _ in 0..invocations {
            self.warm.push(function.invoke().await?);
        }
        let after = function.usage()?;
        let used = after.processor.saturating_sub(before);
        self.processor.push(used / invocations.max(1));
        self.memory = self.memory.max(after.memory);
        self.warmed = function.warmed;
        self.opened_later = function.aws.server.connections() - function.warmed;
        function.stop().await
    }
}
