//! The emulator's process: started in a group of its own, waited for, and ended with all its workers.

use super::directory::StackDirectory;
use super::ports::{Ports, WantedPorts};
use super::probe;
use super::state::ROOT_KEY;
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};

/// How long the emulator may take to answer. It takes about a second.
const START_LIMIT: Duration = Duration::from_mins(1);

/// How long a killed emulator may take to be gone.
const END_LIMIT: Duration = Duration::from_secs(2);

/// How often it is asked whether it is ready.
const PAUSE: Duration = Duration::from_millis(50);

/// Lines of the log that an error shows.
const TAIL: usize = 15;

/// What of the person's environment the emulator, and so each function, gets. Not the rest: AWS settings of the
/// person's own account have no business in it, and functions on AWS don't get more either.
const KEPT_VARIABLES: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// What the emulator is started with.
#[derive(Debug, Clone)]
pub struct EmulatorOptions {
    /// The Python that has its modules.
    pub python: PathBuf,
    /// `local/emulator.py`.
    pub launcher: PathBuf,
    /// Where it listens.
    pub ports: WantedPorts,
}

/// A running emulator. Dropping it ends it.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    /// Its end of the pipe whose closing ends the emulator; none once it may outlive this program.
    leash: Option<ChildStdin>,
    group: Pid,
    log: PathBuf,
    temporary: PathBuf,
}

/// Why there is no running emulator.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// Its process could not be started, or its files not be written.
    #[error("cannot start the emulator with {}", path.display())]
    Start {
        /// What was run, read or written.
        path: PathBuf,
        #[source]
        /// What the system said.
        source: io::Error,
    },
    /// It ended without being asked to.
    #[error("the emulator ended ({status}). The end of its log, {}:\n{tail}", log.display())]
    Ended {
        /// How it ended.
        status: ExitStatus,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// It runs but does not answer.
    #[error("the emulator was not ready within {} s. The end of its log, {}:\n{tail}", START_LIMIT.as_secs(), log.display())]
    NotReady {
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// It answers, but devices cannot connect.
    #[error("the emulator does not take MQTT connections. The end of its log, {}:\n{tail}", log.display())]
    NoMqtt {
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// Something else listens on a port that was asked for.
    #[error(
        "port {port} is in use. End what listens on it, or leave out {option} to take a free one"
    )]
    PortInUse {
        /// The port asked for.
        port: u16,
        /// The option that asked.
        option: String,
    },
}

/// What `local/emulator.py` says when it has tried to take its ports.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Report {
    Listening(Ports),
    InUse { port: u16, option: String },
}

impl Emulator {
    /// Starts the process. It is not ready yet.
    pub fn start(
        options: &EmulatorOptions,
        directory: &StackDirectory,
    ) -> Result<Self, EmulatorError> {
        let temporary = directory.temporary();
        let _ = std::fs::remove_dir_all(&temporary);
        std::fs::create_dir_all(&temporary).map_err(|source| start(&temporary, source))?;
        let log = directory.log();
        let output = std::fs::File::create(&log).map_err(|source| start(&log, source))?;

        let port = |wanted: Option<u16>| wanted.unwrap_or(0).to_string();
        let mut child = Command::new(&options.python)
            .args(["-I", "-u"])
            .arg(&options.launcher)
            .arg(directory.alive())
            .arg(directory.removed_with_starter())
            .arg(port(options.ports.gateway))
            .arg(port(options.ports.mqtt))
            .env_clear()
            .envs(
                KEPT_VARIABLES
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .envs(settings(&temporary))
            .current_dir(&temporary)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(output)
            .spawn()
            .map_err(|source| start(&options.python, source))?;
        let leash = child.stdin.take();
        let group = child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
            .ok_or_else(|| start(&options.python, io::Error::other("it ended at once")))?;
        Ok(Self {
            child,
            leash,
            group,
            log,
            temporary,
        })
    }

    /// The process id, which is its process group's as well.
    pub fn process_id(&self) -> u32 {
        self.group.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits until AWS APIs and MQTT both answer, and says on which ports.
    pub async fn ready(&mut self) -> Result<Ports, EmulatorError> {
        tokio::time::timeout(START_LIMIT, self.answering())
            .await
            .unwrap_or_else(|_| {
                Err(EmulatorError::NotReady {
                    log: self.log.clone(),
                    tail: tail(&self.log),
                })
            })
    }

    async fn answering(&mut self) -> Result<Ports, EmulatorError> {
        let ports = self.listening().await?;
        let gateway = ports.gateway_url();
        let mqtt = tokio::select! {
            // Asked first: once it has ended, another program may have its ports and answer.
            biased;
            ended = self.died() => return Err(ended),
            mqtt = mqtt_state(&gateway) => mqtt,
        };
        if mqtt == "listening" {
            return Ok(ports);
        }
        Err(EmulatorError::NoMqtt {
            log: self.log.clone(),
            tail: tail(&self.log),
        })
    }

    /// The ports that it has taken, which it does before anything else.
    async fn listening(&mut self) -> Result<Ports, EmulatorError> {
        let mut report = Vec::new();
        if let Some(mut stdout) = self.child.stdout.take() {
            let read = stdout.read_to_end(&mut report).await;
            read.map_err(|source| start(&self.log, source))?;
        }
        match serde_json::from_slice(&report) {
            Ok(Report::Listening(ports)) => Ok(ports),
            Ok(Report::InUse { port, option }) => Err(EmulatorError::PortInUse { port, option }),
            Err(_) => Err(self.died().await),
        }
    }

    /// Waits until it ends, which it does not do by itself, and says how.
    pub async fn died(&mut self) -> EmulatorError {
        match self.child.wait().await {
            Ok(status) => self.ended(status),
            Err(source) => start(&self.log, source),
        }
    }

    /// Lets it outlive this program.
    pub async fn detach(mut self) -> io::Result<()> {
        if let Some(mut leash) = self.leash.take() {
            leash.write_all(b"detach\n").await?;
            leash.flush().await?;
        }
        Ok(())
    }

    /// Ends it and its workers, and waits until it has ended.
    pub async fn stop(mut self) {
        end_group(self.group);
        // The only failure is that it was waited for already.
        let _ = self.child.wait().await;
    }

    fn ended(&self, status: ExitStatus) -> EmulatorError {
        EmulatorError::Ended {
            status,
            log: self.log.clone(),
            tail: tail(&self.log),
        }
    }
}

impl Drop for Emulator {
    /// Ends it where nobody waits, as when starting it was given up. A killed process takes a few milliseconds to
    /// end; they are waited for here, so that whoever looks next finds it gone.
    fn drop(&mut self) {
        if self.leash.is_none() {
            return;
        }
        end_group(self.group);
        let started = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && started.elapsed() < END_LIMIT {
            std::thread::sleep(Duration::from_millis(2));
        }
        // What stays, because something of the group wrote until now, is removed at the next start.
        let _ = std::fs::remove_dir_all(&self.temporary);
    }
}

/// Ends a process group at once. The emulator keeps nothing that it would have to save.
pub fn end_group(group: Pid) {
    // It fails only if nothing of the group is left, which is what is wanted.
    let _ = kill_process_group(group, Signal::KILL);
}

/// What the emulator says of its MQTT listener once it is ready.
async fn mqtt_state(gateway: &str) -> String {
    loop {
        if let Some((200, body)) = probe::get(gateway, "/_ministack/ready").await {
            let answer: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            return answer["iot_mtls"].as_str().unwrap_or_default().to_owned();
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn settings(temporary: &Path) -> Vec<(&'static str, OsString)> {
    vec![
        // Roles' and devices' policies are enforced, as on AWS.
        ("AUTH", "true".into()),
        ("AWS_ACCESS_KEY_ID", ROOT_KEY.into()),
        ("AWS_SECRET_ACCESS_KEY", ROOT_KEY.into()),
        ("TMPDIR", temporary.into()),
    ]
}

fn tail(log: &Path) -> String {
    let printed = std::fs::read(log).unwrap_or_default();
    let printed = String::from_utf8_lossy(&printed);
    let lines: Vec<_> = printed.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

fn start(path: &Path, source: io::Error) -> EmulatorError {
    EmulatorError::Start {
        path: path.to_path_buf(),
        source,
    }
}
