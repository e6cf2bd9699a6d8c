//! Which roles reach a part of the ledger only.

use crate::template::{list, resources, statements, template};
use std::collections::BTreeSet;

/// Who is bound to which partitions, as docs/security.md says. A condition that goes, or gets wider, gives all items.
const BOUND: [(&str, &str); 9] = [
    ("CertificateVendingStateMachine", "device#*"),
    ("CertificateVendorFunction", "device#*"),
    ("CertificateVendorFunction", "pace#*"),
    ("ClaimIntakeFunction", "claim#*"),
    ("FleetGeneratorFunction", "fleets"),
    ("FleetRemoverFunction", "voucher#*"),
    ("FleetRemoverFunction", "vouchers#*"),
    ("ShadowKeeperFunction", "device#*"),
    ("ShadowKeeperFunction", "pace#*"),
];

#[test]
fn roles_that_are_bound_to_a_part_of_the_ledger_stay_so() {
    let template = template();
    let kinds = ["AWS::Serverless::Function", "AWS::Serverless::StateMachine"];
    let roles = kinds
        .into_iter()
        .flat_map(|kind| resources(&template, kind));
    let mut found = BTreeSet::new();
    for (role, properties) in roles {
        for statement in statements(&properties) {
            for operator in ["StringLike", "StringEquals"] {
                let condition = &statement["Condition"][format!("ForAllValues:{operator}")];
                for key in list(&condition["dynamodb:LeadingKeys"]) {
                    found.insert((role.clone(), key.as_str().unwrap().to_owned()));
                }
            }
        }
    }
    let bound = BOUND.map(|(role, key)| (role.to_owned(), key.to_owned()));
    assert_eq!(found, bound.into());
}
