//! A device that has its certificate and stays: it waits for the cloud to ask, replaces it, and goes on.

mod alert;
mod watch;

use crate::device::Purpose;
use crate::{
    Action, Ending, Entropy, Event, Held, Machine, Progress, Provisioning, RotationRoute, Route,
};
use std::time::Duration;
use watch::{Next, Watch};

/// A device that stays connected with its certificate and rotates it whenever the cloud asks for it on
/// `cmd/<thingName>/alerts`.
///
/// It publishes nothing with the certificate that it has: one in quarantine may only connect, hear its alerts and
/// rotate, and AWS IoT ends a connection that publishes what it may not. It ends ([`Action::End`]) only if it doesn't
/// get its first certificate. It can be dropped at any moment: a rotation under way is gone on with at the next start.
pub struct Staying {
    rotation: RotationRoute,
    phase: Phase,
}

enum Phase {
    /// It has no certificate yet.
    Getting(Provisioning),
    /// It waits for an alert.
    Watching(Watch),
    /// It replaces its certificate.
    Rotating(Provisioning),
    /// It has not got one.
    Over,
}

impl Staying {
    /// Begins with what is held: gets the first certificate by `first`, proves a pending one, or waits for alerts.
    pub fn start(
        first: impl Into<Route>,
        rotation: RotationRoute,
        held: Held,
        entropy: Box<dyn Entropy + Send>,
        now: Duration,
    ) -> (Self, Vec<Action>) {
        if held.current.is_none() {
            let (machine, actions) = Provisioning::start(first, held, entropy, now);
            let phase = Phase::Getting(machine);
            return (Self { rotation, phase }, actions);
        }
        let mut staying = Self {
            rotation,
            phase: Phase::Over,
        };
        let under_way = held
            .delivery
            .as_ref()
            .is_some_and(|delivery| delivery.replaces == held.current_id());
        let actions = if under_way || held.pending.is_some() {
            staying.rotate(held, entropy, now)
        } else {
            staying.watch(held, entropy, now)
        };
        (staying, actions)
    }

    fn watch(
        &mut self,
        held: Held,
        entropy: Box<dyn Entropy + Send>,
        now: Duration,
    ) -> Vec<Action> {
        let RotationRoute(route) = &self.rotation;
        let device = route.device(Purpose::Rotation, held, entropy, now);
        let (watch, actions) = Watch::start(device);
        self.phase = Phase::Watching(watch);
        actions
    }

    fn rotate(
        &mut self,
        held: Held,
        entropy: Box<dyn Entropy + Send>,
        now: Duration,
    ) -> Vec<Action> {
        let (machine, actions) = Provisioning::rotating(self.rotation.clone(), held, entropy, now);
        self.phase = Phase::Rotating(machine);
        actions
    }

    /// What follows the end of `machine`, which may have been to get the first certificate.
    fn after(
        &mut self,
        machine: Provisioning,
        ending: Ending,
        is_first: bool,
        now: Duration,
    ) -> Vec<Action> {
        let mut actions = match ending {
            Ending::Refused(_) | Ending::GaveUp { .. } if is_first => {
                return vec![Action::End(ending)];
            }
            Ending::GaveUp { because } => {
                vec![Action::Report(Progress::RotationPutOff { because })]
            }
            // It lives with the certificate that it has: the new one, or the old one where there is to be none.
            Ending::Provisioned { .. } | Ending::Refused(_) => Vec::new(),
        };
        let (held, entropy) = machine.into_parts();
        actions.extend(self.watch(held, entropy, now));
        actions
    }
}

impl Machine for Staying {
    fn handle(&mut self, event: Event, now: Duration) -> Vec<Action> {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Over => Vec::new(),
            Phase::Watching(mut watch) => {
                let (mut actions, next) = watch.handle(event, now);
                if next == Next::Rotate {
                    let (held, entropy) = watch.into_parts();
                    actions.extend(self.rotate(held, entropy, now));
                } else {
                    self.phase = Phase::Watching(watch);
                }
                actions
            }
            Phase::Getting(machine) => self.go_on(machine, true, event, now),
            Phase::Rotating(machine) => self.go_on(machine, false, event, now),
        }
    }

    fn wake_at(&self) -> Duration {
        match &self.phase {
            Phase::Getting(machine) | Phase::Rotating(machine) => machine.wake_at(),
            Phase::Watching(watch) => watch.wake_at(),
            Phase::Over => Duration::MAX,
        }
    }
}

impl Staying {
    fn go_on(
        &mut self,
        mut machine: Provisioning,
        is_first: bool,
        event: Event,
        now: Duration,
    ) -> Vec<Action> {
        let mut actions = machine.handle(event, now);
        if let Some(Action::End(ending)) = actions.pop_if(|last| matches!(last, Action::End(_))) {
            actions.extend(self.after(machine, ending, is_first, now));
        } else if is_first {
            self.phase = Phase::Getting(machine);
        } else {
            self.phase = Phase::Rotating(machine);
        }
        actions
    }
}
