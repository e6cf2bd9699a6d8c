//! What one way to a certificate adds to what all have in common.

use crate::device::{Device, Link};
use crate::{Trouble, VendingAnswer};

/// A way to another certificate of the device's own: what is said on the connection with the certificate that it asks
/// with.
///
/// It speaks only in [`Stage::Asking`](crate::device::Stage::Asking). [`Device`] does the rest: it connects, proves the
/// new certificate and ends.
pub(crate) trait Way {
    /// Begins, or goes on from what is kept, with nothing at hand that could be proven. Reaching the cloud is the
    /// caller's.
    fn begin(&mut self, device: &mut Device);

    /// Reaches the cloud to ask it: most ways connect.
    fn reach(&mut self, device: &mut Device) {
        device.connect();
    }

    /// Waits before it reaches the cloud again, which was lost.
    fn wait_to_reach(&mut self, device: &mut Device) {
        device.wait_to_connect();
    }

    /// Takes the answer to what was asked over HTTPS. Most ways ask nothing so.
    fn answered(&mut self, _: &mut Device, _: &VendingAnswer) {}

    /// What a new connection subscribes to, at most 8 topics (AWS IoT's limit for one SUBSCRIBE).
    fn topics(&self) -> Vec<String>;

    /// Says what is to be said now: the subscription holds, or nothing has come in time.
    fn speak(&mut self, device: &mut Device);

    /// Takes a message.
    fn hear(&mut self, device: &mut Device, topic: &str, payload: &[u8]);

    /// The connection is gone; it had come as far as `link`.
    fn lost(&mut self, device: &mut Device, trouble: &Trouble, link: Link);

    /// The endpoint refused the pending certificate, or closed without a word. It is kept until another takes its
    /// place: it may still turn out to be the one that works.
    fn pending_refused(&mut self, device: &mut Device);
}
