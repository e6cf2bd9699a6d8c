//! What is altered in a run of the workflow, and how the run has to end.

use super::definition::Definition;
use muster_documents::Mode;

/// From this state on a device is provisioned, and nothing is undone any more.
const RECORDED: &str = "RecordProvisioned";

/// The state that undoes.
const UNDO: &str = "RevokeIdentity";

/// How a run comes to the states that are not on everyone's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// A device asks, and gets its certificate.
    First,
    /// The same device asks again while an earlier execution waits for it.
    Again,
    /// The device is recorded as provisioned, but the ledger's answer is lost.
    Recorded,
    /// The device cannot be recorded as provisioned, so everything is undone.
    Undone,
}

/// What happens to one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alteration {
    FailingBefore,
    FailingAfter,
    Repeated,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The device has one certificate, which works.
    Provisioned,
    /// The device is as it was imported.
    Known,
    /// The undo itself failed: the ledger names what is left.
    Left,
}

/// One run.
#[derive(Debug, Clone)]
pub struct Variant {
    pub mode: Mode,
    pub scenario: Scenario,
    pub altered: Option<(Alteration, String)>,
}

impl Scenario {
    pub const ALL: [Self; 4] = [Self::First, Self::Again, Self::Recorded, Self::Undone];

    fn definition(self, deployed: Definition) -> Definition {
        match self {
            Self::First | Self::Again => deployed,
            Self::Recorded => deployed.failing_after(RECORDED),
            Self::Undone => deployed.failing_before(RECORDED),
        }
    }
}

impl Variant {
    /// The variant's name, which is its device's serial as well: what is left over says what left it.
    pub fn name(&self) -> String {
        let altered = self.altered.as_ref().map_or_else(
            || "unaltered".to_owned(),
            |(alteration, state)| format!("{alteration:?}-{state}"),
        );
        format!("{:?}-{:?}-{altered}", self.mode, self.scenario)
    }

    /// The deployed definition with the alteration.
    pub fn definition(&self, deployed: Definition) -> Definition {
        let definition = self.scenario.definition(deployed);
        match &self.altered {
            None => definition,
            Some((Alteration::FailingBefore, state)) => definition.failing_before(state),
            Some((Alteration::FailingAfter, state)) => definition.failing_after(state),
            Some((Alteration::Repeated, state)) => definition.repeated(state),
        }
    }

    /// How the run has to end; `way` has the states that the scenario takes without the alteration, in order.
    pub fn end(&self, way: &[String]) -> End {
        let fails = self
            .altered
            .as_ref()
            .filter(|(alteration, _)| *alteration != Alteration::Repeated);
        let place = |name: &str| way.iter().position(|state| state == name);
        match (self.scenario, fails) {
            (Scenario::Undone, Some((Alteration::FailingBefore, state))) if state == UNDO => {
                End::Left
            }
            (Scenario::Undone, _) => End::Known,
            (Scenario::Recorded, _) | (_, None) => End::Provisioned,
            (_, Some((Alteration::FailingAfter, state))) if state == RECORDED => End::Provisioned,
            (_, Some((_, state))) if place(state) > place(RECORDED) => End::Provisioned,
            _ => End::Known,
        }
    }

    /// Whether the device is told that it was refused.
    pub fn tells(&self, end: End) -> bool {
        let silenced = self.altered.as_ref().is_some_and(|(alteration, state)| {
            *alteration == Alteration::FailingBefore && state == "PublishRefusal"
        });
        end != End::Provisioned && !silenced
    }
}
