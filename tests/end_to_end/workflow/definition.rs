//! A workflow's definition, and the ways in which one of its task states can go wrong.

use serde_json::{Map, Value, json};

/// The name of the error that is injected.
pub const INJECTED: &str = "Injected";

/// A definition in the Amazon States Language.
#[derive(Debug, Clone)]
pub struct Definition(Value);

impl Definition {
    /// Reads a definition.
    pub fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap())
    }

    /// The definition's text.
    pub fn text(&self) -> String {
        self.0.to_string()
    }

    /// What a map does with each of its items, as a workflow of its own.
    pub fn item_processor(&self, map: &str) -> Self {
        let mut whole = self.0["States"][map]["ItemProcessor"].clone();
        whole.as_object_mut().unwrap().remove("ProcessorConfig");
        whole["QueryLanguage"] = self.0["QueryLanguage"].clone();
        Self(whole)
    }

    /// The names of all task states.
    pub fn tasks(&self) -> Vec<String> {
        let states = self.0["States"].as_object().unwrap().iter();
        states
            .filter(|(_, state)| state["Type"] == "Task")
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// The same, and those of all maps, each of which stands for its own tasks.
    pub fn tasks_and_maps(&self) -> Vec<String> {
        let states = self.0["States"].as_object().unwrap().iter();
        states
            .filter(|(_, state)| state["Type"] == "Task" || state["Type"] == "Map")
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// The state fails before it has done anything.
    pub fn failing_before(mut self, state: &str) -> Self {
        let failure = failure(&self.0["States"][state]);
        self.put(state, failure);
        self
    }

    /// The state does its work, and its answer is lost: the failure goes through its own `Catch`, and what it would
    /// have assigned is not assigned.
    pub fn failing_after(mut self, state: &str) -> Self {
        let lost = format!("{state} is lost");
        let failure = failure(&self.0["States"][state]);
        self.put(&lost, failure);
        self.unheard(state, &lost);
        self
    }

    /// The state does its work, and then the execution is gone.
    pub fn crashing_after(mut self, state: &str) -> Self {
        let gone = "Gone";
        self.put(
            gone,
            json!({ "Type": "Succeed", "Output": { "gone": true } }),
        );
        self.unheard(state, gone);
        self
    }

    /// The state does its work, and it takes so many seconds until the next one begins.
    pub fn pausing_after(mut self, state: &str, seconds: u64) -> Self {
        let pause = format!("{state} pauses");
        let next = self.0["States"][state]["Next"].clone();
        self.0["States"][state]["Next"] = Value::from(pause.as_str());
        self.put(
            &pause,
            json!({ "Type": "Wait", "Seconds": seconds, "Next": next }),
        );
        self
    }

    /// It takes so many seconds until the state begins that another one leads to when it fails.
    pub fn pausing_before(mut self, state: &str, failing: &str, seconds: u64) -> Self {
        let pause = format!("{state} is awaited");
        let catches = self.0["States"][failing]["Catch"].as_array_mut().unwrap();
        for catch in catches.iter_mut().filter(|catch| catch["Next"] == state) {
            catch["Next"] = Value::from(pause.as_str());
        }
        self.put(
            &pause,
            json!({ "Type": "Wait", "Seconds": seconds, "Next": state }),
        );
        self
    }

    /// The state does its work, its answer is lost, and it does its work again.
    pub fn repeated(mut self, state: &str) -> Self {
        let again = format!("{state} again");
        let whole = self.0["States"][state].clone();
        self.put(&again, whole);
        self.unheard(state, &again);
        self
    }

    fn put(&mut self, name: &str, state: Value) {
        self.0["States"]
            .as_object_mut()
            .unwrap()
            .insert(name.to_owned(), state);
    }

    /// Makes a state forget its own answer and go on to another.
    fn unheard(&mut self, state: &str, next: &str) {
        let state = self.0["States"][state].as_object_mut().unwrap();
        for answer in ["Assign", "Output", "End"] {
            state.remove(answer);
        }
        state.insert("Next".to_owned(), Value::from(next));
    }
}

/// A state that fails where another stands, caught as that one is.
fn failure(state: &Value) -> Value {
    let mut failure = Map::new();
    failure.insert("Type".to_owned(), Value::from("Parallel"));
    failure.insert(
        "Branches".to_owned(),
        json!([{ "StartAt": "Fails", "States": { "Fails": { "Type": "Fail", "Error": INJECTED, "Cause": "a test" } } }]),
    );
    for field in ["Catch", "Next", "End"] {
        if let Some(value) = state.get(field) {
            failure.insert(field.to_owned(), value.clone());
        }
    }
    Value::Object(failure)
}
