//! What a world asks of the cloud in it, whichever way its device goes.

use super::cloud::{Cloud, Message};
use muster_device::{Held, VendingAnswer, VendingRequest};

pub trait Service {
    /// Who signs its certificates.
    fn authority(&self) -> &Cloud;

    /// A connection begins.
    fn connected(&mut self) {}

    /// It is with this certificate of the device's own.
    fn connected_with(&mut self, _der: &[u8]) {}

    /// What is published next comes with this certificate; `None` is the claim certificate.
    fn speaker(&mut self, _certificate: Option<&[u8]>) {}

    /// Whether these topics may be subscribed to.
    fn subscribe(&mut self, topics: &[String]) -> bool;

    /// The device is about to publish this and holds that: panics if it must not.
    fn before_publishing(&self, _topic: &str, _payload: &[u8], _held: &Held) {}

    /// Takes a publication of the device and answers what to publish; `None` ends the connection.
    fn publish(&mut self, topic: &str, payload: &[u8]) -> Option<Vec<Message>>;

    /// Answers what a device that holds this asks over HTTPS.
    fn vend(&mut self, request: &VendingRequest, _held: &Held) -> VendingAnswer {
        panic!("nothing is asked over HTTPS here: {request:?}");
    }

    /// Whether a connection with this certificate is taken.
    fn takes(&self, der: &[u8]) -> bool;

    /// A publication with this certificate has arrived.
    fn hello(&mut self, der: &[u8]);

    /// The certificates with which one has.
    fn proven(&self) -> &[Vec<u8>];

    /// Takes back what isn't in use yet.
    fn abandon(&mut self);

    /// What the cloud says by itself to a device that waits; `None` if nothing more will come.
    fn alert(&mut self) -> Option<Message> {
        None
    }

    /// Whether a device may ask with a certificate of its own.
    fn rotates(&self) -> bool {
        false
    }

    /// Whether a device that holds this isn't locked out.
    fn leaves_a_way_in(&self, _held: &Held) -> bool {
        true
    }
}

impl Service for Cloud {
    fn authority(&self) -> &Cloud {
        self
    }

    fn subscribe(&mut self, topics: &[String]) -> bool {
        let expected = [self.topics().accepted(), self.topics().rejected()];
        assert_eq!(topics, expected);
        true
    }

    fn publish(&mut self, topic: &str, payload: &[u8]) -> Option<Vec<Message>> {
        Some(self.publish(topic, payload))
    }

    fn takes(&self, der: &[u8]) -> bool {
        self.takes(der)
    }

    fn hello(&mut self, der: &[u8]) {
        self.hello(der);
    }

    fn proven(&self) -> &[Vec<u8>] {
        &self.proven
    }

    fn abandon(&mut self) {
        self.abandon();
    }
}
