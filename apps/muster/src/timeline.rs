//! A device's timeline, as a person reads it.

use muster_cloud::operator::{Device, DeviceRotation, TimelineEntry};
use muster_documents::Serial;
use muster_onboarding::rotation::Day;
use serde::Serialize;
use std::fmt::{self, Display, Formatter};

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
            None => write!(
                f,
                "{}  not known; `muster device import` makes it known",
                self.serial
            )?,
            Some(device) => {
                write!(f, "{}  {}", self.serial, device.state)?;
                for (name, value) in [
                    ("model", &device.model),
                    ("fleet", &device.fleet),
                    ("claim", &device.claim_certificate_id),
                    ("only by", &device.route),
                    ("certificate", &device.certificate_id),
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
        write!(f, "\n  execution    {}", entry.execution)?;
        for step in &entry.steps {
            write!(f, "\n  {}  {}", step.at, step.did)?;
        }
        Ok(())
    }
}
