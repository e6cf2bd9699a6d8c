//! Doing what the state machine says.

use crate::link::{Endpoint, Heard, Link};
use crate::means::Means;
use crate::{FolderDisk, Outcome, RunError, Traffic, tls};
use muster_device::{
    Action, CredentialStore, Ending, Event, Held, Identity, Keep, Machine, Progress, SlotStore,
    StoreError, Timings, Trouble,
};
use muster_documents::Mode;
use secrecy::ExposeSecret;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

type Store = Arc<Mutex<SlotStore<FolderDisk>>>;

/// What every way to a certificate is told.
pub(crate) struct Errand<'a> {
    pub(crate) means: Means,
    /// The device's name where something is said of it.
    pub(crate) client_id: &'a str,
    pub(crate) store: &'a Path,
    pub(crate) timings: &'a Timings,
    /// The largest packet that the device takes, in bytes.
    pub(crate) packet_limit: usize,
    /// How the certificate travels, where that is the device's choice.
    pub(crate) mode: Option<Mode>,
    /// Whether a packet that is too large ends the errand. A device that stays only drops the connection.
    pub(crate) too_large_ends_it: bool,
}

/// Does what a state machine says until it ends.
pub(crate) async fn do_errand<M: Machine>(
    errand: Errand<'_>,
    start: impl FnOnce(Held) -> Result<(M, Vec<Action>), RunError> + Send,
    mut watch: impl FnMut(&Progress) + Send,
) -> Result<Outcome, RunError> {
    let mut device = Device::new(errand)?;
    let (mut machine, mut actions) = start(device.held()?)?;
    loop {
        if let Some(ending) = device.perform(actions, &mut watch).await? {
            return device.outcome(ending);
        }
        let event = device.next_event(machine.wake_at()).await?;
        actions = machine.handle(event, device.started.elapsed());
    }
}

/// Does what a state machine says until it ends or `stop` comes. What is being kept then is kept first, and the endpoint
/// is told goodbye.
pub(crate) async fn stay_on_errand<M: Machine>(
    errand: Errand<'_>,
    start: impl FnOnce(Held) -> Result<(M, Vec<Action>), RunError> + Send,
    stop: impl Future<Output = ()> + Send,
    mut watch: impl FnMut(&Progress) + Send,
) -> Result<(), RunError> {
    let mut stop = pin!(stop);
    let mut device = Device::new(errand)?;
    let (mut machine, mut actions) = start(device.held()?)?;
    loop {
        if let Some(ending) = device.perform(actions, &mut watch).await? {
            return device.outcome(ending).map(|_| ());
        }
        let event = tokio::select! {
            biased;
            () = &mut stop => {
                device.hang_up().await;
                return Ok(());
            }
            event = device.next_event(machine.wake_at()) => event?,
        };
        actions = machine.handle(event, device.started.elapsed());
    }
}

fn open_store(errand: &Errand<'_>) -> Result<Store, RunError> {
    let disk = FolderDisk::take(errand.store).map_err(|source| match source.kind() {
        io::ErrorKind::WouldBlock => RunError::StoreInUse(errand.store.to_owned()),
        _ => RunError::Folder {
            path: errand.store.to_owned(),
            source,
        },
    })?;
    Ok(Arc::new(Mutex::new(SlotStore::open(disk)?)))
}

/// The hands of the state machine.
struct Device<'a> {
    errand: Errand<'a>,
    store: Store,
    link: Option<Link>,
    /// What was asked over HTTPS and is not answered yet.
    asked_over_https: Option<oneshot::Receiver<Event>>,
    started: Instant,
    asked: Option<Instant>,
    requests: u32,
    connections: u32,
    traffic: Traffic,
}

impl<'a> Device<'a> {
    fn new(errand: Errand<'a>) -> Result<Self, RunError> {
        let store = open_store(&errand)?;
        Ok(Self {
            errand,
            store,
            link: None,
            asked_over_https: None,
            started: Instant::now(),
            asked: None,
            requests: 0,
            connections: 0,
            traffic: Traffic::default(),
        })
    }

    fn held(&self) -> Result<Held, RunError> {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(store.held()?)
    }

    async fn perform(
        &mut self,
        actions: Vec<Action>,
        watch: &mut impl FnMut(&Progress),
    ) -> Result<Option<Ending>, RunError> {
        for action in actions {
            if let Some(ending) = self.perform_one(action, watch).await? {
                return Ok(Some(ending));
            }
        }
        Ok(None)
    }

    async fn perform_one(
        &mut self,
        action: Action,
        watch: &mut impl FnMut(&Progress),
    ) -> Result<Option<Ending>, RunError> {
        match action {
            Action::Keep(keep) => self.keep(keep).await?,
            Action::Connect {
                client_id,
                identity,
            } => self.connect(client_id, &identity)?,
            Action::Ask { request, within } => {
                let api = self.errand.means.api().ok_or(RunError::NoToken)?;
                self.asked_over_https = Some(api.ask(&request, within)?);
            }
            Action::Disconnect => self.hang_up().await,
            Action::Subscribe(topics) => {
                if let Some(link) = &self.link {
                    link.subscribe(topics).await;
                }
            }
            Action::Publish { topic, payload } => {
                if let Some(link) = &self.link {
                    link.publish(topic, payload.expose_secret().to_vec()).await;
                }
            }
            Action::Report(progress) => {
                if let Progress::Requested { .. } = progress {
                    self.requests += 1;
                    self.asked.get_or_insert_with(Instant::now);
                }
                watch(&progress);
            }
            Action::End(ending) => return Ok(Some(ending)),
        }
        Ok(None)
    }

    async fn hang_up(&mut self) {
        self.asked_over_https = None;
        if let Some(link) = self.link.take() {
            link.close().await;
        }
    }

    /// Waits for the medium, so not on a thread that other devices need.
    async fn keep(&self, keep: Keep) -> Result<(), RunError> {
        let store = Arc::clone(&self.store);
        let kept = tokio::task::spawn_blocking(move || -> Result<(), StoreError> {
            let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
            match keep {
                Keep::Delivery(delivery) => store.keep_delivery(&delivery),
                Keep::Pending(credentials) => store.keep_pending(&credentials),
                Keep::Promotion => store.promote(),
                Keep::RotationOver => store.forget_rotation(),
            }
        });
        match kept.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(RunError::Folder {
                path: self.errand.store.to_owned(),
                source: io::Error::other(error),
            }),
        }
    }

    fn connect(&mut self, client_id: String, identity: &Identity) -> Result<(), RunError> {
        // Before the new connection the old one has to be gone, also without a goodbye.
        self.link = None;
        let connection = self.errand.means.connection(identity)?;
        let Some((what, credentials, destination)) = connection else {
            return Err(RunError::NoPlace(self.errand.store.to_owned()));
        };
        let tls = tls::client(
            destination.authorities,
            what,
            credentials.certificate_pem(),
            credentials.private_key_pem(),
            destination.port,
        )?;
        self.connections += 1;
        self.link = Some(Link::open(Endpoint {
            host: &destination.host,
            port: destination.port,
            client_id,
            tls,
            packet_size: self.errand.packet_limit,
            patience: self.errand.timings.patience,
        }));
        Ok(())
    }

    /// Until when the machine wants to wait is counted from the start.
    async fn next_event(&mut self, wake_at: Duration) -> Result<Event, RunError> {
        let wake_at = self.started.checked_add(wake_at);
        let wake = async {
            match wake_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let (link, asked) = (&mut self.link, &mut self.asked_over_https);
        let hear = async {
            match link {
                Some(link) => link.hear().await,
                None => std::future::pending().await,
            }
        };
        let answer = async {
            match asked {
                Some(answer) => answer.await,
                None => std::future::pending().await,
            }
        };
        let heard = tokio::select! {
            heard = hear => heard,
            answer = answer => {
                self.asked_over_https = None;
                return Ok(answer.unwrap_or_else(|_| unanswered()));
            }
            () = wake => return Ok(Event::Tick),
        };
        match heard {
            Heard::Event(event) => {
                if let Event::Lost(_) = event {
                    self.link = None;
                }
                Ok(event)
            }
            Heard::Message {
                event,
                packet_bytes,
            } => {
                self.traffic.count(packet_bytes);
                Ok(event)
            }
            Heard::TooLarge { packet_bytes } => {
                let what = format!(
                    "a packet of {packet_bytes} bytes came, and this device takes {} at most",
                    self.errand.packet_limit
                );
                if self.errand.too_large_ends_it {
                    return Err(RunError::GaveUp {
                        client_id: self.errand.client_id.to_owned(),
                        because: what,
                    });
                }
                self.link = None;
                Ok(Event::Lost(Trouble {
                    refused: false,
                    what,
                }))
            }
        }
    }

    fn outcome(&self, ending: Ending) -> Result<Outcome, RunError> {
        let client_id = self.errand.client_id.to_owned();
        match ending {
            Ending::Provisioned {
                thing_name,
                certificate_id,
            } => Ok(Outcome {
                thing_name,
                certificate_id,
                mode: self.errand.mode,
                latency: self.asked.unwrap_or(self.started).elapsed(),
                requests: self.requests,
                connections: self.connections,
                traffic: self.traffic,
            }),
            Ending::Refused(refused) => Err(RunError::Refused { client_id, refused }),
            Ending::GaveUp { because } => Err(RunError::GaveUp { client_id, because }),
        }
    }
}

/// What asked has broken off without a word.
fn unanswered() -> Event {
    Event::Lost(Trouble {
        refused: false,
        what: "the question to the API broke off".into(),
    })
}
