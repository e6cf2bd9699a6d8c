//! What every workflow keeps to.

use crate::repository::{read, states, workflows};
use crate::template::list;
use crate::text::words;
use serde_json::Value;

/// Each task of each workflow, with a name to find it by.
fn tasks() -> Vec<(String, Value)> {
    let mut tasks = Vec::new();
    for (workflow, definition) in workflows() {
        for (name, state) in states(&definition) {
            if state["Type"] == "Task" {
                tasks.push((format!("{workflow}/{name}"), state.clone()));
            }
        }
    }
    tasks
}

/// Visits every object of a JSON value.
fn visit(value: &Value, seen: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                seen(key, value);
                visit(value, seen);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, seen)),
        _ => {}
    }
}

#[test]
fn a_task_never_waits_for_ever() {
    for (name, task) in tasks() {
        let limit = &task["TimeoutSeconds"];
        assert!(
            limit.is_u64() || limit.is_string(),
            "{name} has no TimeoutSeconds"
        );
    }
}

#[test]
fn a_task_is_repeated_before_it_is_given_up_and_whatever_it_fails_with_leads_somewhere() {
    for (name, task) in tasks() {
        let repeats = list(&task["Retry"])
            .into_iter()
            .any(|retry| retry["MaxAttempts"] != 0);
        assert!(repeats, "{name} is not repeated");
        let last = list(&task["Catch"]).pop().unwrap_or(&Value::Null);
        assert_eq!(
            last["ErrorEquals"],
            Value::from(vec!["States.ALL"]),
            "{name} leaves an error uncaught"
        );
    }
}

#[test]
fn repeating_backs_off_with_jitter() {
    for (name, task) in tasks() {
        for retry in list(&task["Retry"]) {
            if retry["MaxAttempts"] != 0 {
                assert_eq!(retry["JitterStrategy"], "FULL", "{name}");
                assert!(
                    retry["BackoffRate"].as_f64().unwrap_or_default() > 1.0,
                    "{name}"
                );
            }
        }
    }
}

/// Somebody waits for its answer, who is told to ask again.
const AWAITED: &str = "certificate-vending/";

#[test]
fn a_throttled_function_is_given_minutes() {
    for (name, task) in tasks() {
        let awaited = name.starts_with(AWAITED);
        if awaited || !task["Resource"].as_str().unwrap().contains("lambda:invoke") {
            continue;
        }
        let throttled = list(&task["Retry"])
            .into_iter()
            .find(|retry| list(&retry["ErrorEquals"]).contains(&&Value::from("Throttled")));
        let attempts = throttled.map_or(0, |retry| retry["MaxAttempts"].as_u64().unwrap());
        assert!(
            attempts >= 10,
            "{name} gives up on Throttled after {attempts} attempts"
        );
    }
}

#[test]
fn every_workflow_is_jsonata_throughout() {
    for (name, workflow) in workflows() {
        assert_eq!(workflow["QueryLanguage"], "JSONata", "{name}");
        visit(&workflow["States"], &mut |key, value| {
            let old = [
                "InputPath",
                "OutputPath",
                "ResultPath",
                "ResultSelector",
                "Parameters",
            ]
            .contains(&key)
                || key.ends_with(".$")
                || (key == "QueryLanguage" && value != "JSONata");
            assert!(!old, "{name} uses {key}");
        });
    }
}

/// AWS evaluates all expressions of an `Assign` with the values from before it, the emulator one after the other.
#[test]
fn what_is_assigned_rests_on_nothing_that_is_assigned_beside_it() {
    let mut seen = 0;
    for (workflow, definition) in workflows() {
        visit(&definition, &mut |key, assigned| {
            let ("Assign", Some(variables)) = (key, assigned.as_object()) else {
                return;
            };
            for (name, expression) in variables {
                let text = expression.to_string();
                let read: Vec<&str> = text.split('$').skip(1).collect();
                for other in variables.keys().filter(|other| *other != name) {
                    let reads = |piece: &&str| words(piece).next() == Some(other.as_str());
                    let piece = read
                        .iter()
                        .find(|piece| piece.starts_with(other.as_str()) && reads(piece));
                    assert_eq!(piece, None, "{workflow}: {name} reads {other}");
                }
                seen += 1;
            }
        });
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn no_state_of_a_workflow_holds_a_key_in_clear() {
    let clear = |word: &str| {
        let word = word.to_lowercase();
        let names_a_key = ["privatekey", "private_key", "keypem", "secret", "password"];
        word != "sealedkey" && names_a_key.iter().any(|name| word.contains(name))
    };
    for (name, workflow) in workflows() {
        let text = workflow.to_string();
        let found: Vec<_> = words(&text).filter(|word| clear(word)).collect();
        assert!(
            found.is_empty(),
            "{name} names {found:?}: a key passes sealed, as sealedKey"
        );
    }
}

#[test]
fn what_a_workflow_tells_the_bus_the_documents_tell_too() {
    let map = read("docs/architecture.md");
    for (name, workflow) in workflows() {
        visit(&workflow, &mut |key, value| {
            if key == "event" && value.is_string() {
                let event = value.as_str().unwrap();
                // An expression in the bus's own detail names none.
                let known = event.starts_with("{%") || map.contains(&format!("| `{event}` |"));
                assert!(known, "{name} knows an event {event}");
            }
        });
    }
}
