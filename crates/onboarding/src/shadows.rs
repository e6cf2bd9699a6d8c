//! Which keys of its shadow a device reads and writes over HTTPS: the operator's patterns, and what they mean.
//!
//! A pattern is a path of keys with dots between, and it is about the key at its end with everything in it. In a key `*`
//! stands for any characters, also none. `**`, as the last part only, stands for any rest: `a.**` says what `a` says, and
//! `**` says everything. Nothing but a pattern allows, and what is denied stays denied whatever else allows it.

mod pattern;

pub use pattern::{KeyPattern, MalformedPattern};

use serde_json::{Map, Value};

/// The keys that are allowed, and those of them that are denied all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRule {
    /// What is allowed.
    pub allow: Vec<KeyPattern>,
    /// What is not.
    pub deny: Vec<KeyPattern>,
}

/// What devices may do with their shadows' keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowRules {
    /// With those of the reported state.
    pub read: KeyRule,
    /// With those of the desired state.
    pub write: KeyRule,
}

impl KeyRule {
    /// What of a state may be read; the rest is left out, also of objects in arrays, whose keys have the array's path. Of a
    /// key that is not allowed itself there is only what is allowed in it.
    pub fn readable(&self, state: Map<String, Value>) -> Map<String, Value> {
        self.readable_in(&mut Vec::new(), state)
    }

    fn readable_in(&self, path: &mut Vec<String>, state: Map<String, Value>) -> Map<String, Value> {
        let mut seen = Map::new();
        for (key, value) in state {
            path.push(key);
            let value = self.readable_at(path, value);
            seen.extend(path.pop().zip(value));
        }
        seen
    }

    fn readable_at(&self, path: &mut Vec<String>, value: Value) -> Option<Value> {
        if self.deny.iter().any(|denied| denied.covers(path)) {
            return None;
        }
        let allowed = self.allow.iter().any(|allowed| allowed.covers(path));
        match value {
            Value::Object(inner) => {
                let inner = self.readable_in(path, inner);
                (allowed || !inner.is_empty()).then_some(Value::Object(inner))
            }
            Value::Array(items) => {
                let items = items.into_iter();
                let items: Vec<_> = items
                    .filter_map(|item| self.readable_at(path, item))
                    .collect();
                (allowed || !items.is_empty()).then_some(Value::Array(items))
            }
            plain => allowed.then_some(plain),
        }
    }

    /// The path of a key that may not be written so, if there is one in what is to be written.
    ///
    /// An object is put into what is there, key by key, so that each of its keys is looked at. Whatever else is written, be
    /// it `null`, which deletes, or an object with nothing in it, takes the place of all that was there: it may be written
    /// where everything in the key may be.
    pub fn refused(&self, state: &Map<String, Value>) -> Option<String> {
        self.refused_in(&mut Vec::new(), state)
    }

    fn refused_in(&self, path: &mut Vec<String>, state: &Map<String, Value>) -> Option<String> {
        for (key, value) in state {
            path.push(key.clone());
            let refused = match value {
                Value::Object(inner) if !inner.is_empty() => self.refused_in(path, inner),
                _ => (!self.allows_all_of(path)).then(|| path.join(".")),
            };
            if refused.is_some() {
                return refused;
            }
            path.pop();
        }
        None
    }

    /// Whether the key at the end of the path is allowed with everything that can be in it.
    fn allows_all_of(&self, path: &[String]) -> bool {
        self.allow.iter().any(|allowed| allowed.covers(path))
            && !self.deny.iter().any(|denied| denied.touches(path))
    }
}

#[cfg(test)]
mod tests;
