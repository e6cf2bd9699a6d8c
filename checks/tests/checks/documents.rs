//! The documents say what is so.

use crate::repository::{files, read, root};
use crate::text::between;
use muster_documents::ProvisioningRequest;
use std::path::PathBuf;

/// Where what the security model names may be.
const ROOMS: [&str; 12] = [
    ".ci",
    "apps",
    "benchmarks",
    "checks",
    "crates",
    "docs",
    "functions",
    "local",
    "openapi",
    "policies",
    "statemachines",
    "tests",
];

/// The documents that a reader finds: those at the root, under docs/ and beside crates.
fn documents() -> Vec<PathBuf> {
    let mut found: Vec<_> = ["README.md", "CHANGELOG.md"]
        .map(|name| root().join(name))
        .into();
    found.extend(files("docs", "md"));
    found
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    for document in documents() {
        let text = read(&document);
        for link in between(&text, "](", ")") {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let there = document.parent().unwrap().join(file);
            assert!(there.exists(), "{} links to {link}", document.display());
        }
    }
}

#[test]
fn the_security_model_names_places_and_tests_that_there_are() {
    let model = read("docs/security.md");
    let sources = ["apps", "checks", "crates", "functions", "tests"].map(|room| files(room, "rs"));
    let sources: String = sources.concat().into_iter().map(read).collect();
    let is_test = |name: &str| {
        let words = name.split('_').count();
        words > 3 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    };
    let (mut places, mut tests) = (0, 0);
    // Blocks of commands have backticks, too.
    for name in model.split('`').skip(1).step_by(2) {
        let room = name.split_once('/').map_or("", |(room, _)| room);
        if ROOMS.contains(&room) {
            assert!(root().join(name).exists(), "there is no {name}");
            places += 1;
        } else if is_test(name) {
            assert!(
                sources.contains(&format!("fn {name}(")),
                "there is no test {name}"
            );
            tests += 1;
        }
    }
    assert!(
        places > 20 && tests > 50,
        "{places} places, {tests} tests found"
    );
}

#[test]
fn every_decision_has_a_number_a_date_and_a_status() {
    let decisions = files("docs/decisions", "md");
    for (at, path) in decisions.iter().enumerate() {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            name.starts_with(&format!("{:04}-", at + 1)),
            "{name} is out of order"
        );
        let text = read(path);
        for line in ["\nDate: ", "\nStatus: "] {
            assert!(text.contains(line), "{name} has no line {line:?}");
        }
    }
}

#[test]
fn the_requests_in_the_firmware_guide_are_requests() {
    let guide = read("docs/firmware.md");
    let requests: Vec<_> = between(&guide, "```json\n", "```")
        .into_iter()
        .filter(|example| !example.contains("\"code\""))
        .collect();
    assert_eq!(requests.len(), 2);
    for request in requests {
        let decoded = ProvisioningRequest::decode(request.as_bytes()).expect(request);
        assert!(decoded.serial_number.is_some(), "{request}");
    }
}

#[test]
fn the_messages_in_the_firmware_guide_are_those_of_the_wire_format() {
    let (guide, wire) = (read("docs/firmware.md"), read("crates/chunking/wire.md"));
    let messages: Vec<_> = between(&guide, "```cddl\n", "```")
        .into_iter()
        .flat_map(str::lines)
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(messages.len(), 4);
    for message in messages {
        assert!(wire.contains(message), "wire.md does not have {message}");
    }
}
