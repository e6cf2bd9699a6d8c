//! Whose certificates and things are.

use super::kind::Kind;
use super::report::{Kept, Piece};
use muster_cloud::operator::{Holdings, ListedThing, Registered};
use std::collections::{BTreeMap, BTreeSet};

const ADOPTED: &str =
    "a device was adopted with it: it was there before Muster, and --adopted takes it as well";
const ADOPTED_CLAIM: &str = "a claim certificate that was adopted: another system has made it, and --adopted takes it as well";
const ADOPTED_THING: &str =
    "an adopted device's: it was there before Muster, and --adopted takes it as well";
const BEFORE: &str = "it was there before Muster, which has not made it";
const UNKNOWN_CERTIFICATE: &str = "a policy of the stack's was attached to it, and the ledger does not know it: only the \
     policy goes; --strays takes it as well";
const UNKNOWN_THING: &str = "it has Muster's mark, and the ledger does not know it: another stack's, or left behind; \
     --strays takes it as well";
const OTHER: &str = "not Muster's";

/// What is found in an account.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// All certificates.
    pub certificates: Vec<Registered>,
    /// All things.
    pub things: Vec<ListedThing>,
    /// The ids of the certificates that CAs of Muster's have signed.
    pub signed: BTreeSet<String>,
    /// The ARNs of the certificates that a policy of the stack's is attached to.
    pub with_policy: BTreeSet<String>,
    /// The ids of certificates that the ledger does not know and that have neither thing nor policy. Only looked for where
    /// strays are to go.
    pub bare: BTreeSet<String>,
    /// The things of certificates that go and that the ledger does not know, by their names.
    pub attached: BTreeSet<String>,
}

/// What else goes than what is certain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Widened {
    /// What devices were adopted with.
    pub adopted: bool,
    /// What only may be Muster's.
    pub strays: bool,
}

/// What goes, and what stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Belongings {
    /// The claim certificates.
    pub claims: Vec<Piece>,
    /// The devices' certificates.
    pub certificates: Vec<Piece>,
    /// The devices' things.
    pub things: Vec<Piece>,
    /// What stays.
    pub kept: Vec<Kept>,
}

enum Fate {
    Claim,
    Goes,
    Stays(&'static str),
}

/// The certificates of an account, by whose they are.
pub fn sort_certificates(holdings: &Holdings, account: &Account, widened: Widened) -> Belongings {
    let devices = holdings.devices.values();
    let known: BTreeSet<_> = devices.clone().flat_map(|one| &one.certificates).collect();
    let adopted: BTreeSet<_> = devices.filter_map(|one| one.adopted.as_ref()).collect();
    let fate = |one: &Registered| {
        let id = &one.id;
        if holdings.claims.contains(id) {
            Fate::Claim
        } else if holdings.adopted_claims.contains(id) {
            if widened.adopted {
                Fate::Claim
            } else {
                Fate::Stays(ADOPTED_CLAIM)
            }
        } else if adopted.contains(id) && !widened.adopted {
            Fate::Stays(ADOPTED)
        } else if known.contains(id) || account.signed.contains(id) {
            Fate::Goes
        } else if account.with_policy.contains(&one.arn) {
            stray(widened, UNKNOWN_CERTIFICATE)
        } else if account.bare.contains(id) {
            stray(widened, OTHER)
        } else {
            Fate::Stays(OTHER)
        }
    };
    let mut sorted = Belongings::default();
    for one in &account.certificates {
        let piece = |kind| Piece::with(kind, &one.id, &one.arn);
        match fate(one) {
            Fate::Claim => sorted.claims.push(piece(Kind::ClaimCertificate)),
            Fate::Goes => sorted.certificates.push(piece(Kind::Certificate)),
            Fate::Stays(reason) => sorted.kept.push(kept(Kind::Certificate, &one.id, reason)),
        }
    }
    sorted
}

/// The things of an account, by whose they are.
pub fn sort_things(
    holdings: &Holdings,
    account: &Account,
    widened: Widened,
    sorted: &mut Belongings,
) {
    let came_in = holdings
        .devices
        .iter()
        .filter(|(_, device)| !device.certificates.is_empty() || device.thing.is_some());
    let ours: BTreeMap<_, _> = came_in
        .map(|(serial, device)| (device.thing.as_ref().unwrap_or(serial), device))
        .collect();
    for thing in &account.things {
        let device = ours.get(&thing.name);
        let fate = match device {
            Some(device) if device.adopted.is_some() => {
                if widened.adopted {
                    Fate::Goes
                } else {
                    Fate::Stays(ADOPTED_THING)
                }
            }
            _ if !thing.marked && (device.is_some() || account.attached.contains(&thing.name)) => {
                Fate::Stays(BEFORE)
            }
            _ if !thing.marked => Fate::Stays(OTHER),
            Some(_) => Fate::Goes,
            None if account.attached.contains(&thing.name) => Fate::Goes,
            None => stray(widened, UNKNOWN_THING),
        };
        match fate {
            Fate::Stays(reason) => sorted.kept.push(kept(Kind::Thing, &thing.name, reason)),
            Fate::Claim | Fate::Goes => sorted.things.push(Piece::new(Kind::Thing, &thing.name)),
        }
    }
}

fn stray(widened: Widened, reason: &'static str) -> Fate {
    if widened.strays {
        Fate::Goes
    } else {
        Fate::Stays(reason)
    }
}

fn kept(kind: Kind, name: &str, reason: &'static str) -> Kept {
    Kept {
        reason,
        kind,
        name: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_cloud::operator::Holding;

    fn certificate(id: &str) -> Registered {
        Registered {
            id: id.to_owned(),
            arn: format!("arn:cert/{id}"),
            status: "ACTIVE".to_owned(),
        }
    }

    fn thing(name: &str, marked: bool) -> ListedThing {
        ListedThing {
            name: name.to_owned(),
            marked,
        }
    }

    fn texts(all: &[&str]) -> BTreeSet<String> {
        all.iter().map(|one| (*one).to_owned()).collect()
    }

    fn device(certificates: &[&str], adopted: Option<&str>) -> Holding {
        Holding {
            thing: None,
            certificates: texts(certificates),
            adopted: adopted.map(str::to_owned),
        }
    }

    fn holdings() -> Holdings {
        let devices = [
            ("a-1", device(&["in-force", "next"], None)),
            ("a-2", device(&["elsewhere", "renewed"], Some("elsewhere"))),
            ("a-3", device(&[], None)),
            ("a-4", device(&["brought"], None)),
        ];
        Holdings {
            devices: devices.map(|(name, one)| (name.to_owned(), one)).into(),
            claims: texts(&["claim"]),
            adopted_claims: texts(&["their-claim"]),
        }
    }

    fn account() -> Account {
        let ids = [
            "in-force",
            "next",
            "elsewhere",
            "renewed",
            "claim",
            "their-claim",
            "signed",
            "with-policy",
            "bare",
            "other",
        ];
        Account {
            certificates: ids.map(certificate).into(),
            things: vec![
                thing("a-1", true),
                thing("a-2", true),
                thing("a-3", true),
                thing("a-4", false),
                thing("of-signed", true),
                thing("of-signed-before", false),
                thing("marked", true),
                thing("other", false),
            ],
            signed: texts(&["signed"]),
            with_policy: texts(&["arn:cert/with-policy", "arn:cert/in-force"]),
            bare: texts(&["bare"]),
            attached: texts(&["of-signed", "of-signed-before"]),
        }
    }

    fn sorted(widened: Widened) -> Belongings {
        let mut sorted = sort_certificates(&holdings(), &account(), widened);
        sort_things(&holdings(), &account(), widened, &mut sorted);
        sorted
    }

    fn names(pieces: &[Piece]) -> Vec<&str> {
        pieces.iter().map(|piece| &*piece.name).collect()
    }

    fn reason(sorted: &Belongings, kind: Kind, name: &str) -> &'static str {
        let mut kept = sorted.kept.iter();
        let found = kept.find(|kept| kept.kind == kind && kept.name == name);
        found.map(|kept| kept.reason).unwrap()
    }

    #[test]
    fn what_the_ledger_or_a_ca_of_musters_vouches_for_goes() {
        let sorted = sorted(Widened::default());
        assert_eq!(names(&sorted.claims), ["claim"]);
        let certificates = names(&sorted.certificates);
        assert_eq!(certificates, ["in-force", "next", "renewed", "signed"]);
        assert_eq!(names(&sorted.things), ["a-1", "of-signed"]);
    }

    #[test]
    fn what_was_there_before_and_what_is_somebody_elses_stays_and_says_why() {
        let sorted = sorted(Widened::default());
        for (kind, name, why) in [
            (Kind::Certificate, "elsewhere", ADOPTED),
            (Kind::Certificate, "their-claim", ADOPTED_CLAIM),
            (Kind::Certificate, "with-policy", UNKNOWN_CERTIFICATE),
            (Kind::Certificate, "bare", OTHER),
            (Kind::Certificate, "other", OTHER),
            (Kind::Thing, "a-2", ADOPTED_THING),
            // Imported, and never came in: whose thing it is nobody here knows.
            (Kind::Thing, "a-3", UNKNOWN_THING),
            (Kind::Thing, "a-4", BEFORE),
            (Kind::Thing, "of-signed-before", BEFORE),
            (Kind::Thing, "marked", UNKNOWN_THING),
            (Kind::Thing, "other", OTHER),
        ] {
            assert_eq!(reason(&sorted, kind, name), why, "{name}");
        }
        assert_eq!(sorted.kept.len(), 11);
    }

    #[test]
    fn adopted_devices_and_strays_go_only_where_that_is_asked_for() {
        let adopted = sorted(Widened {
            adopted: true,
            strays: false,
        });
        assert!(names(&adopted.certificates).contains(&"elsewhere"));
        assert_eq!(names(&adopted.claims), ["claim", "their-claim"]);
        assert!(names(&adopted.things).contains(&"a-2"));
        assert!(!names(&adopted.things).contains(&"marked"));
        let strays = sorted(Widened {
            adopted: false,
            strays: true,
        });
        for id in ["with-policy", "bare"] {
            assert!(names(&strays.certificates).contains(&id), "{id}");
        }
        assert!(names(&strays.things).contains(&"marked"));
        for (kind, name) in [(Kind::Certificate, "other"), (Kind::Thing, "other")] {
            assert_eq!(reason(&strays, kind, name), OTHER);
        }
        assert!(!names(&strays.certificates).contains(&"elsewhere"));
    }
}
