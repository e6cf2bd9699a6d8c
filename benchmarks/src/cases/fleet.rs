//! What sets a fleet up and takes it down: each task of the workflow with what it mostly does, and who starts it.

use super::{Case, Device, EXECUTION, LEDGER, MACHINE, VAULT};
use muster_documents::fleet_tasks::{MakeFleetPart, PackBundle, RemoveFleetPart};
use muster_documents::{FleetName, FleetSettings};
use muster_onboarding::ledger::{FLEETS_PK, FleetState};
use serde_json::{Value, json};
use std::error::Error;

const FLEET: &str = "gateways";
const PLACE: [(&str, &str); 3] = [
    ("STACK_NAME", "muster"),
    ("ACCOUNT_ID", "123456789012"),
    ("PARTITION", "aws"),
];

/// A fleet that is asked for again, a claim certificate that is made and one that is taken away, and a bundle without an
/// edge client.
pub fn all(device: &Device) -> Result<[Case; 4], Box<dyn Error>> {
    let settings: FleetSettings = serde_json::from_value(json!({ "templateName": FLEET }))?;
    let execution = EXECUTION.to_owned();
    let certificate_id = "a".repeat(64);
    let of_the_ledger = [LEDGER].into_iter().chain(VAULT);
    let of_a_place: Vec<_> = of_the_ledger.clone().chain(PLACE).collect();
    let case = |name, environment: &[_], event| device.case(name, name, environment, event, item());
    let mut cases = [
        case(
            "fleet-generator",
            &[LEDGER, MACHINE, ("VERIFIER_NAMES", "allow-list")],
            json!({ "body": settings }),
        ),
        case(
            "fleet-registrar",
            &[
                &of_a_place[..],
                &[
                    (
                        "PROVISIONING_ROLE_ARN",
                        "arn:aws:iam::123456789012:role/provisioning",
                    ),
                    (
                        "TOKEN_EXCHANGE_ROLE_ARN",
                        "arn:aws:iam::123456789012:role/core",
                    ),
                    (
                        "HOOK_ARN",
                        "arn:aws:lambda:eu-central-1:123456789012:function:hook",
                    ),
                ],
            ]
            .concat(),
            json!(MakeFleetPart::Claim {
                settings: settings.clone(),
                certificate_id: None,
                execution: execution.clone(),
            }),
        ),
        case(
            "fleet-remover",
            &of_a_place,
            json!(RemoveFleetPart::NewClaim {
                template_name: FleetName::new(FLEET)?,
                certificate_id: Some(certificate_id.clone()),
                execution: execution.clone(),
            }),
        ),
        case(
            "bundle-packer",
            &of_the_ledger.collect::<Vec<_>>(),
            json!(PackBundle::Bundle {
                settings,
                model: None,
                certificate_id: certificate_id.clone(),
                execution,
            }),
        ),
    ];
    cases[3].world.claim = Some(certificate_id);
    Ok(cases)
}

/// The fleet, as the ledger has it while an execution is at it.
fn item() -> Value {
    json!({
        "pk": { "S": FLEETS_PK }, "sk": { "S": FLEET }, "state": { "S": FleetState::Active.name() },
        "settings": { "S": json!({ "templateName": FLEET }).to_string() }, "execution": { "S": EXECUTION },
    })
}
