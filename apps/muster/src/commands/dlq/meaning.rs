//! What a message in a dead-letter queue means.

use muster_documents::dead_letters::{DeadLetterQueue, LetterKind};

/// What is said of a queue.
#[derive(Debug, Clone, Copy)]
pub struct Meaning {
    /// Who puts messages into the queue whose messages end there.
    pub fed_by: &'static str,
    /// What a message there means.
    pub means: &'static str,
    /// What to do.
    pub advice: &'static str,
}

/// What is said of a queue. docs/operations.md has more of it.
pub fn meaning(queue: DeadLetterQueue) -> Meaning {
    match queue {
        DeadLetterQueue::ClaimRequest => Meaning {
            fed_by: "ClaimRequestRule, RotationRequestRule",
            means: "a device asked for a certificate and was not answered",
            advice: "put back what is young; devices ask again by themselves, so that most of what is old is stale",
        },
        DeadLetterQueue::Acknowledgement => Meaning {
            fed_by: "AcknowledgementRule, RotationAcknowledgementRule; in legacy mode ConnectionRule",
            means: "a device has its certificate, and the workflow that waits does not know it",
            advice: "drop acknowledgements, which devices repeat; in legacy mode put connections back",
        },
        DeadLetterQueue::Registration => Meaning {
            fed_by: "RegistrationRule, jitr-activation, certificate-reconciler",
            means: "a device brought a certificate and was not let in",
            advice: "put back once the reason is gone; or wait for the device, which is announced again when it tries to connect",
        },
        DeadLetterQueue::Connection => Meaning {
            fed_by: "PresenceRule, pre-provisioning-hook, chunked-rotation, replacement-deadline, device-reconciler",
            means: "a device connected, perhaps with a next certificate, which is not in force yet then",
            advice: "put back: the ledger is asked anew",
        },
        DeadLetterQueue::Registry => Meaning {
            fed_by: "RegistryRule, thing-reconciler",
            means: "a thing was changed, and the ledger may lack its date",
            advice: "put back: what the thing says then is taken over",
        },
    }
}

/// What a message is, with whose it is.
pub fn kind(kind: LetterKind) -> &'static str {
    match kind {
        LetterKind::Request => "a request",
        LetterKind::KeylessRequest => "a request without a CSR",
        LetterKind::Acknowledgement => "an acknowledgement",
        LetterKind::Connection => "a connection",
        LetterKind::Registration => "a registered certificate",
        LetterKind::ThingChange => "a change of a thing",
        LetterKind::RuleReport => "a topic rule's report",
        LetterKind::Unreadable => "unreadable",
    }
}
