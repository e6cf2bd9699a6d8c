use super::*;
use proptest::prelude::*;
use serde_json::json;

fn rule(allow: &[&str], deny: &[&str]) -> KeyRule {
    let read = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    KeyRule {
        allow: read(allow),
        deny: read(deny),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn readable(allow: &[&str], deny: &[&str], state: Value) -> Value {
    Value::Object(rule(allow, deny).readable(object(state)))
}

fn refused(allow: &[&str], deny: &[&str], state: Value) -> Option<String> {
    rule(allow, deny).refused(&object(state))
}

#[test]
fn what_may_not_be_read_is_left_out_wherever_it_is() {
    let state = || {
        json!({
            "led": { "on": true, "pin": 7 },
            "net": [{ "name": "a", "psk": "x" }, { "name": "b" }, 3],
            "psk": "y",
        })
    };
    assert_eq!(readable(&["**"], &[], state()), state());
    assert_eq!(readable(&[], &[], state()), json!({}));
    assert_eq!(
        readable(&["**"], &["psk", "led.pin", "net.psk"], state()),
        json!({ "led": { "on": true }, "net": [{ "name": "a" }, { "name": "b" }, 3] })
    );
    assert_eq!(
        readable(&["led.on", "net.name"], &[], state()),
        json!({ "led": { "on": true }, "net": [{ "name": "a" }, { "name": "b" }] })
    );
    assert_eq!(readable(&["**"], &["*"], state()), json!({}));
    assert_eq!(
        readable(&["led"], &["led.**"], state()),
        json!({}),
        "deny wins"
    );
}

#[test]
fn an_allowed_key_of_which_all_is_denied_is_seen_to_be_there() {
    let state = json!({ "led": { "pin": 7 } });
    assert_eq!(
        readable(&["**"], &["led.pin"], state.clone()),
        json!({ "led": {} })
    );
    assert_eq!(readable(&["led.on"], &["led.pin"], state), json!({}));
}

#[test]
fn a_key_with_a_dot_is_not_a_path() {
    let state = json!({ "a.b": 1, "a": { "b": 2 } });
    assert_eq!(readable(&["a.b"], &[], state), json!({ "a": { "b": 2 } }));
    let named = refused(&["a.b"], &[], json!({ "a.b": 1 }));
    assert_eq!(named.as_deref(), Some("a.b"));
}

#[test]
fn a_key_is_written_where_it_is_allowed_and_named_where_it_is_not() {
    let write = json!({ "led": { "on": true, "pin": 7 } });
    assert_eq!(refused(&["**"], &[], write.clone()), None);
    assert_eq!(refused(&["led"], &[], write.clone()), None);
    assert_eq!(refused(&["led.*"], &[], write.clone()), None);
    let named = refused(&["led.on"], &[], write.clone());
    assert_eq!(named.as_deref(), Some("led.pin"));
    let named = refused(&["**"], &["led.p*"], write.clone());
    assert_eq!(named.as_deref(), Some("led.pin"));
    assert_eq!(refused(&[], &[], write).as_deref(), Some("led.on"));
    assert_eq!(refused(&[], &[], json!({})), None, "nothing is written");
}

#[test]
fn a_parent_is_written_or_deleted_only_if_everything_in_it_may_be() {
    for whole in [json!(null), json!(1), json!({}), json!([]), json!([{}])] {
        let write = json!({ "led": whole });
        assert_eq!(refused(&["led"], &[], write.clone()), None);
        for (allow, deny) in [
            (&["led.on"][..], &[][..]),
            (&["led.*"], &[]),
            (&["**"], &["led.pin"]),
            (&["**"], &["*.pin"]),
            (&["**"], &["led.pin.low"]),
        ] {
            let named = refused(allow, deny, write.clone());
            assert_eq!(
                named.as_deref(),
                Some("led"),
                "{write} {allow:?} but {deny:?}"
            );
        }
    }
}

/// Keys and patterns of so few letters that they often meet.
fn patterns() -> impl Strategy<Value = Vec<KeyPattern>> {
    let part = prop_oneof!["[ab]", Just("*".to_owned())];
    let pattern = proptest::collection::vec(part, 1..4);
    let pattern = pattern.prop_map(|parts| parts.join(".").parse().unwrap());
    proptest::collection::vec(pattern, 0..4)
}

fn rules() -> impl Strategy<Value = KeyRule> {
    (patterns(), patterns()).prop_map(|(allow, deny)| KeyRule { allow, deny })
}

fn states() -> impl Strategy<Value = Map<String, Value>> {
    let leaf = prop_oneof![Just(Value::Null), Just(json!(1)), Just(json!([2]))];
    let value = leaf.prop_recursive(4, 24, 3, |inner| {
        proptest::collection::btree_map("[abc]", inner, 0..4)
            .prop_map(|object| Value::Object(object.into_iter().collect()))
    });
    let states = proptest::collection::btree_map("[abc]", value, 0..4);
    states.prop_map(|object| object.into_iter().collect())
}

/// Every value that is no object, with its path.
fn leaves(state: &Map<String, Value>) -> Vec<(Vec<String>, Value)> {
    let mut found = Vec::new();
    for (key, value) in state {
        match value {
            Value::Object(inner) => found.extend(leaves(inner).into_iter().map(|(rest, leaf)| {
                let path = std::iter::once(key.clone()).chain(rest);
                (path.collect(), leaf)
            })),
            leaf => found.push((vec![key.clone()], leaf.clone())),
        }
    }
    found
}

/// What a state has at a path.
fn at<'a>(state: &'a Map<String, Value>, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = state.get(first);
    rest.iter().fold(value, |value, key| value?.get(key))
}

/// What AWS IoT makes of a state when something is written: objects into objects, all else in the place of what was there.
fn merge(state: &mut Map<String, Value>, written: &Map<String, Value>) {
    for (key, value) in written {
        match (state.get_mut(key), value) {
            (_, Value::Null) => drop(state.remove(key)),
            (Some(Value::Object(inner)), Value::Object(more)) if !more.is_empty() => {
                merge(inner, more);
            }
            _ => drop(state.insert(key.clone(), value.clone())),
        }
    }
}

/// What a reviewer reads: a pattern that names the key or one around it allows it, and none of these denies it.
fn open(rule: &KeyRule, path: &[String]) -> bool {
    let around = |pattern: &KeyPattern| (0..=path.len()).any(|end| pattern.covers(&path[..end]));
    rule.allow.iter().any(around) && !rule.deny.iter().any(around)
}

proptest! {
    #[test]
    fn exactly_what_is_allowed_and_not_denied_is_read(rule in rules(), state in states()) {
        let mut expected = leaves(&state);
        expected.retain(|(path, _)| open(&rule, path));
        prop_assert_eq!(leaves(&rule.readable(state)), expected);
    }

    #[test]
    fn nothing_that_may_not_be_written_changes(rule in rules(), before in states(), write in states()) {
        prop_assume!(rule.refused(&write).is_none());
        let mut state = before.clone();
        merge(&mut state, &write);
        let after = leaves(&state);
        for leaf in leaves(&before) {
            // A value gives way to an object that is put in its place, which only a look at the shadow could tell before.
            let gives_way = at(&state, &leaf.0).is_some_and(Value::is_object);
            prop_assert!(open(&rule, &leaf.0) || gives_way || after.contains(&leaf), "{:?}", leaf.0);
        }
        for leaf in &after {
            prop_assert!(open(&rule, &leaf.0) || leaves(&before).contains(leaf), "{:?}", leaf.0);
        }
    }
}
