//! A checkout of the test's own: this workspace's `local/`, with a template that needs no function to be built.

use muster::local::{Checkout, Environment, find_python};
use rustix::process::{Pid, Signal, kill_process, test_kill_process_group};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take that is waited for. Making the Python environment is in it, once.
const LIMIT: Duration = Duration::from_mins(2);

/// One queue, and a function that never answers.
const TEMPLATE: &str = r"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: { Type: String, Default: hello }
Resources:
  Queue: { Type: AWS::SQS::Queue }
  SleepyFunction:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: sleepy, Handler: bootstrap, Runtime: provided.al2023, Timeout: 60 }
Outputs:
  Greeting: { Value: !Ref Greeting }
  QueueUrl: { Value: !Ref Queue }
  SleepyFunctionName: { Value: !Ref SleepyFunction }
";

/// A checkout that is removed, with whatever still runs in it, at the end of the test.
pub struct Scratch {
    directory: tempfile::TempDir,
}

impl Scratch {
    /// A checkout whose Python environment is the workspace's own, so that it is made once for all.
    pub fn new() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .unwrap();
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir(root.join("local")).unwrap();
        for entry in fs::read_dir(workspace.join("local")).unwrap() {
            let file = entry.unwrap();
            if file.file_type().unwrap().is_file() {
                fs::copy(file.path(), root.join("local").join(file.file_name())).unwrap();
            }
        }
        let environments = workspace.join(".muster/environments");
        fs::create_dir_all(&environments).unwrap();
        fs::create_dir(root.join(".muster")).unwrap();
        symlink(environments, root.join(".muster/environments")).unwrap();

        fs::write(root.join("template.yaml"), TEMPLATE).unwrap();
        let bootstrap = root.join("sleepy/bootstrap");
        fs::create_dir(root.join("sleepy")).unwrap();
        fs::write(&bootstrap, "#!/bin/sh\nexec sleep 600\n").unwrap();
        fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).unwrap();
        Self { directory }
    }

    /// A path in it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// `muster` with these arguments, not yet run.
    pub fn muster(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env_remove("CARGO_MANIFEST_DIR")
            .stdin(Stdio::null());
        command
    }

    /// What `muster` answers to these arguments once it has ended.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.muster(arguments).output().unwrap()
    }

    /// What `muster status` knows.
    pub fn status(&self) -> Value {
        serde_json::from_slice(&self.run(&["status", "--json"]).stdout).unwrap()
    }

    /// A `muster up` in the foreground whose stack is ready.
    pub fn up(&self, arguments: &[&str]) -> Up {
        let mut child = self
            .muster(&[&["up", "--json"], arguments].concat())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let state = serde_json::from_str(&line).expect("the stack is ready");
        Up { child, state }
    }

    /// Runs `script` in the emulator's Python, where boto3 is at hand, as a caller of this stack.
    pub fn call(&self, state: &Value, script: &str) -> Child {
        let environment = state["environment"].as_object().unwrap();
        Command::new(self.emulators_python())
            .args(["-c", script])
            .envs(
                environment
                    .iter()
                    .map(|(name, value)| (name, value.as_str().unwrap())),
            )
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Other tests keep environments beside the emulator's, without boto3.
    #[tokio::main(flavor = "current_thread")]
    async fn emulators_python(&self) -> PathBuf {
        let checkout = Checkout::above(self.directory.path()).unwrap();
        let python = find_python().unwrap();
        let requirements = checkout.requirements();
        let environment = Environment::prepare(&checkout, &requirements, &python, |_| {}).await;
        environment.unwrap().python()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = self.run(&["down"]);
    }
}

/// A `muster up` in the foreground.
pub struct Up {
    child: Child,
    /// What it printed when it was ready.
    pub state: Value,
}

impl Up {
    /// Sends it a signal and waits until it has ended.
    pub fn ended_by(mut self, signal: Signal) -> std::process::ExitStatus {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.child.wait().unwrap()
    }

    /// Waits until it ends by itself.
    pub fn ended(mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }
}

/// The emulator's process group.
pub fn group(state: &Value) -> Pid {
    Pid::from_raw(i32::try_from(state["processId"].as_i64().unwrap()).unwrap()).unwrap()
}

/// Fails unless every process of the group ends in time.
pub fn assert_nothing_is_left(group: Pid) {
    eventually("the emulator and its workers have ended", || {
        test_kill_process_group(group).is_err()
    });
}

/// Fails unless it comes true in time.
pub fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_true() {
        assert!(started.elapsed() < LIMIT, "in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Standard error as text.
pub fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
