//! `muster ca remove`.

use crate::commands::Failure;
use crate::output::Output;
use crate::target::Target;
use muster_cloud::operator::Authority;
use serde_json::json;

/// Takes a CA that is shut away. One that is open is refused, so that nobody removes what devices still come in by.
pub async fn run(target: &Target, id: &str, output: &Output) -> Result<(), Failure> {
    let authorities = target.authorities();
    let ca = super::find(authorities.list().await?, id)?;
    check_shut(&ca)?;
    let id = &ca.certificate_id;
    authorities.remove(id, &target.vault()?).await?;
    output.result(
        &json!({ "removed": id }),
        &format!(
            "removed {id} ({}) from AWS IoT, and its files and its key from the vault: no further device can have a \
             certificate of it or come in with one; those that are in stay in",
            ca.common_name
        ),
    );
    Ok(())
}

fn check_shut(ca: &Authority) -> Result<(), Failure> {
    if ca.is_shut() {
        return Ok(());
    }
    let id = &ca.certificate_id;
    Err(format!(
        "{id} ({}) is open: `muster ca disable {id}` first, and see that nothing misses it",
        ca.common_name
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::super::tests::ca;
    use super::*;

    #[test]
    fn only_a_ca_that_is_shut_is_removed() {
        for (status, removed) in [("INACTIVE", true), ("ACTIVE", false), ("", false)] {
            let ca = Authority {
                status: status.to_owned(),
                ..ca("ab1", true)
            };
            assert_eq!(check_shut(&ca).is_ok(), removed, "{status}");
        }
    }
}
