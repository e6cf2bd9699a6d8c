//! A device that is vended its certificate over HTTPS, and one that replaces the one that it has.

mod support;

use muster_chunking::{Answer, MAX_CERTIFICATE, Manifest, Reassembler, SNAPSHOT_OVERHEAD};
use muster_device::{
    Action, CredentialStore, Credentials, Ending, Event, Held, Identity, Keep, Machine, Place,
    Progress, Provisioning, SlotStore, Staying, Timings, Trouble, UnfinishedDelivery,
    VendingAnswer, VendingRequest, VendingSettings, read_slots,
};
use muster_pki::{DeviceKey, SubmittedRequest, certificate_id};
use secrecy::ExposeSecret;
use serde_json::json;
use std::time::Duration;
use support::air::Weather;
use support::chance::Chance;
use support::schedules::play;
use support::service::Service;
use support::vending_cloud::{ENDPOINT, VendingCloud, refusal};
use support::world::{SERIAL, World};

const SCHEDULES: u64 = 2_000;

#[test]
fn after_any_schedule_a_device_has_the_one_certificate_for_its_one_key() {
    play(0..SCHEDULES, |seed| {
        let weather = Weather::any(&mut Chance::new(!seed));
        let mut world = World::vending(seed, false, weather);
        let ending = world.run();
        assert!(matches!(ending, Ending::Provisioned { .. }), "{ending:?}");
        assert_eq!(world.cloud.authority.issued.len(), 1);
        assert_eq!(
            world.disk.names(),
            ["current.pem"],
            "nothing else is left over"
        );
        let current = read_slots(&world.disk).unwrap().current.unwrap();
        assert_eq!(current.place().unwrap().endpoint(), ENDPOINT);
    });
}

#[test]
fn after_any_schedule_a_device_that_replaces_its_certificate_has_one_that_works() {
    play(0..SCHEDULES, |seed| {
        let weather = Weather::any(&mut Chance::new(!seed));
        let mut world = World::vending(seed, true, weather);
        let old = world.give_current();
        match world.run() {
            Ending::Provisioned { .. } => {}
            // Killed after the new one had worked, and started again with the same token.
            Ending::Refused(refused) => assert_eq!(refused.code, "TokenSpent"),
            ending @ Ending::GaveUp { .. } => panic!("{ending:?}"),
        }
        let current = read_slots(&world.disk).unwrap().current.unwrap();
        assert_ne!(current.certificate_der(), old);
        assert!(
            world
                .cloud
                .proven()
                .iter()
                .any(|der| der == current.certificate_der())
        );
    });
}

/// A machine, fed by hand.
struct Desk {
    machine: Provisioning,
    cloud: VendingCloud,
    now: Duration,
    actions: Vec<Action>,
}

fn settings() -> VendingSettings {
    VendingSettings::new(SERIAL, Timings::default()).unwrap()
}

impl Desk {
    fn started((machine, actions): (Provisioning, Vec<Action>)) -> Self {
        Self {
            machine,
            cloud: VendingCloud::new(),
            now: Duration::ZERO,
            actions,
        }
    }

    fn new(settings: VendingSettings, held: Held) -> Self {
        let chance = Box::new(Chance::new(1));
        Self::started(Provisioning::start(settings, held, chance, Duration::ZERO))
    }

    fn on(&mut self, event: Event) {
        self.actions = self.machine.handle(event, self.now);
    }

    fn answer(&mut self, answer: VendingAnswer) {
        self.on(Event::Answered(answer));
    }

    fn lost(&mut self, refused: bool) {
        let what = "the line is cut".into();
        self.on(Event::Lost(Trouble { refused, what }));
    }

    /// Lets time pass until something is done. How long that took.
    fn wait(&mut self) -> Duration {
        let before = self.now;
        self.now = self.machine.wake_at();
        self.on(Event::Tick);
        assert!(!self.actions.is_empty());
        self.now.saturating_sub(before)
    }

    fn asks(&self) -> Option<VendingRequest> {
        self.actions.iter().find_map(|action| match action {
            Action::Ask { request, .. } => Some(request.clone()),
            _ => None,
        })
    }

    fn key_asked_with(&self) -> String {
        let csr = self.asks().unwrap().csr.unwrap();
        let request = SubmittedRequest::parse_text(&csr).unwrap();
        request.fingerprint().to_owned()
    }

    fn kept_key(&self) -> Option<DeviceKey> {
        self.actions.iter().find_map(|action| match action {
            Action::Keep(Keep::Delivery(delivery)) => {
                Some(DeviceKey::from_pem(&delivery.private_key_pem).unwrap())
            }
            _ => None,
        })
    }

    fn connects(&self) -> Option<&Credentials> {
        self.actions.iter().find_map(|action| match action {
            Action::Connect {
                client_id,
                identity: Identity::Own(credentials),
            } => Some(credentials).filter(|_| client_id == SERIAL),
            _ => None,
        })
    }

    fn ending(&self) -> Option<Ending> {
        self.actions.iter().find_map(|action| match action {
            Action::End(ending) => Some(ending.clone()),
            _ => None,
        })
    }

    fn forgets_something(&self) -> bool {
        let forgets = |action: &Action| matches!(action, Action::Keep(Keep::RotationOver));
        self.actions.iter().any(forgets)
    }
}

#[test]
fn the_key_is_kept_before_it_asks_and_the_certificate_before_it_connects() {
    let mut desk = Desk::new(settings(), Held::default());
    let kept = desk
        .actions
        .iter()
        .position(|action| matches!(action, Action::Keep(_)));
    let asked = desk
        .actions
        .iter()
        .position(|action| matches!(action, Action::Ask { .. }));
    assert!(kept.unwrap() < asked.unwrap());
    assert_eq!(
        desk.kept_key().unwrap().fingerprint(),
        desk.key_asked_with()
    );
    let held = Held {
        delivery: Some(UnfinishedDelivery::new(desk.kept_key().unwrap().pem())),
        ..Held::default()
    };
    let answer = desk.cloud.vend(&desk.asks().unwrap(), &held);
    desk.answer(answer);
    let kept = desk
        .actions
        .iter()
        .position(|action| matches!(action, Action::Keep(Keep::Pending(_))));
    let connects = desk
        .actions
        .iter()
        .position(|action| matches!(action, Action::Connect { .. }));
    assert!(kept.unwrap() < connects.unwrap());
    assert_eq!(
        desk.connects().unwrap().place().unwrap().endpoint(),
        ENDPOINT
    );
    desk.on(Event::Connected);
    desk.on(Event::Delivered);
    let id = certificate_id(&desk.cloud.authority.issued[0].der);
    assert!(matches!(
        desk.ending(),
        Some(Ending::Provisioned { certificate_id, .. }) if certificate_id == id
    ));
}

#[test]
fn a_lost_answer_is_asked_for_again_with_the_same_key_in_this_run_and_in_the_next() {
    let mut desk = Desk::new(settings(), Held::default());
    let key = desk.kept_key().unwrap();
    desk.lost(false);
    assert!(desk.asks().is_none(), "not at once");
    let waited = desk.wait();
    assert!(
        waited >= Timings::default().request_retry / 2
            && waited <= Timings::default().request_retry,
        "{waited:?}"
    );
    assert_eq!(desk.key_asked_with(), key.fingerprint());
    let held = Held {
        delivery: Some(UnfinishedDelivery::new(key.pem())),
        ..Held::default()
    };
    let next = Desk::new(settings(), held);
    assert_eq!(next.key_asked_with(), key.fingerprint());
}

#[test]
fn an_api_that_says_nothing_is_asked_again() {
    let mut desk = Desk::new(settings(), Held::default());
    let waited = desk.wait();
    assert_eq!(waited, Timings::default().patience * 5);
    assert!(desk.asks().is_none());
    desk.wait();
    assert!(desk.asks().is_some());
}

#[test]
fn a_refusal_for_good_ends_it_and_forgets_nothing() {
    for (status, code) in [
        (401, "TokenRefused"),
        (409, "TokenSpent"),
        (400, "KeyTooWeak"),
    ] {
        let mut desk = Desk::new(settings(), Held::default());
        desk.answer(refusal(status, code, false));
        assert!(matches!(desk.ending(), Some(Ending::Refused(refused)) if refused.code == code));
        assert!(!desk.forgets_something());
    }
}

#[test]
fn who_is_throttled_waits_as_long_as_told_and_then_some_and_asks_no_sooner_if_time_is_up_by_then() {
    let mut desk = Desk::new(settings(), Held::default());
    desk.answer(refusal(429, "Throttled", true));
    let waited = desk.wait();
    assert!(
        waited > Duration::from_secs(30) && waited <= Duration::from_secs(35),
        "{waited:?}"
    );
    assert!(desk.asks().is_some());
    let told = Duration::from_mins(7);
    desk.answer(VendingAnswer {
        retry_after: Some(told),
        ..refusal(503, "VendingUnfinished", true)
    });
    let waited = desk.wait();
    assert!(waited > told, "{waited:?}");
    assert!(desk.asks().is_some());
    desk.answer(VendingAnswer {
        retry_after: Some(Duration::MAX),
        ..refusal(429, "Throttled", true)
    });
    desk.wait();
    assert!(desk.asks().is_none());
    assert!(matches!(desk.ending(), Some(Ending::GaveUp { .. })));
    assert!(desk.now <= Timings::default().give_up_after);
}

#[test]
fn an_answer_that_cannot_be_used_is_none_and_is_asked_for_again_until_time_is_up() {
    let mut desk = Desk::new(settings(), Held::default());
    let stranger = DeviceKey::generate().unwrap();
    let (_, certificate) = desk.cloud.pair();
    let wrong = desk.cloud.answer(&certificate, Some(&stranger));
    for _ in 0..100 {
        desk.answer(wrong.clone());
        assert!(desk.connects().is_none());
        desk.wait();
        if let Some(ending) = desk.ending() {
            let Ending::GaveUp { because } = ending else {
                panic!("{ending:?}")
            };
            assert_eq!(
                because,
                "the API's answer can't be used: the certificate was issued for another key"
            );
            assert!(desk.now >= Timings::default().give_up_after);
            return;
        }
    }
    panic!("it never gives up");
}

#[test]
fn a_device_that_cannot_make_keys_sends_none_and_takes_the_clouds() {
    let mut desk = Desk::new(settings().with_key_of_the_cloud(), Held::default());
    assert!(desk.kept_key().is_none());
    let request = desk.asks().unwrap();
    assert_eq!(
        serde_json::to_value(&request).unwrap(),
        json!({ "serialNumber": SERIAL })
    );
    let answer = desk.cloud.vend(&request, &Held::default());
    desk.answer(answer);
    assert!(desk.connects().is_some());
}

#[test]
fn a_new_certificate_that_is_refused_is_tried_again_and_then_asked_for_again_with_the_same_key() {
    let mut desk = Desk::new(settings(), Held::default());
    let key = desk.key_asked_with();
    let held = Held {
        delivery: Some(UnfinishedDelivery::new(desk.kept_key().unwrap().pem())),
        ..Held::default()
    };
    let answer = desk.cloud.vend(&desk.asks().unwrap(), &held);
    desk.answer(answer);
    for _ in 0..2 {
        desk.lost(true);
        desk.wait();
        assert!(desk.connects().is_some());
    }
    desk.lost(true);
    desk.wait();
    assert_eq!(desk.key_asked_with(), key);
    desk.answer(refusal(409, "ProvisioningInProgress", true));
    desk.wait();
    assert!(desk.connects().is_some(), "it may work by now");
}

#[test]
fn an_api_whose_certificate_stays_refused_is_asked_less_and_less() {
    let mut desk = Desk::new(settings(), Held::default());
    let held = Held {
        delivery: Some(UnfinishedDelivery::new(desk.kept_key().unwrap().pem())),
        ..Held::default()
    };
    let mut asked_at = Vec::new();
    for _ in 0..3 {
        asked_at.push(desk.now);
        let answer = desk.cloud.vend(&desk.asks().unwrap(), &held);
        desk.answer(answer);
        for _ in 0..3 {
            desk.lost(true);
            desk.wait();
        }
    }
    let first = asked_at[1].saturating_sub(asked_at[0]);
    let second = asked_at[2].saturating_sub(asked_at[1]);
    assert!(second > first * 3, "{asked_at:?}");
}

#[test]
fn a_device_with_a_certificate_asks_nothing_and_connects_where_it_was_told() {
    let mut cloud = VendingCloud::new();
    let held = Held {
        current: Some(cloud.credentials()),
        ..Held::default()
    };
    let desk = Desk::new(settings(), held);
    assert!(desk.asks().is_none());
    assert_eq!(
        desk.connects().unwrap().place().unwrap().endpoint(),
        ENDPOINT
    );
}

#[test]
fn a_refused_replacement_leaves_the_certificate_and_the_key_that_asked() {
    let mut cloud = VendingCloud::new();
    let current = cloud.credentials();
    let held = Held {
        current: Some(current.clone()),
        ..Held::default()
    };
    let chance = Box::new(Chance::new(1));
    let mut desk = Desk::started(Provisioning::replace(
        settings(),
        held,
        chance,
        Duration::ZERO,
    ));
    let key = desk.kept_key().expect("another key");
    assert_ne!(
        key.pem().expose_secret(),
        current.private_key_pem().expose_secret()
    );
    assert!(matches!(
        &desk.actions[0],
        Action::Report(Progress::RotationStarted { certificate_id }) if *certificate_id == current.certificate_id()
    ));
    desk.answer(refusal(401, "TokenRefused", false));
    assert!(matches!(desk.ending(), Some(Ending::Refused(_))));
    assert!(!desk.forgets_something());
}

/// What is kept of a delivery in chunks when all have come.
fn whole(certificate: &[u8]) -> Vec<u8> {
    let mut reassembler = Reassembler::<MAX_CERTIFICATE>::new();
    let manifest = Manifest::new(certificate, 4000).unwrap();
    reassembler.accept(&Answer::Manifest(manifest)).unwrap();
    for index in 0..manifest.count() {
        let chunk = manifest.chunk(index, certificate).unwrap();
        reassembler.accept(&Answer::Chunk(chunk)).unwrap();
    }
    let mut snapshot = vec![0; MAX_CERTIFICATE + SNAPSHOT_OVERHEAD];
    let length = reassembler.snapshot(&mut snapshot).unwrap();
    snapshot.truncate(length);
    snapshot
}

#[test]
fn a_certificate_that_came_over_mqtt_is_used_where_the_one_before_was() {
    let mut cloud = VendingCloud::new();
    let current = cloud.credentials();
    let rotation = settings().rotation("rotate", 256).unwrap();
    let (key, certificate) = cloud.authority.identity(Vec::new());
    let snapshot = whole(&certificate);
    let held = Held {
        delivery: Some(UnfinishedDelivery {
            snapshot,
            replaces: Some(current.certificate_id()),
            ..UnfinishedDelivery::new(key.pem())
        }),
        current: Some(current),
        pending: None,
    };
    let chance = Box::new(Chance::new(1));
    let (_, actions) = Staying::start(settings(), rotation, held, chance, Duration::ZERO);
    let kept = actions.into_iter().find_map(|action| match action {
        Action::Keep(Keep::Pending(credentials)) => Some(credentials),
        _ => None,
    });
    assert_eq!(kept.unwrap().place().unwrap().endpoint(), ENDPOINT);
}

#[test]
fn the_place_outlives_a_restart_and_moves_with_its_certificate() {
    let mut cloud = VendingCloud::new();
    let (first, second) = (cloud.credentials(), cloud.credentials());
    let place = Place::new("elsewhere", second.place().unwrap().authorities_pem());
    let second = second.at(Some(place.unwrap()));
    let disk = support::disk::PoweredDisk::default();
    let mut store = SlotStore::open(disk.clone()).unwrap();
    store.keep_pending(&first).unwrap();
    store.promote().unwrap();
    store.keep_pending(&second).unwrap();
    let held = read_slots(&disk).unwrap();
    assert_eq!(held.current.unwrap().place(), first.place());
    assert_eq!(held.pending.unwrap().place(), second.place());
    store.promote().unwrap();
    let current = read_slots(&disk).unwrap().current.unwrap();
    assert_eq!(current.place().unwrap().endpoint(), "elsewhere:8883");
}
