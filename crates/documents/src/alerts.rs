//! What the cloud asks of a device that has its certificate. The seed's names, which devices in the field know (mission,
//! section 5).

use crate::Serial;

/// The first part of the topics on which a device rotates its certificate in chunks, where nobody sets another. The
/// rest is that of [`Topics`](crate::Topics), with the thing's name as the client id.
pub const DEFAULT_ROTATION_PREFIX: &str = "rotate";

/// The field `msg` of the alert that asks a device to rotate its certificate.
pub const ROTATE_CERT: &str = "rotate_cert";

/// Where this thing's alerts come: `cmd/<thingName>/alerts`.
pub fn alerts_topic(thing_name: &Serial) -> String {
    format!("cmd/{thing_name}/alerts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_is_the_seeds_own() {
        let thing_name = Serial::new("gateway-1").unwrap();
        assert_eq!(alerts_topic(&thing_name), "cmd/gateway-1/alerts");
    }
}
