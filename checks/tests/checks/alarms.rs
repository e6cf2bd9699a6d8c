//! Alarms, their runbooks and the dashboard say the same.

use crate::repository::{files, read, stem};
use crate::template::{list, resources, template, yaml};
use crate::text::between;
use serde_json::Value;
use std::collections::BTreeSet;

type Names = BTreeSet<String>;

/// The sections of a runbook.
const SECTIONS: [&str; 5] = [
    "What is seen",
    "What it means",
    "Look first",
    "What to do",
    "When it is over",
];

/// All alarms, by logical id.
pub fn alarms(template: &Value) -> Vec<(String, Value)> {
    let alarms = resources(template, "AWS::CloudWatch::Alarm");
    assert!(alarms.len() > 25, "only {} alarms found", alarms.len());
    alarms
}

fn description(alarm: &Value) -> &str {
    alarm["AlarmDescription"].as_str().unwrap_or_default()
}

fn pages() -> Names {
    let pages = files("docs/runbooks", "md");
    let pages = pages.iter().map(|path| stem(path));
    pages.filter(|name| name != "README").collect()
}

/// The dashboard's body as CloudWatch gets it, but for the names that CloudFormation fills in.
pub fn dashboard() -> Value {
    let dashboard = yaml("dashboard.yaml");
    let body = dashboard["Fn::Sub"].as_str().expect("a text with names");
    serde_json::from_str(body).expect("the dashboard's body is JSON")
}

#[test]
fn every_alarm_names_a_runbook_that_there_is_and_every_runbook_is_of_an_alarm() {
    let template = template();
    let mut named = Names::new();
    for (name, alarm) in alarms(&template) {
        let description = description(&alarm);
        let page = description
            .rsplit_once(" docs/runbooks/")
            .and_then(|(_, page)| page.strip_suffix(".md"));
        let page =
            page.unwrap_or_else(|| panic!("{name} does not end with its runbook: {description}"));
        named.insert(page.to_owned());
        let short = name.strip_suffix("Alarm").expect(&name);
        let text = read(format!("docs/runbooks/{page}.md"));
        assert!(
            text.contains(&format!("`{short}`")),
            "{page}.md does not name {short}"
        );
    }
    assert_eq!(pages(), named);
}

#[test]
fn every_runbook_has_the_same_shape() {
    for page in pages() {
        let text = read(format!("docs/runbooks/{page}.md"));
        assert!(text.starts_with(&format!("# {page}\n\n")), "{page}.md");
        let headings = text.lines().filter_map(|line| line.strip_prefix("## "));
        assert_eq!(headings.collect::<Vec<_>>(), SECTIONS, "{page}.md");
    }
}

#[test]
fn every_alarm_tells_the_topic_and_takes_silence_for_health() {
    let template = template();
    let told = serde_json::json!({
        "Fn::If": ["AlarmTopicNamed", [{ "Ref": "AlarmTopicArn" }], { "Ref": "AWS::NoValue" }]
    });
    for (name, alarm) in alarms(&template) {
        assert_eq!(alarm["AlarmActions"], told, "{name}");
        let ended = &alarm["OKActions"];
        assert!(ended.is_null() || *ended == told, "{name}");
        assert_eq!(alarm["TreatMissingData"], "notBreaching", "{name}");
        let operator = &alarm["ComparisonOperator"];
        assert_eq!(operator, "GreaterThanOrEqualToThreshold", "{name}");
    }
}

#[test]
fn the_list_of_alarms_has_every_alarm_with_tests_that_there_are() {
    let template = template();
    let readme = read("docs/runbooks/README.md");
    let tests: String = files("tests", "rs").into_iter().map(read).collect();
    let is_test = |name: &&str| {
        let words = name.split('_').count();
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        words > 3 && name.chars().all(letters)
    };
    for (name, _) in alarms(&template) {
        let short = name.strip_suffix("Alarm").unwrap();
        let rows = readme
            .lines()
            .filter(|line| line.starts_with('|') && line.contains(&format!("`{short}`")));
        let [row] = rows.collect::<Vec<_>>()[..] else {
            panic!("{short} has not one row")
        };
        let last = row.trim_end_matches(['|', ' ']).rsplit('|').next();
        let caused = last.unwrap_or_default().trim();
        let is_named = caused
            .split('`')
            .skip(1)
            .step_by(2)
            .any(|name| is_test(&name));
        assert!(
            is_named || caused == "cannot be caused: no test",
            "no test is named that causes {short}"
        );
    }
    let named = readme.split('`').skip(1).step_by(2).filter(is_test);
    for test in named {
        assert!(
            tests.contains(&format!("fn {test}(")),
            "there is no test {test}"
        );
    }
}

#[test]
fn the_dashboard_shows_every_alarm_and_names_what_there_is() {
    let template = template();
    let text = read("dashboard.yaml");
    for (name, alarm) in alarms(&template) {
        // One that the local stack lacks cannot be referred to, and so has a name of its own.
        let shown = match alarm["AlarmName"]["Fn::Sub"].as_str() {
            None => text.contains(&format!("\"${{{name}.Arn}}\"")),
            Some(own) => text.contains(&format!(":alarm:{own}\"")),
        };
        assert!(shown, "{name} is not on the dashboard");
    }
    for reference in between(&text, "${", "}") {
        if reference.starts_with("AWS::") || reference.starts_with('!') {
            continue;
        }
        let resource = reference.split('.').next().unwrap();
        assert!(
            template["Resources"][resource].is_object(),
            "the dashboard names {resource}"
        );
    }
    for widget in list(&dashboard()["widgets"]) {
        let (x, width) = (widget["x"].as_i64(), widget["width"].as_i64());
        assert!(x.unwrap() + width.unwrap() <= 24, "{widget}");
    }
}

#[test]
fn the_local_stack_leaves_out_the_alarms_that_its_emulator_cannot_make() {
    let template = template();
    let overlay = crate::repository::json("local/overlay.json");
    for (name, alarm) in alarms(&template) {
        let absent = list(&overlay["absent"]).contains(&&Value::from(name.as_str()));
        assert_eq!(absent, alarm["Metrics"].is_array(), "{name}");
    }
}

#[test]
fn both_alarms_on_topic_rules_look_at_all_of_them() {
    let template = template();
    let query = |name: &str| {
        let query = &template["Resources"][name]["Properties"]["Metrics"][0]["Expression"];
        assert!(query.is_object(), "{name} has no query");
        query.to_string()
    };
    let (failure, throttling) = (
        query("TopicRuleFailureAlarm"),
        query("TopicRuleThrottlingAlarm"),
    );
    let others = throttling.replace("RuleMessageThrottled", "ErrorActionFailure");
    assert_eq!(failure, others);
    for (rule, _) in resources(&template, "AWS::IoT::TopicRule") {
        // Its name is filled in, or it stands behind a condition.
        let named = ["${RULE}", "\"Ref\":\"RULE\""].map(|form| form.replace("RULE", &rule));
        assert!(named.iter().any(|name| failure.contains(name)), "{rule}");
    }
}
