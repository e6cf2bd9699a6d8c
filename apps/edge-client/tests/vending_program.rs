//! `edge-client vend` as a person or a script meets it.

mod support;

use std::process::{Output, Stdio};
use std::time::Duration;
use support::api::Reply;
use support::vendor::{Field, TOKEN};
use tokio::process::Command;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Everything that the program said and keeps.
fn all_of(field: &Field, output: &Output) -> String {
    let mut all = text(&output.stdout) + &text(&output.stderr);
    for entry in std::fs::read_dir(field.store()).unwrap() {
        all.push_str(&text(&std::fs::read(entry.unwrap().path()).unwrap()));
    }
    all
}

#[tokio::test]
async fn a_person_reads_what_happened_and_neither_token_nor_key() {
    let field = Field::new(Vec::new()).await;
    let output = field.run(&[]).await;
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        said.starts_with("asked for a certificate\nthe API gave certificate "),
        "{said}"
    );
    let endpoint = format!("to be used at localhost:{}\n", field.broker.port);
    assert!(said.contains(&endpoint), "{said}");
    assert!(
        said.contains("SN-1 has certificate ") && said.ends_with(" ms\n"),
        "{said}"
    );
    assert!(!said.contains("PRIVATE KEY"));
    assert!(!all_of(&field, &output).contains(TOKEN));
    let mut command = Command::new(env!("CARGO_BIN_EXE_edge-client"));
    let command = command.arg("status").arg("--store").arg(field.store());
    let held = text(&command.output().await.unwrap().stdout);
    let used = format!(
        ", used at localhost:{})\npending:  none\n",
        field.broker.port
    );
    assert!(held.contains(&used), "{held}");
}

#[tokio::test]
async fn a_script_reads_each_step_as_json() {
    let field = Field::new(Vec::new()).await;
    let output = field.run(&["--json", "--cloud-key"]).await;
    let said = text(&output.stdout);
    let lines: Vec<serde_json::Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[1]["event"], "vended");
    assert_eq!(lines[1]["withKey"], true);
    let outcome = lines.last().unwrap();
    assert_eq!(outcome["event"], "outcome");
    assert_eq!(outcome["certificateId"], lines[1]["certificateId"]);
    assert!(
        !said.contains("PRIVATE KEY") && !said.contains(TOKEN),
        "{said}"
    );
}

#[tokio::test]
async fn a_token_comes_from_its_file_and_one_that_an_answer_repeats_is_not_shown() {
    let message = format!("The token {TOKEN} is not good.");
    let refusal = Reply::refusal(401, "TokenRefused", &message, false);
    let field = Field::new(vec![refusal]).await;
    std::fs::create_dir(field.store()).unwrap();
    let file = field.store().with_file_name("token");
    std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let mut command = field.command(&["--json", "--token-file", file.to_str().unwrap()]);
    let output = command.env_remove("MUSTER_TOKEN").output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(field.api.asked()[0].body["deviceToken"], TOKEN);
    assert_eq!(
        text(&output.stderr),
        "edge-client: SN-1 was refused for good: TokenRefused. The token [the token] is not good.\n"
    );
    assert!(!all_of(&field, &output).contains(TOKEN));
}

#[tokio::test]
async fn an_api_key_comes_from_its_file_or_the_environment_and_is_shown_to_nobody_else() {
    const KEY: &str = "Kq3vN8yT0aWb5cXd7eZf";
    let message = format!("The key {KEY} is not good.");
    let refusal = Reply::refusal(403, "RequestRefused", &message, false);
    let field = Field::new(vec![refusal]).await;
    std::fs::create_dir(field.store()).unwrap();
    let file = field.store().with_file_name("key");
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    let from_file = field.run(&["--api-key-file", file.to_str().unwrap()]).await;
    assert_eq!(from_file.status.code(), Some(2));
    assert_eq!(
        text(&from_file.stderr),
        "edge-client: SN-1 was refused for good: RequestRefused. The key [the API key] is not good.\n"
    );
    let mut command = field.command(&["--json"]);
    let from_environment = command.env("MUSTER_API_KEY", KEY).output().await.unwrap();
    assert_eq!(from_environment.status.code(), Some(0));
    for asked in field.api.asked().iter() {
        let sent = format!("\r\nx-api-key: {}\r\n", KEY.to_lowercase());
        assert!(asked.head.contains(&sent), "{}", asked.head);
        assert!(!asked.body.to_string().contains(KEY));
    }
    for output in [&from_file, &from_environment] {
        assert!(!all_of(&field, output).contains(KEY));
    }
}

#[tokio::test]
async fn without_an_api_key_no_header_for_one_is_sent() {
    let field = Field::new(Vec::new()).await;
    assert_eq!(field.run(&[]).await.status.code(), Some(0));
    assert!(!field.api.asked()[0].head.contains("x-api-key"));
}

#[tokio::test]
async fn giving_up_ends_with_status_3_and_wrong_arguments_with_status_1() {
    let busy = Reply::refusal(429, "Throttled", "Too often.", true);
    let field = Field::new(vec![busy; 9]).await;
    let output = field.run(&["--give-up-after", "1"]).await;
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(
        said.contains("the cloud refused: Throttled Too often."),
        "{said}"
    );
    for (more, expected) in [
        (
            &["--token-file", "/nowhere/token"][..],
            "/nowhere/token can't be read",
        ),
        (
            &["--token-file", "/dev/null"],
            "/dev/null can't be used: it holds no token",
        ),
        (
            &["--api-key-file", "/dev/null"],
            "/dev/null can't be used: it holds no API key",
        ),
        (
            &["--api-ca", "/dev/null"],
            "the API's CA file: it holds no certificate in PEM",
        ),
        (&["--again", "--stay"], "cannot be used with"),
        (&["--cloud-key", "--rotate"], "cannot be used with"),
        (&["--rotate"], "holds no certificate to rotate"),
    ] {
        let output = field.run(more).await;
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(expected), "{said}");
    }
}

#[tokio::test]
async fn a_device_that_is_killed_while_it_waits_for_the_answer_asks_with_the_same_key() {
    let field = Field::new(vec![Reply::Silence, Reply::Silence]).await;
    for killed in 1..=2 {
        let mut device = field.command(&[]).stdout(Stdio::null()).spawn().unwrap();
        while field.api.asked().len() < killed {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        device.kill().await.unwrap();
    }
    let output = field.run(&[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let asked = field.api.asked();
    assert_eq!(asked.len(), 3);
    let keys: std::collections::BTreeSet<_> = asked.iter().map(support::api::Asked::key).collect();
    assert_eq!(keys.len(), 1);
}

#[tokio::test]
async fn the_help_names_the_environment_and_takes_no_token() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edge-client"));
    let output = command
        .args(["vend", "--help"])
        .env("MUSTER_TOKEN", TOKEN)
        .output()
        .await
        .unwrap();
    let said = text(&output.stdout);
    for name in [
        "MUSTER_API_URL",
        "MUSTER_TOKEN",
        "--token-file",
        "MUSTER_API_KEY",
        "--api-key-file",
        "--again",
        "2 refused for good",
    ] {
        assert!(said.contains(name), "{name}: {said}");
    }
    assert!(
        !said.contains("--token ") && !said.contains(TOKEN),
        "{said}"
    );
}
