//! Reading an alert.

use crate::Progress;
use muster_documents::ROTATE_CERT;
use serde_json::Value;

/// What there is to tell of an alert that asks for a rotation; `None` if it asks for something else or can't be read.
/// Only `msg` counts. The other fields are for a person, and one that isn't as it should be says nothing.
pub(super) fn read(payload: &[u8]) -> Option<Progress> {
    let alert: Value = serde_json::from_slice(payload).ok()?;
    let text = |name: &str| alert[name].as_str().map(str::to_owned);
    (alert["msg"] == ROTATE_CERT).then(|| Progress::AlertReceived {
        due_date: text("dueDate"),
        deadline: text("deadline"),
        days_left: alert["daysLeft"].as_i64(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_alert_is_understood_and_so_are_fields_that_say_more() {
        let bare = Progress::AlertReceived {
            due_date: None,
            deadline: None,
            days_left: None,
        };
        assert_eq!(read(br#"{"msg": "rotate_cert"}"#), Some(bare.clone()));
        let odd =
            br#"{"msg": "rotate_cert", "dueDate": 7, "deadline": [], "daysLeft": "x", "more": {}}"#;
        assert_eq!(read(odd), Some(bare));
        let whole = br#"{"msg": "rotate_cert", "dueDate": "20261201", "deadline": "20261215", "daysLeft": -2}"#;
        assert_eq!(
            read(whole),
            Some(Progress::AlertReceived {
                due_date: Some("20261201".into()),
                deadline: Some("20261215".into()),
                days_left: Some(-2),
            })
        );
    }

    #[test]
    fn anything_else_is_passed_over() {
        for payload in [
            &b""[..],
            b"{}",
            b"null",
            b"[]",
            b"rotate_cert",
            br#""rotate_cert""#,
            br#"["rotate_cert"]"#,
            br#"{"msg": "reboot"}"#,
            br#"{"msg": ["rotate_cert"]}"#,
            br#"{"msg": "rotate_cert""#,
            b"\xff\x00",
        ] {
            assert_eq!(read(payload), None, "{payload:?}");
        }
    }
}
