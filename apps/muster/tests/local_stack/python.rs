//! What a person is told whose Python will not do.

use crate::scratch::{Scratch, complaint};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

/// `muster up` where `PATH` holds nothing but these programs.
fn up_with(programs: &[(&str, &str)]) -> Output {
    let scratch = Scratch::new();
    let path = tempfile::tempdir().unwrap();
    for (name, script) in programs {
        program(&path.path().join(name), script);
    }
    scratch
        .muster(&["up", "--detach"])
        .env("PATH", path.path())
        .env_remove("MUSTER_PYTHON")
        .output()
        .unwrap()
}

/// Written by another process: one that this process forks meanwhile would hold it open for writing, and then it cannot
/// be executed.
fn program(path: &Path, script: &str) {
    let text = path.with_extension("txt");
    fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
    assert!(
        Command::new("cp")
            .arg(text)
            .arg(path)
            .status()
            .unwrap()
            .success()
    );
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A Python that answers as one of this version does.
fn python(version: &str, makes_environments: &str) -> String {
    format!("echo {version}; echo /usr/bin/python{version}; echo {makes_environments}")
}

#[test]
fn without_python_one_is_told_what_to_install() {
    let output = up_with(&[]);
    assert!(!output.status.success());
    let told = complaint(&output);
    assert!(told.contains("needs Python 3.10 or newer"), "{told}");
    assert!(told.contains("apt install python3 python3-venv"), "{told}");
}

#[test]
fn an_old_python_is_named_with_its_version() {
    let told = complaint(&up_with(&[("python3", &python("3.8", "True"))]));
    assert!(
        told.contains("/usr/bin/python3.8 (Python 3.8) is all there is"),
        "{told}"
    );
}

#[test]
fn a_python_without_venv_is_named_with_the_package_that_brings_it() {
    let told = complaint(&up_with(&[("python3", &python("3.11", "False"))]));
    assert!(
        told.contains("/usr/bin/python3.11 (Python 3.11) cannot make virtual environments"),
        "{told}"
    );
    assert!(told.contains("apt install python3-venv"), "{told}");
}

#[test]
fn a_shim_that_starts_no_python_counts_as_none() {
    let told = complaint(&up_with(&[(
        "python3",
        "echo 'python3: command not found' >&2; exit 127",
    )]));
    assert!(told.contains("there is no `python3` on the PATH"), "{told}");
}

#[test]
fn a_newer_python_beside_an_old_one_is_taken() {
    // The stand-in cannot make an environment, which shows that it was taken for one that can.
    let told = complaint(&up_with(&[
        ("python3", &python("3.9", "True")),
        (
            "python3.12",
            "case $3 in *) echo 3.12; echo /nonexistent/python3.12; echo True;; esac",
        ),
    ]));
    assert!(told.contains("cannot make a virtual environment"), "{told}");
}

#[test]
fn a_named_python_that_does_not_run_is_told_by_the_variables_name() {
    let scratch = Scratch::new();
    let output = scratch
        .muster(&["up", "--detach"])
        .env("MUSTER_PYTHON", "/nonexistent/python3")
        .output()
        .unwrap();
    let told = complaint(&output);
    assert!(
        told.contains("MUSTER_PYTHON names /nonexistent/python3, which does not run"),
        "{told}"
    );
}
