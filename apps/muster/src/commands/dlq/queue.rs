//! Which queue, as the command line names it.

use super::meaning::meaning;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use muster_documents::dead_letters::DeadLetterQueue;

/// A dead-letter queue, by its name or by what the template calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue(pub DeadLetterQueue);

/// See [`DeadLetterQueue::ALL`].
const ALL: [Queue; 5] = [
    Queue(DeadLetterQueue::ClaimRequest),
    Queue(DeadLetterQueue::Acknowledgement),
    Queue(DeadLetterQueue::Registration),
    Queue(DeadLetterQueue::Connection),
    Queue(DeadLetterQueue::Registry),
];

impl ValueEnum for Queue {
    fn value_variants<'a>() -> &'a [Self] {
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let names = self.0.names();
        let value = PossibleValue::new(names.name).alias(names.resource);
        Some(value.help(meaning(self.0).means))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_queue_can_be_named_also_as_the_template_names_it() {
        assert_eq!(ALL.map(|queue| queue.0), DeadLetterQueue::ALL);
        for queue in ALL {
            let names = queue.0.names();
            for name in [names.name, names.resource] {
                assert_eq!(Queue::from_str(name, true), Ok(queue), "{name}");
            }
        }
        assert!(Queue::from_str("ClaimRequestQueue", true).is_err());
    }
}
