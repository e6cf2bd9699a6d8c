//! A device replaces its certificate over real TLS and MQTT, once or whenever the cloud asks.

mod support;

use edge_client::{
    Outcome, Progress, RunError, fleet, rotate, rotate_fleet, run, status, stay, stay_fleet,
};
use muster_documents::bundle::files;
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::broker::{Broker, Script};
use support::cloud::Cloud;
use support::fleet_cloud::FleetCloud;
use support::rotation_cloud::{Kind, RotationCloud};
use support::service::Service;
use tempfile::{TempDir, tempdir};
use tokio::sync::oneshot;
use tokio::time::timeout;

const KINDS: [Kind; 2] = [Kind::Chunked, Kind::Fleet];

/// A device with a certificate that is to be replaced, and its cloud.
struct Device {
    broker: Broker<RotationCloud>,
    folder: TempDir,
    kind: Kind,
}

impl Device {
    async fn new(kind: Kind, script: Script) -> Self {
        let device = Self {
            broker: Broker::rotating(kind, script).await,
            folder: tempdir().unwrap(),
            kind,
        };
        device.broker.give_current(&device.store());
        device
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join(files::CREDENTIALS)
    }

    async fn rotate(&self, watch: impl FnMut(&Progress) + Send) -> Result<Outcome, RunError> {
        let patience = Duration::from_secs(2);
        match self.kind {
            Kind::Chunked => {
                let mut config = self.broker.config(&self.store());
                config.timings.give_up_after = patience;
                rotate(config, watch).await
            }
            Kind::Fleet => {
                let mut config = self.broker.fleet_config(self.folder.path());
                config.timings.give_up_after = patience;
                rotate_fleet(config, watch).await
            }
        }
    }

    /// Lets it stay until it has told this. What it has told.
    async fn stay(&self, until: impl Fn(&[Progress]) -> bool + Sync) -> Vec<Progress> {
        let (stop, stopped) = oneshot::channel();
        let mut stop = Some(stop);
        let mut told = Vec::new();
        let watch = |progress: &Progress| {
            told.push(progress.clone());
            if until(&told)
                && let Some(stop) = stop.take()
            {
                stop.send(()).unwrap();
            }
        };
        let stopped = async {
            stopped.await.unwrap();
        };
        let staying = async {
            match self.kind {
                Kind::Chunked => stay(self.broker.config(&self.store()), stopped, watch).await,
                Kind::Fleet => {
                    let config = self.broker.fleet_config(self.folder.path());
                    stay_fleet(config, stopped, watch).await
                }
            }
        };
        let stayed = timeout(Duration::from_secs(30), staying).await;
        stayed.expect("it tells so, and stops").unwrap();
        told
    }

    /// The certificate that it has works, and nothing else is kept.
    fn assert_sound(&self) {
        let mut names: Vec<_> = std::fs::read_dir(self.store())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["current.pem", "lock"]);
        let current = status(&self.store()).unwrap().current.unwrap();
        let in_force = muster_pki::certificate_id(&self.broker.seen().cloud.in_force);
        assert_eq!(current.certificate_id, in_force);
    }
}

fn alert() -> Vec<u8> {
    RotationCloud::alert_message().1
}

fn events(told: &[Progress]) -> Vec<String> {
    let event = |progress: &Progress| {
        let value = serde_json::to_value(progress).unwrap();
        value["event"].as_str().unwrap().to_owned()
    };
    told.iter().map(event).collect()
}

/// How often it has begun to wait for alerts.
fn waits(told: &[Progress]) -> usize {
    let waits = |told: &&Progress| matches!(told, Progress::WaitingForAlerts { .. });
    told.iter().filter(waits).count()
}

#[tokio::test]
async fn a_device_replaces_its_certificate_once() {
    for kind in KINDS {
        let device = Device::new(kind, Script::default()).await;
        let before = device.broker.seen().cloud.in_force.clone();
        let mut told = Vec::new();
        let outcome = device.rotate(|progress| told.push(progress.clone())).await;
        let outcome = outcome.unwrap();
        let after = device.broker.seen().cloud.in_force.clone();
        assert_ne!(before, after);
        assert_eq!(outcome.certificate_id, muster_pki::certificate_id(&after));
        assert_eq!((outcome.requests, outcome.connections), (1, 2));
        let events = events(&told);
        assert_eq!(events[..3], ["rotationStarted", "reconnected", "requested"]);
        assert_eq!(events[events.len() - 2..], ["promoted", "rotated"]);
        let seen = device.broker.seen();
        assert_eq!(seen.connected, [before, after]);
        assert_eq!(seen.hellos, 1);
        assert!(
            seen.claim_client_ids.is_empty(),
            "the claim certificate has no part in it"
        );
        drop(seen);
        device.assert_sound();
    }
}

#[tokio::test]
async fn without_a_certificate_there_is_nothing_to_replace() {
    for kind in KINDS {
        let device = Device::new(kind, Script::default()).await;
        std::fs::remove_file(device.store().join("current.pem")).unwrap();
        let error = device.rotate(|_| {}).await.unwrap_err();
        assert!(matches!(error, RunError::NothingToRotate(_)));
        assert_eq!(error.exit_code(), 1);
        assert!(
            error.to_string().contains("holds no certificate to rotate"),
            "{error}"
        );
        assert!(device.broker.seen().connected.is_empty());
    }
}

#[tokio::test]
async fn a_rotation_that_the_cloud_has_not_is_refused_for_good_and_leaves_nothing() {
    for (kind, code) in [
        (Kind::Chunked, "RotationNotDue"),
        (Kind::Fleet, "AccessDenied"),
    ] {
        let device = Device::new(kind, Script::default()).await;
        device.broker.seen().cloud.due = false;
        let error = device.rotate(|_| {}).await.unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(code), "{error}");
        device.assert_sound();
    }
}

#[tokio::test]
async fn a_rotation_that_gives_up_for_now_is_gone_on_with() {
    for (kind, code) in [
        (Kind::Chunked, "ProvisioningFailed"),
        (Kind::Fleet, "InvocationError"),
    ] {
        let device = Device::new(kind, Script::default()).await;
        device.broker.seen().cloud.rejections = vec![(400, code); 100];
        let error = device.rotate(|_| {}).await.unwrap_err();
        assert_eq!(error.exit_code(), 3);
        let held = status(&device.store()).unwrap();
        let replaces = held.delivery.expect("it is kept").replaces;
        assert_eq!(replaces, held.current.map(|current| current.certificate_id));
        device.broker.seen().cloud.rejections.clear();
        device.rotate(|_| {}).await.unwrap();
        assert_eq!(device.broker.seen().cloud.keys.len(), 1);
        device.assert_sound();
    }
}

#[tokio::test]
async fn a_device_that_stays_rotates_once_for_an_alert_and_its_repetition() {
    for kind in KINDS {
        let device = Device::new(kind, Script::default()).await;
        let other = br#"{"msg": "reboot"}"#.to_vec();
        let said = vec![b"\xff".to_vec(), other, alert(), alert()];
        device.broker.seen().alerts.push_back(said);
        let told = device.stay(|told| waits(told) == 2).await;
        let events = events(&told);
        assert_eq!(
            events[..4],
            [
                "reconnected",
                "waitingForAlerts",
                "alertReceived",
                "rotationStarted"
            ]
        );
        assert_eq!(
            events[events.len() - 4..],
            ["promoted", "rotated", "reconnected", "waitingForAlerts"]
        );
        let seen = device.broker.seen();
        assert_eq!(
            (seen.cloud.requests, seen.hellos),
            (1, 1),
            "only the new one says hello"
        );
        drop(seen);
        device.assert_sound();
    }
}

#[tokio::test]
async fn a_device_that_stays_rotates_again_and_again() {
    for kind in KINDS {
        let device = Device::new(kind, Script::default()).await;
        for _ in 0..3 {
            device.broker.seen().alerts.push_back(vec![alert()]);
            device.broker.seen().cloud.due = true;
            device.stay(|told| waits(told) == 2).await;
            device.assert_sound();
        }
        let seen = device.broker.seen();
        assert_eq!(
            (seen.cloud.requests, seen.cloud.keys.len()),
            (3, 3),
            "each with a new key"
        );
    }
}

#[tokio::test]
async fn a_device_that_is_told_that_none_is_due_goes_on() {
    for kind in KINDS {
        let device = Device::new(kind, Script::default()).await;
        device.broker.seen().cloud.due = false;
        device.broker.seen().alerts.push_back(vec![alert()]);
        let told = device.stay(|told| waits(told) == 2).await;
        let refused = |told: &Progress| matches!(told, Progress::Refused { .. });
        assert!(told.iter().any(refused));
        device.assert_sound();
    }
}

#[tokio::test]
async fn a_rotation_that_is_stopped_is_gone_on_with_at_the_next_start() {
    for kind in KINDS {
        let device = Device::new(kind, Script::default()).await;
        device.broker.seen().alerts.push_back(vec![alert()]);
        let stored = |told: &[Progress]| matches!(told.last(), Some(Progress::Stored { .. }));
        device.stay(stored).await;
        assert!(status(&device.store()).unwrap().pending.is_some());
        let told = device.stay(|told| waits(told) == 1).await;
        let events = events(&told);
        assert_eq!(events[0], "rotationStarted");
        assert!(events.contains(&"rotated".to_owned()), "{events:?}");
        assert_eq!(device.broker.seen().cloud.requests, 1);
        device.assert_sound();
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_is_made_again() {
    let script = Script {
        cuts: 3,
        ..Script::default()
    };
    let device = Device::new(Kind::Fleet, script).await;
    let told = device.stay(|told| waits(told) == 1).await;
    let waiting = |told: &&Progress| matches!(told, Progress::Waiting { .. });
    assert_eq!(told.iter().filter(waiting).count(), 3);
    assert_eq!(device.broker.seen().connected.len(), 4);
}

#[tokio::test]
async fn a_message_that_is_too_large_is_not_the_end() {
    let device = Device::new(Kind::Chunked, Script::default()).await;
    let alerts = [vec![vec![b' '; 300]], vec![alert()]];
    device.broker.seen().alerts.extend(alerts);
    let told = device.stay(|told| waits(told) == 3).await;
    assert!(events(&told).contains(&"rotated".to_owned()));
    device.assert_sound();
}

/// Lets a device without a certificate stay until it waits for alerts, and then run as before.
async fn stays_from_the_start<S: Service + Send + 'static>(
    broker: &Broker<S>,
    stay: impl AsyncFnOnce(oneshot::Receiver<()>, &mut (dyn FnMut(&Progress) + Send)),
    store: &Path,
) {
    let (stop, stopped) = oneshot::channel();
    let mut stop = Some(stop);
    let mut told = Vec::new();
    let mut watch = |progress: &Progress| {
        told.push(progress.clone());
        if waits(&told) == 1 {
            stop.take().unwrap().send(()).unwrap();
        }
    };
    let stayed = timeout(Duration::from_secs(30), stay(stopped, &mut watch));
    stayed.await.expect("it waits for alerts, and stops");
    let events = events(&told);
    let end = ["promoted", "finished", "reconnected", "waitingForAlerts"];
    assert_eq!(events[events.len() - 4..], end);
    assert_eq!(broker.seen().hellos, 1);
    assert!(status(store).unwrap().current.is_some());
}

#[tokio::test]
async fn a_device_without_a_certificate_gets_one_and_stays_with_it() {
    let folder = tempdir().unwrap();
    let broker = Broker::<Cloud>::start("SN-1", Script::default()).await;
    let config = broker.config(folder.path());
    let staying = async |stopped: oneshot::Receiver<()>,
                         watch: &mut (dyn FnMut(&Progress) + Send)| {
        let stop = async { stopped.await.unwrap() };
        stay(config, stop, watch).await.unwrap();
    };
    stays_from_the_start(&broker, staying, folder.path()).await;
    run(broker.config(folder.path()), |_| {}).await.unwrap();

    let folder = tempdir().unwrap();
    let broker = Broker::fleet("SN-1", FleetCloud::new("SN-1"), Script::default()).await;
    let config = broker.fleet_config(folder.path());
    let store = config.store.clone();
    let staying = async |stopped: oneshot::Receiver<()>,
                         watch: &mut (dyn FnMut(&Progress) + Send)| {
        let stop = async { stopped.await.unwrap() };
        stay_fleet(config, stop, watch).await.unwrap();
    };
    stays_from_the_start(&broker, staying, &store).await;
    fleet(broker.fleet_config(folder.path()), |_| {})
        .await
        .unwrap();
}

#[tokio::test]
async fn a_device_that_gets_no_first_certificate_does_not_stay() {
    let cloud = FleetCloud {
        rejections: vec![(403, "AccessDenied")],
        ..FleetCloud::new("SN-1")
    };
    let broker = Broker::fleet("SN-1", cloud, Script::default()).await;
    let folder = tempdir().unwrap();
    let config = broker.fleet_config(folder.path());
    let stayed = stay_fleet(config, std::future::pending(), |_| {}).await;
    assert_eq!(stayed.unwrap_err().exit_code(), 2);
}

#[tokio::test]
async fn a_staying_device_can_be_driven_from_another_task() {
    let device = Device::new(Kind::Chunked, Script::default()).await;
    let config = device.broker.config(&device.store());
    let (stop, stopped) = oneshot::channel::<()>();
    let stop_comes = async move {
        let _ = stopped.await;
    };
    let staying = tokio::spawn(stay(config, stop_comes, |_| {}));
    while device.broker.seen().connected.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.send(()).unwrap();
    staying.await.unwrap().unwrap();
    device
        .rotate(|_| {})
        .await
        .expect("the store is free again");
}
