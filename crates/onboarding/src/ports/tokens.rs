//! What letting a device in by its token needs of the world.

use crate::CloudFailure;
use crate::tokens::Opens;
use muster_documents::Serial;
use serde_json::Value;
use std::future::Future;

/// What the ledger says of a serial's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// The keyed hash of its digest.
    pub mac: Vec<u8>,
    /// What it is good for.
    pub opens: Opens,
    /// Until when, in seconds since 1970.
    pub expires_at: i64,
}

/// Makes the keyed hashes by which the ledger knows tokens, with a key that never leaves the cloud's key store.
pub trait TokenKey {
    /// The keyed hash of a token's digest.
    fn token_mac(&self, digest: &str)
    -> impl Future<Output = Result<Vec<u8>, CloudFailure>> + Send;
}

/// Of what a minute's requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted<'a> {
    /// The address that they come from.
    Source(&'a str),
    /// The serial that they name, with its token.
    Right(&'a Serial),
    /// The serial that they name, with another's token or none.
    Wrong(&'a Serial),
}

/// The ledger's view of tokens.
pub trait TokenLedger {
    /// What it says of a serial's token, read consistently. `None` if the serial has none.
    fn token(
        &self,
        serial: &Serial,
    ) -> impl Future<Output = Result<Option<TokenRecord>, CloudFailure>> + Send;
    /// Counts a request at the time `now`, in seconds since 1970; answers how many there were in that minute, with it.
    fn count_request_of(
        &self,
        who: Counted<'_>,
        now: i64,
    ) -> impl Future<Output = Result<i64, CloudFailure>> + Send;
}

/// What came of an express execution.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpressOutcome {
    /// It ended well, with this output.
    Done(Value),
    /// It failed, with this error's name.
    Failed(String),
    /// It goes on, and takes longer than an answer may.
    Unfinished,
}

/// Runs express workflows.
pub trait ExpressWorkflow {
    /// Runs one execution to its end, once: it is not started anew whatever happens.
    fn run_express(
        &self,
        name: &str,
        input: &Value,
    ) -> impl Future<Output = Result<ExpressOutcome, CloudFailure>> + Send;
}
