//! The port to a dead-letter queue.

use muster_cloud::operator::{DeadLetters, Depth, HeldMessage};
use muster_onboarding::CloudFailure;

/// A dead-letter queue; see [`DeadLetters`].
pub trait LetterBox {
    /// How many messages there are.
    fn depth(&self) -> impl Future<Output = Result<Depth, CloudFailure>>;

    /// Up to ten messages, hidden from others for so many seconds.
    fn receive(&self, seconds: i32)
    -> impl Future<Output = Result<Vec<HeldMessage>, CloudFailure>>;

    /// Ends the hiding.
    fn give_back(&self, receipts: &[String]) -> impl Future<Output = Result<(), CloudFailure>>;

    /// Sends a message to the queue that it came from.
    fn put_back(&self, message: &HeldMessage) -> impl Future<Output = Result<(), CloudFailure>>;

    /// Takes a message away.
    fn remove(&self, message: &HeldMessage) -> impl Future<Output = Result<(), CloudFailure>>;
}

impl LetterBox for DeadLetters {
    async fn depth(&self) -> Result<Depth, CloudFailure> {
        self.depth().await
    }

    async fn receive(&self, seconds: i32) -> Result<Vec<HeldMessage>, CloudFailure> {
        self.receive(seconds).await
    }

    async fn give_back(&self, receipts: &[String]) -> Result<(), CloudFailure> {
        self.give_back(receipts).await
    }

    async fn put_back(&self, message: &HeldMessage) -> Result<(), CloudFailure> {
        self.put_back(message).await
    }

    async fn remove(&self, message: &HeldMessage) -> Result<(), CloudFailure> {
        self.remove(message).await
    }
}
