//! The emulator's process: started in a group of its own, waited for, and ended with all its workers.

use super::directory::StackDirectory;
use super::ports::Ports;
use super::probe;
use super::state::ROOT_KEY;
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
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
    pub ports: Ports,
}

/// A running emulator. Dropping it ends it.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    /// Its end of the pipe whose closing ends the emulator; none once it may outlive this program.
    leash: Option<ChildStdin>,
    group: Pid,
    gateway: String,
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
    /// It answers, but devices cannot connect: another program took the port.
    #[error("the emulator could not open its MQTT port {port}. Ask for another with --mqtt-port")]
    NoMqtt {
        /// The port.
        port: u16,
    },
}

impl EmulatorError {
    /// Whether another try with other ports may succeed.
    pub fn is_about_ports(&self) -> bool {
        match self {
            Self::NoMqtt { .. } => true,
            Self::Ended { tail, .. } => tail.to_lowercase().contains("already in use"),
            _ => false,
        }
    }
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
        let (output, errors) = std::fs::File::create(&log)
            .and_then(|file| Ok((file.try_clone()?, file)))
            .map_err(|source| start(&log, source))?;

        let gateway = format!("http://127.0.0.1:{}", options.ports.gateway);
        let mut child = Command::new(&options.python)
            .args(["-I", "-u"])
            .arg(&options.launcher)
            .arg(directory.alive())
            .arg(directory.removed_with_starter())
            .env_clear()
            .envs(
                KEPT_VARIABLES
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .envs(settings(options, &gateway, &temporary))
            .current_dir(&temporary)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
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
            gateway,
            log,
            temporary,
        })
    }

    /// The process id, which is its process group's as well.
    pub fn process_id(&self) -> u32 {
        self.group.as_raw_nonzero().get().unsigned_abs()
    }

    /// For all AWS APIs: `http://127.0.0.1:<port>`.
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// Waits until AWS APIs and MQTT both answer.
    pub async fn ready(&mut self, ports: Ports) -> Result<(), EmulatorError> {
        let started = Instant::now();
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.ended(status));
            }
            if let Some((200, body)) = probe::get(&self.gateway, "/_ministack/ready").await {
                let answer: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
                if answer["iot_mtls"] == "listening" {
                    return Ok(());
                }
                return Err(EmulatorError::NoMqtt { port: ports.mqtt });
            }
            if started.elapsed() > START_LIMIT {
                return Err(EmulatorError::NotReady {
                    log: self.log.clone(),
                    tail: tail(&self.log),
                });
            }
            tokio::time::sleep(PAUSE).await;
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

fn settings(
    options: &EmulatorOptions,
    gateway: &str,
    temporary: &Path,
) -> Vec<(&'static str, OsString)> {
    vec![
        ("BIND_HOST", "127.0.0.1".into()),
        ("GATEWAY_PORT", options.ports.gateway.to_string().into()),
        ("IOT_MTLS_PORT", options.ports.mqtt.to_string().into()),
        // Roles' and devices' policies are enforced, as on AWS.
        ("AUTH", "true".into()),
        // The functions inherit it, and so call the emulator.
        ("AWS_ENDPOINT_URL", gateway.into()),
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
