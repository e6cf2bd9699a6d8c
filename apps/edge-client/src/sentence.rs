//! What there is to tell, as sentences for a person.

use muster_device::Progress;

/// Enough of a certificate's id to tell it from others.
const SHORT_ID: usize = 12;

/// The beginning of a certificate's id.
pub fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

/// A step as a sentence; `None` for one that the end tells anyway.
pub fn sentence(progress: &Progress) -> Option<String> {
    let sentence = match progress {
        Progress::Connected { client_id } => {
            format!("connected with the claim certificate as {client_id}")
        }
        Progress::Requested { attempt: 1 } => "asked for a certificate".into(),
        Progress::Requested { attempt } => format!("asked for a certificate (attempt {attempt})"),
        Progress::ManifestReceived {
            length,
            chunks,
            packet_bytes,
        } => format!(
            "a certificate of {length} bytes is coming in {chunks} chunks (packet of {packet_bytes} bytes)"
        ),
        Progress::ChunkReceived {
            index,
            of,
            packet_bytes,
        } => {
            format!(
                "chunk {} of {of} came (packet of {packet_bytes} bytes)",
                index + 1
            )
        }
        Progress::PartReceived { part, packet_bytes } => {
            format!("{part} came (packet of {packet_bytes} bytes)")
        }
        Progress::Vended {
            certificate_id,
            with_key,
            endpoint,
        } => format!(
            "the API gave certificate {}{}, to be used at {endpoint}",
            short(certificate_id),
            if *with_key { " and its key" } else { "" },
        ),
        Progress::CertificateMade {
            certificate_id,
            with_key,
            packet_bytes,
        } => format!(
            "certificate {} was made{} (packet of {packet_bytes} bytes)",
            short(certificate_id),
            if *with_key { ", and its key" } else { "" },
        ),
        Progress::AskingOtherwise { with_key, because } => format!(
            "{because}; asks for a certificate {}",
            if *with_key {
                "whose key the cloud makes"
            } else {
                "for its own key"
            }
        ),
        Progress::RegistrationRequested { attempt: 1 } => "asked to be provisioned".into(),
        Progress::RegistrationRequested { attempt } => {
            format!("asked to be provisioned (attempt {attempt})")
        }
        Progress::Registered { thing_name } => {
            format!("the cloud says that {thing_name} is provisioned")
        }
        Progress::Acknowledged { missing: 0 } => "said that the certificate is complete".into(),
        Progress::Acknowledged { missing } => format!("asked for {missing} missing chunks"),
        Progress::Stored { certificate_id } => {
            format!(
                "kept certificate {} beside the old one",
                short(certificate_id)
            )
        }
        Progress::Activated => "the cloud says that it works now".into(),
        Progress::Reconnected { client_id } => {
            format!("connected with the device's own certificate as {client_id}")
        }
        Progress::Published { topic } => format!("published on {topic}"),
        Progress::Promoted => "the new certificate is the current one".into(),
        Progress::Refused {
            code,
            message,
            retryable,
        } => format!(
            "refused: {code} {message} ({})",
            if *retryable {
                "will try again"
            } else {
                "for good"
            }
        ),
        Progress::Waiting {
            because,
            milliseconds,
        } => {
            let (seconds, tenths) = (milliseconds / 1000, milliseconds % 1000 / 100);
            format!("{because}; next try in {seconds}.{tenths} s")
        }
        Progress::Finished { .. } => return None,
        other => return of_a_rotation(other),
    };
    Some(sentence)
}

/// A step of a device that stays or rotates.
fn of_a_rotation(progress: &Progress) -> Option<String> {
    let sentence = match progress {
        Progress::WaitingForAlerts { topic } => format!("waits for alerts on {topic}"),
        Progress::AlertReceived {
            deadline,
            days_left,
            ..
        } => {
            let deadline = deadline.as_ref().map(|day| format!(" by {day}"));
            let left = days_left.map(|days| format!(" ({days} days left)"));
            format!(
                "the cloud asks for another certificate{}{}",
                deadline.unwrap_or_default(),
                left.unwrap_or_default()
            )
        }
        Progress::RotationStarted { certificate_id } => {
            format!("begins to replace certificate {}", short(certificate_id))
        }
        Progress::Rotated {
            certificate_id,
            replaced,
            ..
        } => format!(
            "certificate {} has taken the place of {}",
            short(certificate_id),
            short(replaced)
        ),
        Progress::RotationPutOff { because } => {
            format!("{because}; goes on with the certificate that it has until the next alert")
        }
        _ => return None,
    };
    Some(sentence)
}
