//! The ways in that a demo plays, and which devices take which.

use clap::ValueEnum;
use muster_documents::{Mode, Route};
use muster_onboarding::ledger::WayIn;
use serde::Serialize;

/// How a device comes to a certificate of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// With a claim certificate and its own key, in chunks.
    Chunked,
    /// With a claim certificate and a key from the cloud.
    Legacy,
    /// With a certificate of a CA whose devices Muster's workflow lets in.
    Jitr,
    /// With a certificate of a CA whose devices AWS IoT itself provisions.
    Jitp,
    /// With a fleet's claim certificate, by AWS IoT's own fleet provisioning.
    Fleet,
    /// With a token and its own key, over HTTPS.
    Vending,
}

/// What a way in begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// The claim certificate, and this mode.
    Claim(Mode),
    /// A certificate authority of this route.
    Authority(Route),
    /// A fleet.
    Fleet,
    /// A token for each device.
    Token,
}

impl Way {
    /// All of them, in the order of the report.
    pub const ALL: [Self; 6] = [
        Self::Chunked,
        Self::Legacy,
        Self::Jitr,
        Self::Jitp,
        Self::Fleet,
        Self::Vending,
    ];

    /// Its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chunked => "chunked",
            Self::Legacy => "legacy",
            Self::Jitr => "jitr",
            Self::Jitp => "jitp",
            Self::Fleet => "fleet",
            Self::Vending => "vending",
        }
    }

    /// What it begins with.
    pub fn beginning(self) -> Beginning {
        match self {
            Self::Chunked => Beginning::Claim(Mode::Chunked),
            Self::Legacy => Beginning::Claim(Mode::Legacy),
            Self::Jitr => Beginning::Authority(Route::Jitr),
            Self::Jitp => Beginning::Authority(Route::Jitp),
            Self::Fleet => Beginning::Fleet,
            Self::Vending => Beginning::Token,
        }
    }

    /// Whether its devices renew their certificates by themselves: those with a key of their own do, where no CA of an
    /// operator's has signed the certificate.
    pub fn rotates(self) -> bool {
        matches!(self, Self::Chunked | Self::Fleet | Self::Vending)
    }

    /// What its serials are imported for.
    pub fn way_in(self) -> WayIn {
        match self.beginning() {
            Beginning::Claim(_) | Beginning::Fleet => WayIn::Claim,
            Beginning::Authority(_) => WayIn::Certificate,
            Beginning::Token => WayIn::Token,
        }
    }
}

/// Which ways in are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Routes {
    /// With a claim certificate: in chunks and, where the stack makes keys, in legacy mode
    Claim,
    /// Just-in-time registration: with a certificate of a CA, let in by Muster's workflow
    Jitr,
    /// Just-in-time provisioning: with a certificate of a CA, let in by AWS IoT itself
    Jitp,
    /// Fleet provisioning: with a fleet's claim certificate, let in by Muster's hook
    Fleet,
    /// Vending: with nothing but a token, over HTTPS
    Vending,
    /// All of these, in turn
    All,
}

impl Routes {
    /// The ways in that so many devices take in turn, on a stack that makes keys (`legacy`) or makes none.
    pub fn ways(self, legacy: bool, devices: u16) -> Vec<Way> {
        let taken = |way: &Way| match way {
            Way::Chunked => self.has(Self::Claim),
            Way::Legacy => self.has(Self::Claim) && legacy,
            Way::Jitr => self.has(Self::Jitr),
            Way::Jitp => self.has(Self::Jitp),
            Way::Fleet => self.has(Self::Fleet),
            Way::Vending => self.has(Self::Vending),
        };
        let ways = Way::ALL.into_iter().filter(taken);
        ways.take(usize::from(devices)).collect()
    }

    /// Whether devices of it renew their certificates by themselves.
    pub fn rotates(self) -> bool {
        [Self::Claim, Self::Fleet, Self::Vending]
            .into_iter()
            .any(|route| self.has(route))
    }

    /// Whether it is this route, or has it among others.
    pub fn has(self, route: Self) -> bool {
        self == route || self == Self::All
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Way::{Chunked, Fleet, Jitp, Jitr, Legacy, Vending};

    #[test]
    fn a_route_has_its_ways_in_and_legacy_mode_only_where_keys_are_made() {
        for (routes, legacy, ways) in [
            (Routes::Claim, true, &[Chunked, Legacy][..]),
            (Routes::Claim, false, &[Chunked]),
            (Routes::Jitr, true, &[Jitr]),
            (Routes::Jitp, true, &[Jitp]),
            (Routes::All, true, &Way::ALL),
            (Routes::Fleet, true, &[Fleet]),
            (Routes::Vending, false, &[Vending]),
            (Routes::All, false, &[Chunked, Jitr, Jitp, Fleet, Vending]),
        ] {
            assert_eq!(routes.ways(legacy, 100), ways, "{routes:?}, {legacy}");
        }
    }

    #[test]
    fn no_way_is_prepared_that_no_device_takes() {
        assert_eq!(Routes::All.ways(true, 1), [Chunked]);
        assert_eq!(Routes::All.ways(true, 3), [Chunked, Legacy, Jitr]);
    }

    #[test]
    fn a_route_has_certificates_renewed_if_one_of_its_ways_has() {
        for route in [
            Routes::Claim,
            Routes::Jitr,
            Routes::Jitp,
            Routes::Fleet,
            Routes::Vending,
            Routes::All,
        ] {
            let ways = route.ways(true, 100);
            assert_eq!(
                route.rotates(),
                ways.iter().any(|way| way.rotates()),
                "{route:?}"
            );
        }
    }

    #[test]
    fn a_way_is_called_the_same_in_the_table_and_in_json() {
        for way in Way::ALL {
            assert_eq!(serde_json::json!(way), way.name());
        }
    }
}
