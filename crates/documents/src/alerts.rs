//! What the cloud asks of a device that has its certificate. The seed's names, which devices in the field know (mission,
//! section 5).

use crate::Serial;
use serde::{Deserialize, Serialize};

/// The first part of the topics on which a device rotates its certificate in chunks, where nobody sets another. The
/// rest is that of [`Topics`](crate::Topics), with the thing's name as the client id.
pub const DEFAULT_ROTATION_PREFIX: &str = "rotate";

/// The field `msg` of the alert that asks a device to rotate its certificate.
pub const ROTATE_CERT: &str = "rotate_cert";

/// Where this thing's alerts come: `cmd/<thingName>/alerts`.
pub fn alerts_topic(thing_name: &Serial) -> String {
    format!("cmd/{thing_name}/alerts")
}

/// The alert that asks a device to rotate its certificate: the seed's, with what a device needs to plan. Days are
/// `yyyymmdd` in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RotationNotice {
    /// [`ROTATE_CERT`].
    pub msg: String,
    /// Since when the certificate has to be renewed.
    pub due_date: String,
    /// The last day on which it may be renewed without consequences.
    pub deadline: String,
    /// How many days there are until then; 0 on the day itself and after it.
    pub days_left: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_is_the_seeds_own() {
        let thing_name = Serial::new("gateway-1").unwrap();
        assert_eq!(alerts_topic(&thing_name), "cmd/gateway-1/alerts");
    }

    #[test]
    fn the_notice_keeps_the_seeds_field() {
        let notice = RotationNotice {
            msg: ROTATE_CERT.to_owned(),
            due_date: "20260101".to_owned(),
            deadline: "20260131".to_owned(),
            days_left: 30,
        };
        assert_eq!(
            serde_json::to_string(&notice).unwrap(),
            r#"{"msg":"rotate_cert","dueDate":"20260101","deadline":"20260131","daysLeft":30}"#
        );
    }
}
