//! Starting the local stack, and what it tells.

use crate::scratch::{Scratch, complaint, eventually};
use rustix::process::Signal;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Stdio;

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn a_started_stack_tells_its_addresses_and_outputs_and_listens_there() {
    let scratch = Scratch::new();
    let up = scratch.up(&["--parameter", "Greeting=good morning"]);

    assert_eq!(up.state["outputs"]["Greeting"], "good morning");
    let mqtt_port = u16::try_from(up.state["mqttPort"].as_u64().unwrap()).unwrap();
    TcpStream::connect((Ipv4Addr::LOCALHOST, mqtt_port)).expect("the MQTT port is open");
    let ca = fs::read_to_string(up.state["caFile"].as_str().unwrap()).unwrap();
    assert!(ca.starts_with("-----BEGIN CERTIFICATE-----"));
    let status = scratch.status();
    assert_eq!(status, up.state, "status shows what up showed");
    let text = String::from_utf8(scratch.run(&["status"]).stdout).unwrap();
    let gateway = up.state["gateway"].as_str().unwrap();
    assert!(
        text.contains(&format!("export AWS_ENDPOINT_URL={gateway}")),
        "{text}"
    );

    assert!(up.ended_by(Signal::INT).success());
    assert_eq!(scratch.status()["running"], false);
}

#[test]
fn a_second_stack_in_the_same_checkout_is_refused_with_the_firsts_address() {
    let scratch = Scratch::new();
    let up = scratch.up(&[]);

    let second = scratch.run(&["up", "--detach"]);

    assert!(!second.status.success());
    let told = complaint(&second);
    assert!(
        told.contains(up.state["gateway"].as_str().unwrap()),
        "{told}"
    );
    assert!(told.contains("`muster down` ends it"), "{told}");
    assert_eq!(
        scratch.status()["running"],
        true,
        "the first one still runs"
    );
    assert!(up.ended_by(Signal::TERM).success());
}

#[test]
fn the_ports_asked_for_are_taken() {
    let (port, mqtt_port) = (free_port(), free_port());
    let scratch = Scratch::new();

    let up = scratch.up(&[
        "--port",
        &port.to_string(),
        "--mqtt-port",
        &mqtt_port.to_string(),
    ]);

    assert_eq!(up.state["gateway"], format!("http://127.0.0.1:{port}"));
    assert_eq!(up.state["mqttPort"], mqtt_port);
    up.ended_by(Signal::INT);
}

#[test]
fn a_port_in_use_is_told_and_nothing_is_started() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let scratch = Scratch::new();

    let output = scratch.run(&["up", "--detach", "--mqtt-port", &port]);

    let told = complaint(&output);
    assert!(told.contains(&format!("port {port} is in use")), "{told}");
    assert!(told.contains("leave out --mqtt-port"), "{told}");
    assert_eq!(scratch.status()["running"], false);
}

#[test]
fn a_port_that_another_stack_takes_meanwhile_is_told_and_the_other_is_left_alone() {
    let port = free_port().to_string();
    let late = Scratch::new();
    let launcher = late.path("local/emulator.py");
    let go = late.path("go");
    let wait = format!(
        "import os, time\nwhile not os.path.exists({go:?}): time.sleep(0.01)\n{}",
        fs::read_to_string(&launcher).unwrap()
    );
    fs::write(launcher, wait).unwrap();
    let late_up = late
        .muster(&["up", "--detach", "--port", &port])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("the late one's emulator is being started", || {
        late.path(".muster/stack/emulator.log").exists()
    });

    let other = Scratch::new();
    let up = other.up(&["--port", &port]);
    fs::write(go, "").unwrap();

    let output = late_up.wait_with_output().unwrap();
    assert!(!output.status.success());
    let told = complaint(&output);
    assert!(told.contains(&format!("port {port} is in use")), "{told}");
    assert_eq!(other.status(), up.state, "the other one runs on");
    up.ended_by(Signal::INT);
}

#[test]
fn a_resource_that_cannot_be_made_is_told_with_its_reason_and_nothing_is_left() {
    let scratch = Scratch::new();
    let template = "Resources:\n  First: { Type: AWS::IoT::Policy, Properties: { PolicyName: same, PolicyDocument: {} } }\n  \
         Second: { Type: AWS::IoT::Policy, DependsOn: First, Properties: { PolicyName: same, PolicyDocument: {} } }\n";
    fs::write(scratch.path("template.yaml"), template).unwrap();

    let output = scratch.run(&["up", "--detach"]);

    assert!(!output.status.success());
    let told = complaint(&output);
    assert!(told.contains("Second (AWS::IoT::Policy): "), "{told}");
    assert!(!told.contains("First (AWS::IoT::Policy): "), "{told}");
    assert_eq!(scratch.status()["running"], false);
    assert!(
        !scratch.path(".muster/stack/tmp").exists(),
        "temporary files are removed"
    );
}

#[test]
fn an_unknown_parameter_is_told_by_its_name() {
    let scratch = Scratch::new();
    let told = complaint(&scratch.run(&["up", "--detach", "--parameter", "Greting=hello"]));
    assert!(
        told.contains("no parameter Greting. It has: Greeting"),
        "{told}"
    );
}

#[test]
fn a_template_with_a_path_that_leads_nowhere_is_refused_before_anything_is_started() {
    let scratch = Scratch::new();
    fs::remove_dir_all(scratch.path("sleepy")).unwrap();
    let told = complaint(&scratch.run(&["up", "--detach"]));
    assert!(
        told.contains("SleepyFunction has CodeUri: sleepy"),
        "{told}"
    );
}

#[test]
fn outside_a_checkout_one_is_told_where_to_go() {
    let scratch = Scratch::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let output = scratch
        .muster(&["status"])
        .current_dir(elsewhere.path())
        .output()
        .unwrap();
    let told = complaint(&output);
    assert!(
        told.contains("is not inside a checkout of Muster"),
        "{told}"
    );
}
