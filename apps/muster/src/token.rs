//! A device's token, as a person reads it.

use muster_cloud::operator::{Token, TokenState};
use serde::Serialize;
use std::fmt::{self, Display, Formatter};

/// A token and how it stands.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// It.
    #[serde(flatten)]
    pub token: Token,
    /// How it stands.
    pub state: TokenState,
}

impl Standing {
    /// How the token stands at the time `now`, in seconds since 1970.
    pub fn new(token: Token, now: i64) -> Self {
        let state = token.state(now);
        Self { token, state }
    }

    /// The state, and when it was used.
    pub fn said(&self) -> String {
        let used = self.token.spent_at.map(|at| format!(" {}", time(at)));
        format!("{}{}", self.state.name(), used.unwrap_or_default())
    }
}

impl Display for Standing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let token = &self.token;
        write!(f, "{}  {}", token.serial, self.said())?;
        let retires = token.retire_after_hours;
        for (name, value) in [
            ("opens", Some(token.opens.clone())),
            ("issued", Some(time(token.created_at))),
            ("good until", Some(time(token.expires_at))),
            (
                "retires",
                retires
                    .map(|hours| format!("the old certificate, {hours} hours after the new one")),
            ),
            ("certificate", token.certificate_id.clone()),
        ] {
            if let Some(value) = value {
                write!(f, "\n  {name:11}  {value}")?;
            }
        }
        Ok(())
    }
}

/// A time in seconds since 1970, ISO 8601; one that no calendar has stays a number.
pub fn time(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds);
    time.map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_documents::Serial;

    #[test]
    fn a_token_that_was_used_says_when_and_what_it_gave() {
        let token = Token {
            serial: Serial::new("sensor-1").unwrap(),
            opens: "both".to_owned(),
            created_at: 0,
            expires_at: 86_400,
            retire_after_hours: Some(48),
            spent_at: Some(3600),
            certificate_id: Some("ab".to_owned()),
        };
        let standing = Standing::new(token, 7200);
        let lines: Vec<_> = [
            "sensor-1  used 1970-01-01T01:00:00Z",
            "opens        both",
            "issued       1970-01-01T00:00:00Z",
            "good until   1970-01-02T00:00:00Z",
            "retires      the old certificate, 48 hours after the new one",
            "certificate  ab",
        ]
        .into();
        assert_eq!(standing.to_string(), lines.join("\n  "));
        let json = serde_json::to_value(&standing).unwrap();
        assert_eq!(
            (&json["state"], &json["spentAt"]),
            (&"used".into(), &3600.into())
        );
    }
}
