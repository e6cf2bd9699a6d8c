//! How the numbers come about. The functions take turns, so that whatever else the machine does falls on all alike.

use crate::cases::Case;
use crate::function::{Function, FunctionError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Starts of each function.
    pub starts: usize,
    /// Rounds of invocations of each function.
    pub rounds: usize,
    /// Invocations in a round.
    pub invocations: u32,
}

/// What was measured of one function.
#[derive(Debug, Clone)]
pub struct Measurement {
    /// The row's name.
    pub name: &'static str,
    /// Times from start to the first request for an event, sorted.
    pub init: Vec<Duration>,
    /// Processor time of one init: the median.
    pub init_processor: Duration,
    /// The first invocation: the median.
    pub first: Duration,
    /// Times of warm invocations, sorted.
    pub warm: Vec<Duration>,
    /// Its own processor time for an invocation, in the quietest round.
    pub processor: Duration,
    /// AWS calls of an invocation.
    pub calls: u32,
    /// Peak memory in bytes.
    pub memory: u64,
    /// The binary's size in bytes.
    pub binary: u64,
    /// Connections to AWS that were open before the first invocation.
    pub warmed: usize,
    /// Connections to AWS that invocations opened.
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
    effort: Effort,
) -> Result<Vec<Measurement>, FunctionError> {
    let paths: Vec<PathBuf> = cases.iter().map(|case| binary(case.package)).collect();
    let mut starts: Vec<Starts> = cases.iter().map(|_| Starts::default()).collect();
    for _ in 0..effort.starts {
        for ((case, path), starts) in cases.iter().zip(&paths).zip(&mut starts) {
            starts.add(case, path).await?;
        }
    }
    let mut running = Vec::new();
    for (case, path) in cases.iter().zip(&paths) {
        running.push(Running::start(case, path, effort.invocations).await?);
    }
    for _ in 0..effort.rounds {
        for one in &mut running {
            one.round(effort.invocations).await?;
        }
    }
    let mut measured = Vec::new();
    for (((case, path), starts), one) in cases.iter().zip(&paths).zip(starts).zip(running) {
        measured.push(one.end(case, path, starts).await?);
    }
    Ok(measured)
}

#[derive(Default)]
struct Starts {
    init: Vec<Duration>,
    processor: Vec<Duration>,
    first: Vec<Duration>,
}

impl Starts {
    async fn add(&mut self, case: &Case, binary: &Path) -> Result<(), FunctionError> {
        let mut function = Function::start(case, binary).await?;
        self.init.push(function.init);
        self.processor.push(function.usage()?.processor);
        self.first.push(function.invoke().await?);
        function.stop().await
    }
}

struct Running {
    function: Function,
    calls: u32,
    warm: Vec<Duration>,
    rounds: Vec<Duration>,
}

impl Running {
    /// A tenth of a round goes by unmeasured, until everything has been used once.
    async fn start(case: &Case, binary: &Path, invocations: u32) -> Result<Self, FunctionError> {
        let mut function = Function::start(case, binary).await?;
        let before = function.aws.calls();
        function.invoke().await?;
        let calls = u32::try_from(function.aws.calls() - before).unwrap_or(u32::MAX);
        for _ in 0..invocations / 10 {
            function.invoke().await?;
        }
        Ok(Self {
            function,
            calls,
            warm: Vec::new(),
            rounds: Vec::new(),
        })
    }

    async fn round(&mut self, invocations: u32) -> Result<(), FunctionError> {
        let before = self.function.usage()?.processor;
        for _ in 0..invocations {
            self.warm.push(self.function.invoke().await?);
        }
        let used = self.function.usage()?.processor.saturating_sub(before);
        self.rounds.push(used / invocations.max(1));
        Ok(())
    }

    async fn end(
        mut self,
        case: &Case,
        binary: &Path,
        mut starts: Starts,
    ) -> Result<Measurement, FunctionError> {
        let size = std::fs::metadata(binary).map(|file| file.len());
        self.warm.sort_unstable();
        for times in [&mut starts.init, &mut starts.processor, &mut starts.first] {
            times.sort_unstable();
        }
        let measurement = Measurement {
            name: case.name,
            init_processor: percentile(&starts.processor, 50),
            first: percentile(&starts.first, 50),
            init: starts.init,
            warm: self.warm,
            processor: self.rounds.iter().min().copied().unwrap_or_default(),
            calls: self.calls,
            memory: self.function.usage()?.memory,
            binary: size.map_err(|source| FunctionError::System {
                function: case.name,
                source,
            })?,
            warmed: self.function.warmed,
            opened_later: self.function.aws.server.connections() - self.function.warmed,
        };
        self.function.stop().await?;
        Ok(measurement)
    }
}
