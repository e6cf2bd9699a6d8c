//! What is altered in a run of the workflow, and how a run comes to the states that are not on everyone's way.

use crate::workflow::Definition;

/// From this state on a new device has its certificate.
const RECORDED: &str = "RecordProvisioned";

/// How a run comes to its states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// A device asks for the first time.
    First,
    /// The device is recorded, but the ledger's answer is lost.
    Recorded,
    /// The device cannot be recorded, so everything is undone.
    Undone,
    /// A device has a certificate, another one that it never used, and a token with a deadline.
    Reissue,
    /// A device asked without a key, and the execution was gone before it answered.
    Keyless,
    /// An execution with the same key was gone before it answered.
    Gone,
    /// An execution was gone amid its undo.
    Undoing,
    /// The token was spent by another key.
    Spent,
}

/// What happens to one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alteration {
    FailingBefore,
    FailingAfter,
    Repeated,
    CrashingAfter,
}

impl Scenario {
    pub const ALL: [Self; 8] = [
        Self::First,
        Self::Recorded,
        Self::Undone,
        Self::Reissue,
        Self::Keyless,
        Self::Gone,
        Self::Undoing,
        Self::Spent,
    ];
}

impl Alteration {
    pub const ALL: [Self; 4] = [
        Self::FailingBefore,
        Self::FailingAfter,
        Self::Repeated,
        Self::CrashingAfter,
    ];
}

/// One run.
#[derive(Debug, Clone)]
pub struct Variant {
    pub scenario: Scenario,
    pub altered: Option<(Alteration, String)>,
}

impl Variant {
    /// The variant's name, which is its device's serial as well: what is left over says what left it.
    pub fn name(&self) -> String {
        let altered = self.altered.as_ref().map_or_else(
            || "unaltered".to_owned(),
            |(alteration, state)| format!("{alteration:?}-{state}"),
        );
        format!("{:?}-{altered}", self.scenario)
    }

    /// The deployed definition with the alteration.
    pub fn definition(&self, deployed: Definition) -> Definition {
        let definition = match self.scenario {
            Scenario::Recorded => deployed.failing_after(RECORDED),
            Scenario::Undone => deployed.failing_before(RECORDED),
            _ => deployed,
        };
        match &self.altered {
            None => definition,
            Some((Alteration::FailingBefore, state)) => definition.failing_before(state),
            Some((Alteration::FailingAfter, state)) => definition.failing_after(state),
            Some((Alteration::Repeated, state)) => definition.repeated(state),
            Some((Alteration::CrashingAfter, state)) => definition.crashing_after(state),
        }
    }
}
