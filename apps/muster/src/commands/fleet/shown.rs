//! `muster fleet show`.

use crate::commands::Failure;
use crate::output::Output;
use crate::target::Target;
use crate::timeline::Entry;
use muster_cloud::operator::{Claim, Fleet, TimelineEntry};
use muster_documents::{FleetName, bundle};
use muster_onboarding::ports::FileStore;
use serde::Serialize;
use std::fmt::{self, Display, Formatter};
use std::process::ExitCode;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    template_name: &'a FleetName,
    fleet: Option<Fleet>,
    claims: Vec<Claim>,
    bundles: Vec<String>,
    timeline: Vec<TimelineEntry>,
}

pub async fn run(target: &Target, name: &FleetName, output: &Output) -> Result<ExitCode, Failure> {
    let (fleet, timeline) = target.fleets()?.show(name).await?;
    let mut claims = target.claims()?.list().await?;
    claims.retain(|claim| claim.fleet.as_deref() == Some(name.as_str()));
    let known = fleet.is_some() || !timeline.is_empty();
    let shown = Shown {
        template_name: name,
        fleet,
        claims,
        bundles: target.files()?.list_objects(&bundle::folder(name)).await?,
        timeline,
    };
    output.result(&shown, &shown);
    Ok(if known {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = self.template_name;
        match &self.fleet {
            None => write!(f, "{name}  not set up; `muster fleet create {name}` does")?,
            Some(fleet) => {
                write!(f, "{name}  {}", fleet.state)?;
                if let Some(settings) = &fleet.settings {
                    let models: Vec<_> = settings
                        .models
                        .iter()
                        .map(|model| model.name.as_str())
                        .collect();
                    write!(f, "\n  admission    {}", settings.admission.name())?;
                    write!(f, "\n  models       {}", models.join(", "))?;
                }
                write!(f, "\n  execution    {}", fleet.execution)?;
            }
        }
        for claim in &self.claims {
            let id = &claim.certificate_id;
            let current = self
                .fleet
                .as_ref()
                .is_some_and(|fleet| fleet.claim_certificate_id.as_deref() == Some(id.as_str()));
            let stands = match (&claim.shut, claim.until) {
                (Some(why), _) => format!("shut: {why}"),
                (None, Some(until)) => format!("lets devices in until {}", time(until)),
                (None, None) if current => "in the bundles".to_owned(),
                (None, None) => "in no bundle".to_owned(),
            };
            write!(f, "\n  claim        {id} {} ({stands})", claim.status)?;
        }
        for key in &self.bundles {
            write!(f, "\n  bundle       {key}")?;
        }
        for entry in &self.timeline {
            write!(f, "{}", Entry(entry))?;
        }
        Ok(())
    }
}

fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "-".to_owned(), |at| at.to_string())
}
