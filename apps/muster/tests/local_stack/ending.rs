//! However a stack ends, nothing of it goes on running, and nothing else is ended with it.

use crate::scratch::{Scratch, assert_nothing_is_left, eventually, group};
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

/// Has the function that never answers called, and waits until its process runs.
fn call_sleepy(scratch: &Scratch, state: &Value) -> Child {
    let name = state["outputs"]["SleepyFunctionName"].as_str().unwrap();
    let call = format!(
        "import boto3; boto3.client('lambda').invoke(FunctionName='{name}', Payload=b'{{}}')"
    );
    let mut caller = scratch.call(state, &call);
    let leader = group(state).as_raw_nonzero().get().to_string();
    eventually(
        "the function's process runs in the emulator's group",
        || {
            let ended = caller.try_wait().unwrap();
            assert!(ended.is_none(), "the call has ended at once: {ended:?}");
            let listed = Command::new("ps")
                .args(["-A", "-o", "pgid=,args="])
                .output()
                .unwrap();
            String::from_utf8_lossy(&listed.stdout)
                .lines()
                .any(|line| line.trim_start().starts_with(&leader) && line.ends_with("sleep 600"))
        },
    );
    caller
}

fn end(mut caller: Child) {
    let _ = caller.kill();
    let _ = caller.wait();
}

#[test]
fn a_killed_up_leaves_nothing_running_not_even_a_function_that_hangs() {
    let scratch = Scratch::new();
    let up = scratch.up(&[]);
    let group = group(&up.state);
    let caller = call_sleepy(&scratch, &up.state);

    up.ended_by(Signal::KILL);

    assert_nothing_is_left(group);
    assert_eq!(scratch.status()["running"], false);
    eventually("temporary files are removed", || {
        !scratch.path(".muster/stack/tmp").exists()
    });
    end(caller);
}

#[test]
fn an_ended_up_ends_its_functions_too() {
    for signal in [Signal::INT, Signal::TERM] {
        let scratch = Scratch::new();
        let up = scratch.up(&[]);
        let group = group(&up.state);
        let caller = call_sleepy(&scratch, &up.state);

        assert!(up.ended_by(signal).success());

        assert_nothing_is_left(group);
        assert!(
            !scratch.path(".muster/stack/tmp").exists(),
            "temporary files are removed"
        );
        end(caller);
    }
}

#[test]
fn an_up_that_is_ended_while_it_starts_leaves_nothing_running() {
    for signal in [Signal::INT, Signal::KILL] {
        let scratch = Scratch::new();
        let mut up = scratch.muster(&["up"]).spawn().unwrap();
        eventually("the emulator is being started", || {
            scratch.path(".muster/stack/emulator.log").exists()
        });

        kill_process(Pid::from_child(&up), signal).unwrap();

        assert!(!up.wait().unwrap().success());
        eventually("nothing holds the stack any more", || {
            scratch.status()["phase"] == "none"
        });
        assert!(
            scratch.up(&[]).ended_by(Signal::INT).success(),
            "another one can be started"
        );
    }
}

#[test]
fn a_detached_stack_outlives_its_up_and_is_ended_by_down() {
    let scratch = Scratch::new();
    let up = scratch.up(&["--detach"]);
    let group = group(&up.state);
    let state = up.state.clone();
    assert!(up.ended().success());
    assert_eq!(scratch.status()["running"], true, "it outlives its starter");
    let caller = call_sleepy(&scratch, &state);

    let down = scratch.run(&["down", "--json"]);

    assert_eq!(
        serde_json::from_slice::<Value>(&down.stdout).unwrap(),
        json!({ "ended": true })
    );
    assert_nothing_is_left(group);
    assert_eq!(scratch.status()["running"], false);
    end(caller);
}

#[test]
fn down_ends_an_up_in_the_foreground_which_takes_it_for_no_crash() {
    let scratch = Scratch::new();
    let up = scratch.up(&[]);
    let group = group(&up.state);

    assert!(scratch.run(&["down"]).status.success());

    assert!(up.ended().success());
    assert_nothing_is_left(group);
}

#[test]
fn an_emulator_that_is_killed_is_told_as_a_failure_and_its_functions_end_with_it() {
    let scratch = Scratch::new();
    let up = scratch.up(&[]);
    let group = group(&up.state);
    let caller = call_sleepy(&scratch, &up.state);

    kill_process(group, Signal::KILL).unwrap();

    assert!(!up.ended().success());
    assert_nothing_is_left(group);
    end(caller);
}

#[test]
fn down_without_a_stack_is_no_failure() {
    let scratch = Scratch::new();
    let down = scratch.run(&["down", "--json"]);
    assert!(down.status.success());
    assert_eq!(
        serde_json::from_slice::<Value>(&down.stdout).unwrap(),
        json!({ "ended": false })
    );
}

#[test]
fn another_process_that_got_the_emulators_old_id_is_left_alone() {
    let scratch = Scratch::new();
    let up = scratch.up(&[]);
    let mut state = up.state.clone();
    up.ended_by(Signal::KILL);
    eventually("the emulator has ended", || {
        scratch.status()["running"] == false
    });
    let mut bystander = Command::new("sleep")
        .arg("600")
        .process_group(0)
        .spawn()
        .unwrap();
    state["processId"] = bystander.id().into();
    fs::write(scratch.path(".muster/stack/stack.json"), state.to_string()).unwrap();

    let down = scratch.run(&["down"]);

    assert!(down.status.success());
    assert!(
        bystander.try_wait().unwrap().is_none(),
        "the bystander still runs"
    );
    kill_process_group(Pid::from_child(&bystander), Signal::KILL).unwrap();
    bystander.wait().unwrap();
    assert!(test_kill_process(Pid::from_child(&bystander)).is_err());
}
