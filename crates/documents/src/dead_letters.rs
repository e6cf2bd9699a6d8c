//! The dead-letter queues: which there are, and what their messages say.

mod letter;
mod masked;

pub use letter::{Letter, LetterKind};

/// A dead-letter queue of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeadLetterQueue {
    /// Requests for a certificate.
    ClaimRequest,
    /// Acknowledgements, and in legacy mode first connections.
    Acknowledgement,
    /// Certificates that devices brought.
    Registration,
    /// Connections, with which a next certificate takes force.
    Connection,
    /// Changes of things.
    Registry,
}

/// What the template calls a dead-letter queue and what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueNames {
    /// What the operator calls it.
    pub name: &'static str,
    /// The queue's logical id.
    pub resource: &'static str,
    /// The logical id of the queue whose messages end here.
    pub source: &'static str,
    /// The function that takes the source's messages.
    pub function: &'static str,
    /// The stack's output with the queue's URL.
    pub url_output: &'static str,
    /// The stack's output with the source's URL.
    pub source_url_output: &'static str,
    /// The stack's output with the name of the alarm that tells of messages here.
    pub alarm_output: &'static str,
}

macro_rules! names {
    ($name:literal, $stem:literal, $function:literal) => {
        &QueueNames {
            name: $name,
            resource: concat!($stem, "DeadLetterQueue"),
            source: concat!($stem, "Queue"),
            function: $function,
            url_output: concat!($stem, "DeadLetterQueueUrl"),
            source_url_output: concat!($stem, "QueueUrl"),
            alarm_output: concat!($stem, "DeadLetterAlarmName"),
        }
    };
}

impl DeadLetterQueue {
    /// All that there are.
    pub const ALL: [Self; 5] = [
        Self::ClaimRequest,
        Self::Acknowledgement,
        Self::Registration,
        Self::Connection,
        Self::Registry,
    ];

    /// What it and what belongs to it are called.
    pub fn names(self) -> &'static QueueNames {
        match self {
            Self::ClaimRequest => names!("claim-request", "ClaimRequest", "claim-intake"),
            Self::Acknowledgement => {
                names!(
                    "acknowledgement",
                    "Acknowledgement",
                    "delivery-acknowledger"
                )
            }
            Self::Registration => names!("registration", "Registration", "jitr-activator"),
            Self::Connection => names!("connection", "Connection", "rotation-completer"),
            Self::Registry => names!("registry", "Registry", "registry-follower"),
        }
    }
}
