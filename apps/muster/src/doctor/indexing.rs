//! Whether AWS IoT indexes the fleet. Muster asks the index nothing, so both are well.

use super::{Finding, Patient};
use crate::commands::Failure;
use muster_cloud::operator::FleetIndex;

pub async fn look(patient: &Patient<'_>) -> Result<Vec<Finding>, Failure> {
    Ok(vec![judge(&patient.checkup.fleet_index().await?)])
}

fn judge(index: &FleetIndex) -> Finding {
    let FleetIndex { things, groups } = index;
    if things == "OFF" && groups == "OFF" {
        return Finding::ok("off, and Muster needs none");
    }
    Finding::ok(format!(
        "things {things}, groups {groups}: Muster needs neither, and each update of what is indexed costs"
    ))
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn an_index_is_well_and_told_to_cost() {
        for (things, groups, costs) in [
            ("OFF", "OFF", false),
            ("REGISTRY", "OFF", true),
            ("OFF", "ON", true),
        ] {
            let found = judge(&FleetIndex {
                things: things.to_owned(),
                groups: groups.to_owned(),
            });
            assert_eq!(found.level, Level::Ok);
            assert_eq!(found.said.contains("costs"), costs, "{found:?}");
        }
    }
}
