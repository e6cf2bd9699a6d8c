//! Each line of a task's log says whose device and which execution it is about: the function takes both from its payload.

use crate::repository::{states, workflows};

/// Tasks whose payload names no execution, and why.
const WITHOUT_EXECUTION: [(&str, &str); 1] = [("jitr-activation/VerifyDevice", A_VERIFIERS)];

/// Tasks whose payload names no serial, and why.
const WITHOUT_SERIAL: [(&str, &str); 22] = [
    ("certificate-rotation/EnforceDeadlines", SHARD),
    ("certificate-rotation/NotifyDevices", SHARD),
    ("certificate-rotation/PlanRotation", SHARD),
    ("certificate-rotation/ReadDue", SHARD),
    ("certificate-rotation/RetireCertificates", SHARD),
    ("claim-retirement/RetireClaim", FLEET),
    ("fleet-setup/FinishRemoval", FLEET),
    ("fleet-setup/LookForDevices", FLEET),
    ("fleet-setup/MakeClaim", FLEET),
    ("fleet-setup/MakePolicies", FLEET),
    ("fleet-setup/MakeTemplates", FLEET),
    ("fleet-setup/PackBundle", FLEET),
    ("fleet-setup/RemoveAbandonedClaim", FLEET),
    ("fleet-setup/RemoveFleet", FLEET),
    ("fleet-setup/RemoveLeftovers", FLEET),
    ("fleet-setup/RemoveNewClaim", FLEET),
    ("fleet-setup/UndoFleet", FLEET),
    (
        "jitr-activation/InspectCertificate",
        "the serial stands in the certificate, which this task reads",
    ),
    ("jitr-activation/VerifyDevice", A_VERIFIERS),
    ("reconciliation/ReconcileCertificates", SHARD),
    ("reconciliation/ReconcileDevices", SHARD),
    ("reconciliation/ReconcileThings", SHARD),
];

const SHARD: &str = "it is about many devices, each of which has lines of its own";
const FLEET: &str = "it is about a fleet, and no device's";
const A_VERIFIERS: &str = "what verifiers are asked is what operators have written theirs for; in a question of another way in \
                           these words would be the caller's";

#[test]
fn a_task_tells_its_function_whose_device_and_which_execution_it_is_about() {
    let mut missing = Vec::new();
    let mut seen = Vec::new();
    for (workflow, definition) in workflows() {
        for (name, state) in states(&definition) {
            let resource = state["Resource"].as_str().unwrap_or_default();
            if !resource.contains("lambda:invoke") {
                continue;
            }
            let task = format!("{workflow}/{name}");
            let payload = &state["Arguments"]["Payload"];
            let fields = [
                ("serial", &WITHOUT_SERIAL[..]),
                ("execution", &WITHOUT_EXECUTION[..]),
            ];
            for (field, exceptions) in fields {
                let excepted = exceptions.iter().any(|(excepted, _)| *excepted == task);
                if payload[field].is_string() == excepted {
                    missing.push((task.clone(), field, excepted));
                }
            }
            seen.push(task);
        }
    }
    assert!(seen.len() > 40, "{seen:?}");
    let excepted = WITHOUT_SERIAL.iter().chain(&WITHOUT_EXECUTION);
    for (task, _) in excepted {
        assert!(
            seen.iter().any(|seen| seen == task),
            "{task} is no task any more"
        );
    }
    assert!(
        missing.is_empty(),
        "(task, field, whether it is an exception that has the field): {missing:?}"
    );
}
