//! A ledger with one device and its token, a key and shadows, in memory.

use crate::{ShadowError, World};
use futures_util::FutureExt;
use muster_documents::Serial;
use muster_lambda::{DeviceRequest, PaceLimits};
use muster_onboarding::ledger::DeviceState;
use muster_onboarding::ports::{
    Certificate, Counted, DesiredWrite, DeviceRecords, HeldDevice, ShadowState, Shadows, TokenKey,
    TokenLedger, TokenRecord,
};
use muster_onboarding::shadows::{KeyPattern, KeyRule, ShadowRules};
use muster_onboarding::tokens::{Opens, token_digest};
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

pub const NOW: i64 = 1_800_000_000;
pub const TOKEN: &str = "7QX2Y-00000-00000-00000-000000";
const MAC: [u8; 32] = [7; 32];

/// What was written: the thing, what is desired of it, and of which version.
type Write = (String, Value, Option<i64>);

pub struct State {
    pub devices: BTreeMap<Serial, HeldDevice>,
    pub opens: Opens,
    pub reported: Option<Value>,
    pub outcome: Result<DesiredWrite, FailureKind>,
    pub rules: ShadowRules,
    /// How many requests a minute are taken.
    pub limit: i64,
    pub read: Vec<String>,
    pub written: Vec<Write>,
    /// What was asked of the ledger and the key, in order.
    pub asked: Vec<String>,
}

#[derive(Clone)]
pub struct Cloud(Arc<Mutex<State>>);

pub fn serial() -> Serial {
    Serial::new("sensor-1").unwrap()
}

/// A provisioned device.
pub fn held() -> HeldDevice {
    HeldDevice {
        state: Some(DeviceState::Provisioned),
        ..HeldDevice::default()
    }
}

pub fn certificate(id: &str) -> Certificate {
    Certificate {
        id: id.to_owned(),
        arn: "arn".to_owned(),
        der: Vec::new(),
    }
}

pub fn rules(read: &[&str], no_read: &[&str], write: &[&str], no_write: &[&str]) -> ShadowRules {
    let patterns = |texts: &[&str]| -> Vec<KeyPattern> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    };
    let rule = |allow, deny| KeyRule {
        allow: patterns(allow),
        deny: patterns(deny),
    };
    ShadowRules {
        read: rule(read, no_read),
        write: rule(write, no_write),
    }
}

impl Cloud {
    pub fn with_device() -> Self {
        let written = DesiredWrite::Written {
            version: 4,
            timestamp: 9,
        };
        Self(Arc::new(Mutex::new(State {
            devices: BTreeMap::from([(serial(), held())]),
            opens: Opens::Shadow,
            reported: Some(json!({})),
            outcome: Ok(written),
            rules: rules(&["**"], &[], &["**"], &[]),
            limit: 100,
            read: Vec::new(),
            written: Vec::new(),
            asked: Vec::new(),
        })))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn change(&self, how: impl FnOnce(&mut HeldDevice)) {
        how(self.state().devices.get_mut(&serial()).unwrap());
    }

    pub fn ask(&self, now: i64, request: &DeviceRequest) -> Result<Value, ShadowError> {
        let limit = self.state().limit;
        let world = World {
            ledger: self.clone(),
            key: self.clone(),
            shadows: self.clone(),
            limits: PaceLimits {
                per_source: limit,
                per_serial: limit,
            },
            rules: self.state().rules.clone(),
        };
        let served = world.serve(now, request).now_or_never();
        served.expect("it waits for nothing")
    }
}

impl DeviceRecords for Cloud {
    async fn held(&self, serial: &Serial) -> Result<Option<HeldDevice>, CloudFailure> {
        let mut state = self.state();
        state.asked.push(format!("held {serial}"));
        Ok(state.devices.get(serial).cloned())
    }
}

impl TokenLedger for Cloud {
    async fn token(&self, asked: &Serial) -> Result<Option<TokenRecord>, CloudFailure> {
        let mut state = self.state();
        state.asked.push(format!("token {asked}"));
        Ok((*asked == serial()).then(|| TokenRecord {
            mac: MAC.to_vec(),
            opens: state.opens,
            expires_at: NOW + 1,
        }))
    }

    async fn count_request_of(&self, who: Counted<'_>, _: i64) -> Result<i64, CloudFailure> {
        let who = match who {
            Counted::Source(source) => format!("source {source}"),
            Counted::Right(serial) => format!("right {serial}"),
            Counted::Wrong(serial) => format!("wrong {serial}"),
        };
        let mut state = self.state();
        state.asked.push(who.clone());
        let count = state.asked.iter().filter(|one| **one == who).count();
        Ok(i64::try_from(count).unwrap())
    }
}

impl TokenKey for Cloud {
    async fn token_mac(&self, digest: &str) -> Result<Vec<u8>, CloudFailure> {
        self.state().asked.push("hash".to_owned());
        let right = token_digest(&serial(), &TOKEN.to_owned().into());
        Ok(if digest == right { MAC } else { [8; 32] }.to_vec())
    }
}

impl Shadows for Cloud {
    async fn reported_state(&self, thing: &str) -> Result<Option<ShadowState>, CloudFailure> {
        let mut state = self.state();
        state.read.push(thing.to_owned());
        let reported = state.reported.as_ref().and_then(Value::as_object);
        Ok(reported.map(|reported| ShadowState {
            reported: reported.clone(),
            version: 3,
            timestamp: 9,
        }))
    }

    async fn write_desired(
        &self,
        thing: &str,
        desired: &Map<String, Value>,
        version: Option<i64>,
    ) -> Result<DesiredWrite, CloudFailure> {
        let mut state = self.state();
        let desired = Value::Object(desired.clone());
        state.written.push((thing.to_owned(), desired, version));
        state.outcome.map_err(|kind| CloudFailure {
            kind,
            action: "iot:UpdateThingShadow",
            message: "arn:aws:iot:eu-central-1:123456789012:thing/t".to_owned(),
            source: None,
        })
    }
}
