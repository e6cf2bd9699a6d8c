//! A device's timeline, as a person reads it.

use crate::token::{Standing, time};
use muster_cloud::operator::{Device, DeviceRotation, TimelineEntry, Token};
use muster_documents::Serial;
use muster_onboarding::rotation::Day;
use serde::Serialize;
use std::fmt::{self, Display, Formatter};

/// What is said of a device that was given a certificate over HTTPS, until it has used that.
pub const NOT_CONNECTED: &str = "has not connected yet";

/// A device and its timeline.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown<'a> {
    /// Who.
    pub serial: &'a Serial,
    /// Its item; `None` if nobody imported it.
    pub device: Option<Device>,
    /// The last day on which it may renew its certificate in time, if it was notified.
    pub deadline: Option<Day>,
    /// Its token, if it has one.
    pub token: Option<Standing>,
    /// How often a wrong token was shown for it in the last hour.
    pub wrong_tokens_last_hour: i64,
    /// The certificates of its name that were handed out.
    pub handed_out: Vec<HandedOut>,
    /// Its requests, oldest first.
    pub timeline: Vec<TimelineEntry>,
}

/// A certificate that was handed out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HandedOut {
    /// Its id.
    pub certificate_id: String,
    /// The CA that signed it; `None` where AWS IoT did.
    pub ca_certificate_id: Option<String>,
    /// When it ends, ISO 8601.
    pub not_after: String,
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.device {
            None if self.token.is_some() => write!(f, "{}  known by its token alone", self.serial)?,
            None => write!(
                f,
                "{}  not known; `muster device import` makes it known",
                self.serial
            )?,
            Some(device) => {
                write!(f, "{}  {}", self.serial, device.state)?;
                let unproven = device.unproven_certificate_id.as_ref();
                let connection = unproven.map(|_| NOT_CONNECTED.to_owned());
                for (name, value) in [
                    ("model", &device.model),
                    ("fleet", &device.fleet),
                    ("claim", &device.claim_certificate_id),
                    ("only by", &device.route),
                    ("certificate", &device.certificate_id),
                    ("connection", &connection),
                    ("under way", &device.pending_certificate_id),
                    ("client id", &device.client_id),
                    ("execution", &device.execution),
                    ("changed", &device.updated_at),
                ] {
                    if let Some(value) = value {
                        write!(f, "\n  {name:11}  {value}")?;
                    }
                }
                self.write_rotation(f, &device.rotation)?;
            }
        }
        self.write_token(f)?;
        for one in &self.handed_out {
            let issuer = one.ca_certificate_id.as_ref();
            let issuer = issuer.map_or_else(|| "AWS IoT".to_owned(), |ca| format!("CA {ca}"));
            write!(
                f,
                "\n  handed out   {} of {issuer}, until {}",
                one.certificate_id, one.not_after
            )?;
        }
        for entry in &self.timeline {
            write!(f, "{}", Entry(entry))?;
        }
        Ok(())
    }
}

impl Shown<'_> {
    /// Whether anything is known of it.
    pub fn is_known(&self) -> bool {
        self.device.is_some()
            || self.token.is_some()
            || !self.timeline.is_empty()
            || !self.handed_out.is_empty()
    }

    fn write_token(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(standing) = &self.token {
            let Token {
                opens, expires_at, ..
            } = &standing.token;
            let (state, end) = (standing.said(), time(*expires_at));
            write!(f, "\n  token        {state}; opens {opens}, until {end}")?;
        }
        match self.wrong_tokens_last_hour {
            0 => Ok(()),
            times => write!(f, "\n  wrong token  shown {times} times in the last hour"),
        }
    }

    fn write_rotation(&self, f: &mut Formatter<'_>, rotation: &DeviceRotation) -> fmt::Result {
        let in_force = rotation.issued_on.map(|day| format!("since {day}"));
        // Who was notified is due, and reminded every day.
        let due_on = rotation.rotation_day.map(|day| day.to_string());
        let due_on = due_on.filter(|_| rotation.asked_since.is_none());
        let notified = rotation.asked_since.zip(self.deadline);
        let notified = notified.map(|(since, end)| format!("since {since}, its deadline is {end}"));
        let next = rotation.next_certificate_id.as_ref();
        let next = next.map(|id| format!("{id}, not connected with yet"));
        let end = if rotation.overdue_done {
            ""
        } else {
            ", not finished"
        };
        let overdue = rotation.overdue_action.as_ref();
        let overdue = overdue.map(|action| format!("{action}{end}"));
        for (name, value) in [
            ("in force", in_force),
            ("due on", due_on),
            ("ordered", rotation.ordered_at.clone()),
            ("notified", notified),
            ("next", next),
            ("retiring", rotation.retiring_certificate_id.clone()),
            ("overdue", overdue),
        ] {
            if let Some(value) = value {
                write!(f, "\n  {name:11}  {value}")?;
            }
        }
        Ok(())
    }
}

/// One entry of a timeline, under an empty line.
pub struct Entry<'a>(pub &'a TimelineEntry);

impl Display for Entry<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(entry) = self;
        write!(f, "\n\n{}  {}", entry.at, entry.event)?;
        if let (Some(code), Some(message)) = (&entry.code, &entry.message) {
            write!(f, "\n  why          {code}: {message}")?;
        }
        if let Some(failure) = &entry.failure {
            write!(f, "\n  failed with  {failure} (docs/errors/{failure}.md)")?;
        }
        if let Some(claim) = &entry.claim_certificate_id {
            write!(f, "\n  claim        {claim}")?;
        }
        write!(f, "\n  execution    {}", entry.execution)?;
        for step in &entry.steps {
            write!(f, "\n  {}  {}", step.at, step.did)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(serial: &Serial, device: Device) -> String {
        let shown = Shown {
            serial,
            device: Some(device),
            deadline: None,
            token: None,
            wrong_tokens_last_hour: 0,
            handed_out: Vec::new(),
            timeline: Vec::new(),
        };
        shown.to_string()
    }

    #[test]
    fn a_device_that_was_given_a_certificate_and_never_used_it_is_said_not_to_have_connected() {
        let serial = Serial::new("sensor-1").unwrap();
        let given = Device {
            state: "provisioned".to_owned(),
            certificate_id: Some("ab".to_owned()),
            unproven_certificate_id: Some("ab".to_owned()),
            ..Device::default()
        };
        let connected = Device {
            unproven_certificate_id: None,
            ..given.clone()
        };
        assert_eq!(
            shown(&serial, given),
            "sensor-1  provisioned\n\
             \x20 certificate  ab\n\
             \x20 connection   has not connected yet"
        );
        assert!(!shown(&serial, connected).contains("connection"));
    }

    #[test]
    fn a_device_of_which_there_is_a_token_alone_is_known_by_it() {
        let serial = Serial::new("sensor-1").unwrap();
        let token = Token {
            serial: serial.clone(),
            opens: "certificate".to_owned(),
            created_at: 0,
            expires_at: 60,
            retire_after_hours: None,
            spent_at: None,
            certificate_id: None,
        };
        let mut shown = Shown {
            serial: &serial,
            device: None,
            deadline: None,
            token: Some(Standing::new(token, 0)),
            wrong_tokens_last_hour: 12,
            handed_out: Vec::new(),
            timeline: Vec::new(),
        };
        assert!(shown.is_known());
        assert_eq!(
            shown.to_string(),
            "sensor-1  known by its token alone\n\
             \x20 token        unused; opens certificate, until 1970-01-01T00:01:00Z\n\
             \x20 wrong token  shown 12 times in the last hour"
        );
        (shown.token, shown.wrong_tokens_last_hour) = (None, 0);
        assert!(!shown.is_known());
        assert_eq!(
            shown.to_string(),
            "sensor-1  not known; `muster device import` makes it known"
        );
    }
}
