//! What a shell and `man` get.

use clap::CommandFactory;
use muster::cli::Cli;
use std::path::Path;
use std::process::{Command, Output};

fn muster(arguments: &[&str]) -> Output {
    let muster = Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(arguments)
        .output();
    muster.unwrap()
}

fn said(arguments: &[&str]) -> String {
    let output = muster(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What bash offers when Tab is pressed behind these words.
fn completed(words: &[&str]) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("muster.bash");
    std::fs::write(&file, said(&["completions", "bash"])).unwrap();
    let script = r#"
        source "$1" && shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _muster muster "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let bash = Command::new("bash")
        .args(["-c", script, "bash"])
        .arg(&file)
        .args(words)
        .output()
        .unwrap();
    assert!(bash.status.success(), "{bash:?}");
    let offered = String::from_utf8(bash.stdout).unwrap();
    offered.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_queues_and_options() {
    assert_eq!(completed(&["muster", "dlq", "red"]), ["redrive"]);
    let queues = completed(&["muster", "dlq", "show", "re"]);
    assert_eq!(queues, ["registration", "registry"]);
    let options = completed(&["muster", "dlq", "redrive", "--dr"]);
    assert_eq!(options, ["--dry-run"]);
}

#[test]
fn every_shell_gets_a_script_and_others_are_refused() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(said(&["completions", shell]).contains("redrive"), "{shell}");
    }
    let refused = muster(&["completions", "csh"]);
    assert!(!refused.status.success());
    assert!(
        String::from_utf8(refused.stderr)
            .unwrap()
            .contains("elvish")
    );
}

/// How many pages there are of a command and of those below it, each of which has to be there and to say what it is about.
fn pages(directory: &Path, command: &clap::Command, name: &str) -> usize {
    let page = std::fs::read_to_string(directory.join(format!("{name}.1")));
    let page = page.unwrap_or_else(|error| panic!("{name}.1: {error}"));
    let about = command.get_about().unwrap().to_string();
    let first = about.split_whitespace().next().unwrap();
    assert!(page.contains(first), "{name}.1 says nothing of {about:?}");
    let below = command.get_subcommands();
    let below = below.map(|one| pages(directory, one, &format!("{name}-{}", one.get_name())));
    1 + below.sum::<usize>()
}

#[test]
fn every_command_has_a_page_and_there_are_no_others() {
    let directory = tempfile::tempdir().unwrap();
    let pages_in = directory.path().join("share").join("man1");
    let told = said(&["man", "--dir", pages_in.to_str().unwrap()]);
    assert!(told.contains("man1"), "{told}");
    let count = pages(&pages_in, &Cli::command(), "muster");
    assert!(count > 50, "{count}");
    assert_eq!(std::fs::read_dir(&pages_in).unwrap().count(), count);
    let page = std::fs::read_to_string(pages_in.join("muster-dlq-redrive.1")).unwrap();
    assert!(page.contains("dry\\-run"), "{page}");
    assert!(said(&["man"]).contains("muster\\-dlq"));
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let refused = muster(&["man", "--dir", "/dev/null/man1"]);
    assert!(!refused.status.success());
    let errors = String::from_utf8(refused.stderr).unwrap();
    assert!(
        errors.contains("cannot write into /dev/null/man1"),
        "{errors}"
    );
}
