//! Every name that a person may meet has a page in docs/errors, and every name that a workflow matches exists.

use crate::api::gateway_codes;
use crate::device_api;
use crate::repository::{files, read, root, stem, workflows};
use crate::template::list;
use crate::text::{between, blocks, without_tests};
use muster_documents::RefusalCode;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

type Names = BTreeSet<String>;

/// The names that functions report: the texts in `fn name` of each `NamedError` and of `CloudFailure`.
fn function_errors() -> Names {
    reported(&["functions", "crates/lambda", "crates/onboarding"])
}

/// The names in these directories and files.
pub fn reported(places: &[&str]) -> Names {
    let mut names = Names::new();
    for path in places.iter().flat_map(|place| sources(place)) {
        let source = read(path);
        let source = without_tests(&source);
        for start in [
            "> NamedError for ",
            " NamedError for ",
            "impl CloudFailure ",
            "impl FleetError ",
        ] {
            for implementation in blocks(source, start) {
                for body in blocks(implementation, "fn name(&self) -> &'static str ") {
                    names.extend(between(body, "=> \"", "\"").into_iter().map(str::to_owned));
                }
            }
        }
    }
    names
}

fn sources(place: &str) -> Vec<PathBuf> {
    if root().join(place).is_file() {
        vec![place.into()]
    } else {
        files(place, "rs")
    }
}

fn refusals() -> Names {
    RefusalCode::ALL
        .iter()
        .map(|code| code.name().to_owned())
        .collect()
}

/// Each text that stands under `key`, anywhere.
fn texts_under(value: &Value, wanted: &str, names: &mut Names) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                if key == wanted {
                    names.extend(
                        list(value)
                            .into_iter()
                            .filter_map(Value::as_str)
                            .map(str::to_owned),
                    );
                }
                texts_under(value, wanted, names);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| texts_under(item, wanted, names)),
        _ => {}
    }
}

/// The names under which a workflow itself fails.
fn workflow_failures() -> Names {
    let mut names = Names::new();
    for (_, workflow) in workflows() {
        texts_under(&workflow, "failure", &mut names);
    }
    // An expression keeps the failure that there was, or gives one its name: `$failure = '' ? 'Name' : $failure`.
    let plain = |name: &String| {
        if name.starts_with("{%") {
            name.split('\'')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect()
        } else {
            vec![name.clone()]
        }
    };
    let names = names.iter().flat_map(plain);
    names.filter(|name| !name.is_empty()).collect()
}

/// The names that have pages.
pub fn pages() -> Names {
    let pages = files("docs/errors", "md")
        .into_iter()
        .map(|path| stem(&path));
    pages.filter(|name| name != "README").collect()
}

#[test]
fn the_names_are_found_where_they_are_looked_for() {
    let names = function_errors();
    for name in [
        "Throttled",
        "CsrRefused",
        "FunctionPanicked",
        "MessageInvalid",
        "Superseded",
    ] {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    assert!(workflow_failures().contains("UndoFailed"));
}

#[test]
fn every_name_has_a_page_and_every_page_a_name() {
    let mut names = refusals();
    names.extend(function_errors());
    names.extend(workflow_failures());
    names.extend(gateway_codes());
    names.extend(device_api::codes());
    assert_eq!(pages(), names);
}

#[test]
fn a_workflow_matches_only_names_that_exist() {
    let ours = function_errors();
    for (workflow, definition) in workflows() {
        let mut matched = Names::new();
        texts_under(&definition, "ErrorEquals", &mut matched);
        for name in matched {
            let exists = ours.contains(&name)
                || name.starts_with("States.")
                || name.starts_with("Lambda.")
                || name == "DynamoDB.ConditionalCheckFailedException"
                || name == "StepFunctions.ExecutionAlreadyExistsException";
            assert!(exists, "{workflow} matches {name}, which nothing reports");
        }
    }
}

#[test]
fn a_refusal_that_a_workflow_writes_is_one_of_ours_and_as_retryable_as_ours() {
    let mut found = 0;
    for (workflow, definition) in workflows() {
        let text = definition.to_string();
        for refusal in between(&text, "{'code': '", "}") {
            let (code, rest) = refusal.split_once('\'').unwrap();
            let ours = RefusalCode::ALL.iter().find(|known| known.name() == code);
            let ours = ours.unwrap_or_else(|| panic!("{workflow} refuses with {code}"));
            let retryable = rest.ends_with(&format!("'retryable': {}", ours.retryable()));
            assert!(
                retryable,
                "{workflow} says of {code} that it is otherwise retryable: {rest}"
            );
            found += 1;
        }
    }
    assert!(found > 5, "only {found} refusals were found");
}

#[test]
fn every_page_has_the_same_shape() {
    for path in files("docs/errors", "md") {
        let name = stem(&path);
        if name == "README" {
            continue;
        }
        let page = read(&path);
        assert!(
            page.starts_with(&format!("# {name}\n\n")),
            "{name}.md has another title"
        );
        let headings: Vec<_> = page
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        assert_eq!(
            headings,
            ["What it means", "Who sees it", "What to do"],
            "{name}.md"
        );
    }
}

#[test]
fn the_page_of_a_refusal_says_whether_to_ask_again() {
    for code in RefusalCode::ALL {
        let page = read(format!("docs/errors/{}.md", code.name()));
        let said = if code.retryable() {
            "`retryable` is true"
        } else {
            "`retryable` is false"
        };
        assert!(
            page.contains(said),
            "{}.md does not say that {said}",
            code.name()
        );
    }
}
