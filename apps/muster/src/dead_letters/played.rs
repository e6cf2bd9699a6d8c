//! A dead-letter queue that is played.

use super::LetterBox;
use muster_cloud::operator::{Depth, HeldMessage};
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// It. Messages are hidden for a number of calls in place of seconds.
pub struct Played(RefCell<State>);

struct State {
    messages: Vec<Kept>,
    calls: usize,
    hiding: usize,
    received: usize,
    put_back: Vec<HeldMessage>,
    /// How many more messages can be sent and taken away.
    sends: usize,
    removals: usize,
}

struct Kept {
    message: HeldMessage,
    hidden_until: usize,
}

impl Played {
    /// One with these messages.
    pub fn new(messages: impl IntoIterator<Item = HeldMessage>) -> Self {
        let keep = |message| Kept {
            message,
            hidden_until: 0,
        };
        Self(RefCell::new(State {
            messages: messages.into_iter().map(keep).collect(),
            calls: 0,
            hiding: usize::MAX / 2,
            received: 0,
            put_back: Vec::new(),
            sends: usize::MAX,
            removals: usize::MAX,
        }))
    }

    /// The same, with messages that are hidden for so many calls.
    pub fn hiding_for(self, calls: usize) -> Self {
        self.0.borrow_mut().hiding = calls;
        self
    }

    /// The same, where so many messages can be sent, and so many taken away.
    pub fn failing_after(self, sends: usize, removals: usize) -> Self {
        self.0.borrow_mut().sends = sends;
        self.0.borrow_mut().removals = removals;
        self
    }

    /// A message.
    pub fn message(id: &str, body: &str) -> HeldMessage {
        HeldMessage {
            id: id.to_owned(),
            body: body.to_owned(),
            attributes: BTreeMap::new(),
            sent_at: 1000,
            received: 5,
            moved: true,
            receipt: String::new(),
        }
    }

    /// A message of the device `sensor-NUMBER`, with the id `m-NUMBER`.
    pub fn connection(number: usize) -> HeldMessage {
        let body = json!({ "clientId": format!("sensor-{number}"), "principalIdentifier": "ab" });
        Self::message(&format!("m-{number}"), &body.to_string())
    }

    /// How many are hidden.
    pub fn hidden(&self) -> usize {
        let state = self.0.borrow();
        let hidden = |kept: &&Kept| kept.hidden_until > state.calls;
        state.messages.iter().filter(hidden).count()
    }

    /// How often it was asked for messages.
    pub fn received(&self) -> usize {
        self.0.borrow().received
    }

    /// What is in it.
    pub fn ids(&self) -> Vec<String> {
        let state = self.0.borrow();
        let ids = state.messages.iter().map(|kept| kept.message.id.clone());
        ids.collect()
    }

    /// What was put back, by id.
    pub fn put_back_ids(&self) -> Vec<String> {
        let state = self.0.borrow();
        state.put_back.iter().map(|one| one.id.clone()).collect()
    }
}

fn throttled(action: &'static str) -> CloudFailure {
    CloudFailure {
        kind: FailureKind::Throttled,
        action,
        message: "slow down".to_owned(),
        source: None,
    }
}

impl LetterBox for Played {
    async fn depth(&self) -> Result<Depth, CloudFailure> {
        let hidden = self.hidden() as u64;
        let all = self.0.borrow().messages.len() as u64;
        Ok(Depth {
            visible: all - hidden,
            hidden,
        })
    }

    async fn receive(&self, _: i32) -> Result<Vec<HeldMessage>, CloudFailure> {
        let mut state = self.0.borrow_mut();
        state.calls += 1;
        state.received += 1;
        let (now, until) = (state.calls, state.calls + state.hiding);
        let visible = |kept: &&mut Kept| kept.hidden_until <= now;
        let page = state.messages.iter_mut().filter(visible).take(10);
        let take = |kept: &mut Kept| {
            kept.hidden_until = until;
            kept.message.received += 1;
            kept.message.receipt = format!("{}@{now}", kept.message.id);
            kept.message.clone()
        };
        Ok(page.map(take).collect())
    }

    async fn give_back(&self, receipts: &[String]) -> Result<(), CloudFailure> {
        for kept in &mut self.0.borrow_mut().messages {
            if receipts.contains(&kept.message.receipt) {
                kept.hidden_until = 0;
            }
        }
        Ok(())
    }

    async fn put_back(&self, message: &HeldMessage) -> Result<(), CloudFailure> {
        let mut state = self.0.borrow_mut();
        let left = state.sends.checked_sub(1);
        state.sends = left.ok_or_else(|| throttled("sqs:SendMessage"))?;
        state.put_back.push(message.clone());
        Ok(())
    }

    async fn remove(&self, message: &HeldMessage) -> Result<(), CloudFailure> {
        let mut state = self.0.borrow_mut();
        let left = state.removals.checked_sub(1);
        state.removals = left.ok_or_else(|| throttled("sqs:DeleteMessage"))?;
        state
            .messages
            .retain(|kept| kept.message.receipt != message.receipt);
        Ok(())
    }
}
