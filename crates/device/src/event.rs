//! What happens to a device, and what it does about it.

use crate::{Credentials, Progress, Refused, UnfinishedDelivery, VendingAnswer, VendingRequest};
use secrecy::SecretSlice;
use std::time::Duration;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The connection that was asked for is up (CONNACK).
    Connected,
    /// The subscription that was asked for holds (SUBACK).
    Subscribed,
    /// A message came.
    Message {
        /// On which topic.
        topic: String,
        /// With what in it. A key that the cloud made comes so, and a token.
        payload: SecretSlice<u8>,
    },
    /// A publication has arrived (PUBACK).
    Delivered,
    /// The answer to what was asked over HTTPS.
    Answered(VendingAnswer),
    /// There is no connection any more, or it could not be made, or nothing answers over HTTPS.
    Lost(Trouble),
    /// Time has passed.
    Tick,
}

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Whether the endpoint was reached and said no, or closed without a word, which is how AWS IoT says it. With the
    /// new certificate it is a reason to doubt that it works yet; an unreachable endpoint is not.
    pub refused: bool,
    /// For a person: what failed.
    pub what: String,
}

/// Something to do, in the order given. What is to be kept has to be kept before anything after it is done.
#[derive(Debug, Clone)]
pub enum Action {
    /// Keep it, so that it outlives a restart.
    Keep(Keep),
    /// Drop any connection and make this one (MQTT 3.1.1, clean session).
    Connect {
        /// The MQTT client id.
        client_id: String,
        /// Which certificate to show.
        identity: Identity,
    },
    /// Ask this over HTTPS (`POST /certificates` of the stack's API for devices). What comes of it is
    /// [`Event::Answered`] or [`Event::Lost`].
    Ask {
        /// What to ask.
        request: VendingRequest,
        /// How long the whole exchange may take.
        within: Duration,
    },
    /// Subscribe to these topics at `QoS` 1, in one packet.
    Subscribe(Vec<String>),
    /// Publish at `QoS` 1.
    Publish {
        /// The topic.
        topic: String,
        /// The payload. A token and a voucher may be in it.
        payload: SecretSlice<u8>,
    },
    /// End the connection, or the exchange over HTTPS.
    Disconnect,
    /// Tell whoever watches.
    Report(Progress),
    /// It is over.
    End(Ending),
}

/// What to keep.
#[derive(Debug, Clone)]
pub enum Keep {
    /// A delivery under way.
    Delivery(UnfinishedDelivery),
    /// A new certificate, complete.
    Pending(Credentials),
    /// The pending certificate has worked: it is the current one.
    Promotion,
    /// A rotation was refused for good: its delivery and its pending certificate are of no use any more. The current
    /// one stays.
    RotationOver,
}

/// Which certificate a connection shows.
#[derive(Debug, Clone)]
pub enum Identity {
    /// The claim certificate.
    Claim,
    /// The device's own.
    Own(Credentials),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The device has connected and published with its own certificate.
    Provisioned {
        /// The thing's name.
        thing_name: String,
        /// The certificate's id (SHA-256 of its DER, hex).
        certificate_id: String,
    },
    /// The cloud said no for good.
    Refused(Refused),
    /// It did not work in the time that there was. What is held is kept; another run goes on from there.
    GaveUp {
        /// What stood in the way last.
        because: String,
    },
}
