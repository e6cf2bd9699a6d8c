//! Whether messages were given up.

use super::{Finding, Patient};
use crate::commands::Failure;
use muster_documents::dead_letters::DeadLetterQueue;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    let mut found = Vec::new();
    for queue in DeadLetterQueue::ALL {
        let depth = patient.target.dead_letters(queue)?.depth().await?;
        found.extend(judge(queue.names().url_output, depth.visible));
    }
    Ok(found)
}

fn judge(output: &str, messages: u64) -> Option<Finding> {
    let advice =
        "muster dlq list, and docs/runbooks/DeadLetters.md: look why, then send them again";
    (messages > 0).then(|| Finding::problem(format!("{messages} messages are in {output}"), advice))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::Checkout;
    use std::path::Path;

    #[test]
    fn one_message_is_one_too_many() {
        assert_eq!(judge("ConnectionDeadLetterQueueUrl", 0), None);
        let found = judge("ConnectionDeadLetterQueueUrl", 1).unwrap();
        assert!(found.said.contains("ConnectionDeadLetterQueueUrl"));
    }

    #[test]
    fn every_dead_letter_queue_of_the_template_is_looked_at() {
        let checkout = Checkout::above(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let template = std::fs::read_to_string(checkout.template()).unwrap();
        let (_, outputs) = template.split_once("\nOutputs:").unwrap();
        let outputs = outputs
            .lines()
            .filter_map(|line| line.trim().split_once(':'));
        let mut queues: Vec<_> = outputs
            .map(|(name, _)| name)
            .filter(|name| name.ends_with("DeadLetterQueueUrl"))
            .collect();
        queues.sort_unstable();
        let mut looked_at = DeadLetterQueue::ALL.map(|queue| queue.names().url_output);
        looked_at.sort_unstable();
        assert_eq!(queues, looked_at);
    }
}
