//! What the ways in begin with: the claim certificate, the CAs, and the fleet.

use super::authorities;
use super::device::Means;
use super::fleet;
use super::issuer::Issuer;
use super::leavings::Leavings;
use super::way::{Beginning, Way};
use crate::commands::Failure;
use crate::output::Output;
use crate::target::Target;
use edge_client::short;
use muster_cloud::operator::CreatedClaim;
use secrecy::ExposeSecret;

/// What was made for a demo.
pub struct Prepared {
    /// The claim certificate's id, if a way needs one.
    pub claim: Option<String>,
    /// The ways, and what their devices get their certificates with.
    pub ways: Vec<(Way, Means)>,
}

/// Makes what these ways begin with.
pub async fn prepare(
    target: &Target,
    ways: &[Way],
    started: jiff::Timestamp,
    leavings: &Leavings,
    output: &Output,
) -> Result<Prepared, Failure> {
    let mut claim: Option<CreatedClaim> = None;
    let mut prepared = Vec::new();
    for way in ways {
        let means = match way.beginning() {
            Beginning::Claim(mode) => {
                let shared = match &mut claim {
                    Some(there) => there,
                    none => none.insert(make_claim(target, started, leavings, output).await?),
                };
                Means::Claim {
                    certificate: shared.certificate_pem.clone().into(),
                    key: shared.private_key_pem.expose_secret().to_owned().into(),
                    mode,
                }
            }
            Beginning::Authority(route) => {
                // To the nanosecond, so that no other demo's CA has its name.
                let name = format!("demo {} {}", started.as_nanosecond(), way.name());
                let id = authorities::register(target, route, &name, leavings).await?;
                output.progress(&format!("CA {} for {}", short(&id), way.name()));
                Means::Authority(id)
            }
            Beginning::Fleet => {
                let made = fleet::set_up(target, started, leavings).await?;
                output.progress(&format!("fleet {}", made.template_name));
                fleet::means(target, &made).await?
            }
            Beginning::Token => Means::Token(Issuer {
                tokens: target.tokens()?,
                keys: target.token_keys()?,
            }),
        };
        prepared.push((*way, means));
    }
    Ok(Prepared {
        claim: claim.map(|claim| claim.certificate_id),
        ways: prepared,
    })
}

async fn make_claim(
    target: &Target,
    started: jiff::Timestamp,
    leavings: &Leavings,
    output: &Output,
) -> Result<CreatedClaim, Failure> {
    let run = started.as_second();
    let made = target.claims()?.create(&format!("demo {run}"), run).await?;
    leavings.claim_is_there(made.certificate_id.clone()).await;
    let shown = short(&made.certificate_id);
    output.progress(&format!("claim certificate {shown}"));
    Ok(made)
}
