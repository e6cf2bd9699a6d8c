//! What `muster dlq` does: looks at dead-letter queues, puts their messages back, and takes them away.
//!
//! A queue is walked ten messages at a time, in whatever order SQS gives them. What was received is hidden from others until it
//! is given back, at the end, or two minutes later if the program was killed. To look costs a message nothing: these queues have
//! no dead-letter queue of their own, so that it does not matter how often one was received.
//!
//! SQS's own `StartMessageMoveTask` would do for `--all` alone. It cannot leave behind what would end here again, or what must
//! not be served late, finds no way back for what was sent here and not moved, says nothing of single messages, and the local
//! stack has none.

mod chosen;
mod discard;
mod interrupt;
mod letter_box;
mod look;
mod overview;
#[cfg(test)]
mod played;
mod put_back;
mod walk;

pub use chosen::Chosen;
pub use discard::{Discarded, discard};
pub use interrupt::Interrupt;
pub use letter_box::LetterBox;
pub use look::{Looked, SeenMessage, Wanted, look};
pub use overview::{Oldest, Overview, overview};
pub use put_back::{Named, PutBack, Putting, Stayed, put_back};
