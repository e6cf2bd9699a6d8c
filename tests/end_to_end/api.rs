//! The REST API: who is let in, what is answered, and that a refusal leaves nothing.

pub mod caller;
mod failing;
mod refused;
mod signed;

use crate::authorities::vault::vault;
use crate::authorities::{VERIFIERS, authorities};
use crate::support::Stack;
use caller::{Answer, Asked, Caller, ask_unsigned};

/// A stack that takes requests as fast as a test sends them.
async fn open_stack() -> Stack {
    Stack::start(&[
        VERIFIERS,
        ("ApiRateLimit", "1000"),
        ("ApiBurstLimit", "1000"),
    ])
    .await
}

/// Nothing was made, nor left half-made.
async fn has_nothing(stack: &Stack) {
    assert_eq!(authorities(stack).await, Vec::<String>::new());
    assert!(vault(stack).await.is_empty());
}
