//! Time, the network and the device, played from one seed.

use super::air::{Air, Flight, Weather};
use super::chance::Chance;
use super::cloud::Cloud;
use super::disk::{Fuse, PoweredDisk};
use super::fleet_cloud::{FleetCloud, TEMPLATE};
use super::rotation_cloud::{Kind, RotationCloud};
use super::service::Service;
use super::vending_cloud::VendingCloud;
use muster_device::{
    Action, CredentialStore, Credentials, Ending, Event, FleetDeviceSettings, Held, Identity, Keep,
    Machine, Progress, Provisioning, RotationRoute, Route, Settings, SlotStore, Staying,
    StoreError, Timings, Trouble, VendingRequest, VendingSettings, read_slots,
};
use muster_documents::Mode;
use muster_pki::der_to_pem;
use secrecy::{ExposeSecret, SecretSlice};
use std::time::Duration;

pub const CLIENT_ID: &str = "nrf-00000001";
pub use super::rotation_cloud::SERIAL;

/// How a device is started with what it holds.
type Start = Box<dyn Fn(Held, Chance, Duration) -> (Box<dyn Machine>, Vec<Action>)>;

fn boxed<M: Machine + 'static>(
    (machine, actions): (M, Vec<Action>),
) -> (Box<dyn Machine>, Vec<Action>) {
    (Box::new(machine), actions)
}

pub struct World<S = Cloud> {
    pub cloud: S,
    pub disk: PoweredDisk,
    pub chance: Chance,
    pub now: Duration,
    pub told: Vec<Progress>,
    pub deaths: u32,
    start: Start,
    weather: Weather,
    air: Air,
    /// The present connection, if there is one, and the certificate on it.
    connection: u32,
    connected: bool,
    certificate: Option<Vec<u8>>,
    current_before: Option<Vec<u8>>,
    /// The process is killed after so many actions.
    pub actions_to_live: Option<u32>,
    /// Actions done.
    pub actions: u32,
}

impl World {
    pub fn new(seed: u64, mode: Mode, weather: Weather) -> Self {
        let mut chance = Chance::new(seed);
        let packet_size = 128 + usize::try_from(chance.below(400)).unwrap();
        let settings = Settings::new(
            CLIENT_ID,
            Some(SERIAL),
            "provision",
            mode,
            packet_size,
            never_giving_up(),
        )
        .unwrap();
        let start: Start = Box::new(move |held, chance, now| {
            boxed(Provisioning::start(
                settings.clone(),
                held,
                Box::new(chance),
                now,
            ))
        });
        Self::with(Cloud::new(CLIENT_ID), start, chance, weather)
    }

    /// Puts a certificate that works into the current slot, as an earlier provisioning would have.
    pub fn give_current(&mut self) -> Vec<u8> {
        let (key, certificate) = self.cloud.pair();
        self.keep_current(&Credentials::matched(&certificate, &key).unwrap())
    }
}

impl World<FleetCloud> {
    /// A device of a fleet.
    pub fn fleet(seed: u64, cloud: FleetCloud, weather: Weather) -> Self {
        let settings = FleetDeviceSettings::new(SERIAL, TEMPLATE, never_giving_up())
            .and_then(|settings| settings.with_client_id(CLIENT_ID))
            .unwrap()
            .with_format(cloud.format);
        let start: Start = Box::new(move |held, chance, now| {
            boxed(Provisioning::start(
                settings.clone(),
                held,
                Box::new(chance),
                now,
            ))
        });
        Self::with(cloud, start, Chance::new(seed), weather)
    }
}

impl World<VendingCloud> {
    /// A device with a token, for its first certificate or `again`.
    pub fn vending(seed: u64, again: bool, weather: Weather) -> Self {
        let settings = VendingSettings::new(SERIAL, never_giving_up()).unwrap();
        let start: Start = Box::new(move |held, chance, now| {
            let (settings, chance) = (settings.clone(), Box::new(chance));
            boxed(if again {
                Provisioning::replace(settings, held, chance, now)
            } else {
                Provisioning::start(settings, held, chance, now)
            })
        });
        Self::with(VendingCloud::new(), start, Chance::new(seed), weather)
    }

    /// Puts a certificate that works into the current slot, as an earlier vending would have.
    pub fn give_current(&mut self) -> Vec<u8> {
        let credentials = self.cloud.credentials();
        self.keep_current(&credentials)
    }
}

/// What a device with a certificate does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    Rotate,
    Stay,
}

impl World<RotationCloud> {
    /// A device with a certificate, which is to be replaced.
    pub fn rotation(seed: u64, kind: Kind, task: Task, weather: Weather) -> Self {
        let mut chance = Chance::new(seed);
        let (mut cloud, key) = RotationCloud::new(kind);
        cloud.lag = u32::try_from(chance.below(4)).unwrap();
        let certificate = der_to_pem("CERTIFICATE", &cloud.in_force);
        let credentials = Credentials::matched(&certificate, &key).unwrap();
        let timings = never_giving_up();
        let (first, rotation) = routes(
            kind,
            128 + usize::try_from(chance.below(400)).unwrap(),
            timings,
        );
        let start: Start = Box::new(move |held, chance, now| {
            let (first, rotation, chance) = (first.clone(), rotation.clone(), Box::new(chance));
            match task {
                Task::Rotate => boxed(Provisioning::rotate(rotation, held, chance, now).unwrap()),
                Task::Stay => boxed(Staying::start(first, rotation, held, chance, now)),
            }
        });
        let mut world = Self::with(cloud, start, chance, weather);
        world.keep_current(&credentials);
        world
    }
}

/// How a device gets its first certificate, and how it replaces it.
pub fn routes(kind: Kind, packet_size: usize, timings: Timings) -> (Route, RotationRoute) {
    match kind {
        Kind::Chunked => {
            let serial = Some(SERIAL);
            let settings = Settings::new(
                CLIENT_ID,
                serial,
                "provision",
                Mode::Chunked,
                packet_size,
                timings,
            );
            let settings = settings.unwrap();
            let rotation = settings.rotation("rotate").unwrap();
            (settings.into(), rotation)
        }
        Kind::Fleet => {
            let settings = FleetDeviceSettings::new(SERIAL, TEMPLATE, timings).unwrap();
            let settings = settings.with_model("probe").unwrap();
            let settings = settings.with_voucher("voucher-1".into());
            let rotation = settings.rotation().unwrap();
            (settings.into(), rotation)
        }
    }
}

fn never_giving_up() -> Timings {
    Timings {
        give_up_after: Duration::from_hours(10_000),
        ..Timings::default()
    }
}

impl<S: Service> World<S> {
    fn with(cloud: S, start: Start, chance: Chance, weather: Weather) -> Self {
        Self {
            cloud,
            disk: PoweredDisk::default(),
            chance,
            now: Duration::ZERO,
            told: Vec::new(),
            deaths: 0,
            start,
            weather,
            air: Air::default(),
            connection: 0,
            connected: false,
            certificate: None,
            current_before: None,
            actions_to_live: None,
            actions: 0,
        }
    }

    fn keep_current(&mut self, credentials: &Credentials) -> Vec<u8> {
        let Ok(mut store) = self.open_store() else {
            panic!("the disk works")
        };
        store.keep_pending(credentials).unwrap();
        store.promote().unwrap();
        let der = credentials.certificate_der().to_vec();
        self.current_before = Some(der.clone());
        der
    }

    /// Runs the device, over all its deaths, to an end. Panics if there is none in sight, or if what has to hold at
    /// every moment doesn't.
    pub fn run(&mut self) -> Ending {
        loop {
            match self.live() {
                Ok(ending) => return ending,
                Err(Died) => self.deaths += 1,
            }
            self.air = Air::default();
            self.connected = false;
            if self.chance.happens(500) {
                self.disk.restart();
            } else {
                self.disk.lose_power(&mut self.chance);
            }
            self.check_slots();
        }
    }

    /// One life of the device.
    fn live(&mut self) -> Result<Ending, Died> {
        if self.chance.happens(self.weather.disk_death) {
            let operation = u32::try_from(self.chance.below(40)).unwrap();
            self.disk.set_fuse(Some(Fuse {
                operation,
                after: self.chance.happens(500),
            }));
        }
        let mut store = self.open_store()?;
        let held = store.held().map_err(|error| died(&error))?;
        let (mut device, mut actions) = (self.start)(held, self.chance.clone(), self.now);
        for _ in 0..20_000 {
            for action in actions {
                if let Some(ending) = self.perform(action, &mut store)? {
                    return Ok(ending);
                }
                self.actions += 1;
                if self
                    .actions_to_live
                    .take_if(|left| *left == self.actions)
                    .is_some()
                {
                    return Err(Died);
                }
            }
            if self.chance.happens(self.weather.death) {
                return Err(Died);
            }
            if self.chance.happens(self.weather.abandonment) {
                self.cloud.abandon();
            }
            let Some(event) = self.next_event(device.wake_at()) else {
                return Ok(self.at_peace());
            };
            actions = device.handle(event, self.now);
        }
        panic!(
            "the device is still not provisioned after 20,000 events: {:?}",
            self.told.last()
        );
    }

    fn open_store(&mut self) -> Result<SlotStore<PoweredDisk>, Died> {
        SlotStore::open(self.disk.clone()).map_err(|error| died(&error))
    }

    fn perform(
        &mut self,
        action: Action,
        store: &mut SlotStore<PoweredDisk>,
    ) -> Result<Option<Ending>, Died> {
        match action {
            Action::Keep(keep) => {
                let kept = match keep {
                    Keep::Delivery(delivery) => store.keep_delivery(&delivery),
                    Keep::Pending(credentials) => store.keep_pending(&credentials),
                    Keep::Promotion => store.promote(),
                    Keep::RotationOver => store.forget_rotation(),
                };
                kept.map_err(|error| died(&error))?;
                self.check_slots();
            }
            Action::Connect {
                client_id,
                identity,
            } => self.connect(&client_id, &identity),
            Action::Ask { request, .. } => self.ask(&request),
            Action::Disconnect => self.connected = false,
            Action::Subscribe(topics) => {
                let answer = if self.cloud.subscribe(&topics) {
                    Event::Subscribed
                } else {
                    refused("the subscription was refused")
                };
                self.down(answer);
            }
            Action::Publish { topic, payload } => {
                assert!(self.connected, "published on {topic} without a connection");
                let payload = payload.expose_secret().to_vec();
                let held = read_slots(&self.disk).unwrap();
                self.cloud.before_publishing(&topic, &payload, &held);
                self.fly(Flight::Up {
                    connection: self.connection,
                    certificate: self.certificate.clone(),
                    topic,
                    payload,
                });
            }
            Action::Report(progress) => self.told.push(progress),
            Action::End(ending) => return Ok(Some(ending)),
        }
        Ok(None)
    }

    fn connect(&mut self, client_id: &str, identity: &Identity) {
        self.connection += 1;
        self.connected = true;
        let answer = match identity {
            Identity::Claim => {
                assert_eq!(client_id, CLIENT_ID);
                self.certificate = None;
                self.cloud.connected();
                Event::Connected
            }
            Identity::Own(credentials) => {
                assert_eq!(client_id, SERIAL);
                self.certificate = Some(credentials.certificate_der().to_vec());
                if self.cloud.takes(credentials.certificate_der()) {
                    self.cloud.connected();
                    self.cloud.connected_with(credentials.certificate_der());
                    Event::Connected
                } else {
                    refused("refused")
                }
            }
        };
        self.down(answer);
    }

    /// What is lost on the way to the cloud never was asked; what is lost on the way back was.
    fn ask(&mut self, request: &VendingRequest) {
        self.connection += 1;
        self.connected = true;
        let held = read_slots(&self.disk).unwrap();
        let asked = !self.chance.happens(self.weather.loss);
        let answer = asked.then(|| self.cloud.vend(request, &held));
        let heard = !self.chance.happens(self.weather.loss);
        let answer = answer.filter(|_| heard).map(Event::Answered);
        self.down(answer.unwrap_or_else(|| lost(false, "the answer is lost")));
    }

    /// It waits, and nothing more will come: it lives with the certificate that it has.
    fn at_peace(&self) -> Ending {
        let held = read_slots(&self.disk).unwrap();
        Ending::Provisioned {
            thing_name: SERIAL.to_owned(),
            certificate_id: held.current_id().unwrap(),
        }
    }

    /// What happens next to the device; `None` if it waits for nothing but what comes, and nothing will.
    fn next_event(&mut self, wake_at: Duration) -> Option<Event> {
        loop {
            let Some((at, flight)) = self.air.next_before(wake_at) else {
                if wake_at == Duration::MAX {
                    let (topic, payload) = self.cloud.alert()?;
                    self.now += Duration::from_hours(24);
                    let payload = payload.into();
                    for _ in 0..=u32::from(self.chance.happens(self.weather.duplication)) {
                        self.down(Event::Message {
                            topic: topic.clone(),
                            payload: SecretSlice::clone(&payload),
                        });
                    }
                    continue;
                }
                self.now = self.now.max(wake_at);
                return Some(Event::Tick);
            };
            self.now = self.now.max(at);
            match flight {
                // What was on its way when the device hung up may still arrive.
                Flight::Up {
                    connection,
                    certificate,
                    topic,
                    payload,
                } => {
                    if topic != format!("devices/{SERIAL}/hello") {
                        self.cloud.speaker(certificate.as_deref());
                    }
                    self.arrive(connection, &topic, &payload);
                }
                Flight::Down { connection, event } => {
                    if !self.connected || connection != self.connection {
                        continue;
                    }
                    if self.chance.happens(self.weather.disconnection) {
                        let refused = self.chance.happens(500);
                        self.connected = false;
                        return Some(Event::Lost(Trouble {
                            refused,
                            what: "the weather".into(),
                        }));
                    }
                    if let Event::Lost(_) = event {
                        self.connected = false;
                    }
                    return Some(event);
                }
            }
        }
    }

    /// A publication of the device arrives in the cloud, is acknowledged, and answered.
    fn arrive(&mut self, connection: u32, topic: &str, payload: &[u8]) {
        if topic == format!("devices/{SERIAL}/hello") {
            let certificate = self
                .certificate
                .clone()
                .expect("a hello needs an own certificate");
            if connection == self.connection && self.cloud.takes(&certificate) {
                self.cloud.hello(&certificate);
                self.fly(Flight::Down {
                    connection,
                    event: Event::Delivered,
                });
            }
            return;
        }
        let lost = self.chance.happens(self.weather.loss);
        let twice = self.chance.happens(self.weather.duplication);
        let answered = (!lost).then(|| self.cloud.publish(topic, payload));
        let event = match answered {
            Some(None) => refused("the endpoint ended the connection"),
            _ => Event::Delivered,
        };
        self.fly(Flight::Down { connection, event });
        let Some(Some(mut messages)) = answered else {
            return;
        };
        if twice {
            messages.extend(self.cloud.publish(topic, payload).unwrap_or_default());
        }
        for (topic, payload) in messages {
            let copies = 1 + u32::from(self.chance.happens(self.weather.duplication));
            for _ in 0..copies {
                if !self.chance.happens(self.weather.loss) {
                    let event = Event::Message {
                        topic: topic.clone(),
                        payload: payload.clone().into(),
                    };
                    self.fly(Flight::Down { connection, event });
                }
            }
        }
    }

    fn down(&mut self, event: Event) {
        self.fly(Flight::Down {
            connection: self.connection,
            event,
        });
    }

    fn fly(&mut self, flight: Flight) {
        let delay = Duration::from_millis(self.chance.below(self.weather.delay + 1));
        self.air.launch(self.now + delay, flight);
    }

    /// What has to hold at every moment, also right after the power was lost: whatever is in the current slot has
    /// worked, and a slot that was filled is never empty again.
    fn check_slots(&mut self) {
        let held = read_slots(&self.disk).expect("a slot is whole or not there");
        assert!(self.cloud.leaves_a_way_in(&held), "it is locked out");
        let current = held
            .current
            .map(|credentials| credentials.certificate_der().to_vec());
        match (&self.current_before, &current) {
            (Some(_), None) => panic!("the current certificate is gone"),
            (before, Some(now)) if before.as_ref() != Some(now) => {
                assert!(
                    self.cloud.proven().contains(now),
                    "promoted before it had worked"
                );
            }
            _ => {}
        }
        self.current_before = current;
    }
}

fn refused(what: &str) -> Event {
    lost(true, what)
}

fn lost(refused: bool, what: &str) -> Event {
    Event::Lost(Trouble {
        refused,
        what: what.into(),
    })
}

/// The device has died; its disk says how.
#[derive(Debug)]
struct Died;

fn died(error: &StoreError) -> Died {
    assert!(matches!(error, StoreError::Disk { .. }), "{error}");
    Died
}
