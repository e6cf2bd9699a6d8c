//! `muster fleet create`.

use crate::commands::Failure;
use crate::output::Output;
use crate::target::Target;
use clap::{Args, ValueEnum};
use muster_documents::{
    Admission, ClientIdRule, FleetAnswer, FleetName, FleetSettings, Model, ModelName, Serial,
};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Set a fleet up, or change one that is there: what is as asked already stays as it is
#[derive(Debug, Args)]
pub struct Arguments {
    /// Its name, which is also its provisioning template's: up to 27 letters, digits, _ and -
    name: String,
    /// A model of its devices, with a bundle of its own; with the platform of the edge client that goes into the bundle, if
    /// `muster fleet client` has put one there, for example gateway=aarch64-unknown-linux-gnu. Can be repeated
    #[arg(long = "model", value_name = "MODEL[=PLATFORM]")]
    models: Vec<String>,
    /// Which devices are let in: those whose serial was imported, those that show a voucher, or those that your verifier
    /// confirms
    #[arg(long, value_enum, default_value_t)]
    admission: AdmissionArgument,
    /// With --admission verifier, who is asked; `muster verifiers` lists them
    #[arg(long, value_name = "NAME")]
    verifier: Option<String>,
    /// What the serials of its devices begin with [default: they may be any]
    #[arg(long, value_name = "PREFIX")]
    serial_prefix: Option<String>,
    /// Let devices choose their client id while they use the claim certificate [default: it has to be the serial]
    #[arg(long)]
    any_client_id: bool,
    /// Its devices run AWS IoT Greengrass V2; needs --serial-prefix
    #[arg(long)]
    greengrass_v2: bool,
    /// A provisioning template of your own, JSON [default: Muster's]
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// How long its claim certificates are valid, 1 to 10950 [default: 1825]
    #[arg(long, value_name = "DAYS")]
    claim_lifetime_days: Option<i64>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum AdmissionArgument {
    #[default]
    Known,
    Voucher,
    Verifier,
}

impl From<AdmissionArgument> for Admission {
    fn from(argument: AdmissionArgument) -> Self {
        match argument {
            AdmissionArgument::Known => Self::Known,
            AdmissionArgument::Voucher => Self::Voucher,
            AdmissionArgument::Verifier => Self::Verifier,
        }
    }
}

pub async fn run(target: &Target, asked: Arguments, output: &Output) -> Result<(), Failure> {
    let settings = settings(asked)?;
    let made: FleetAnswer = target.api()?.post("/fleets", &settings).await?;
    let claim = &made
        .provision_claim_certificate
        .provision_claim_certificate_id;
    let mut text = format!(
        "fleet {}\n  claim certificate  {claim}\n  rotation template  {}",
        made.template_name, made.rotation_template_name
    );
    if let Some(alias) = &made.role_alias {
        let _ = write!(text, "\n  role alias         {}", alias.role_alias);
    }
    for bundle in &made.bundles {
        let with = if bundle.with_edge_client {
            "with edge client"
        } else {
            "without edge client"
        };
        let key = &bundle.key;
        let _ = write!(text, "\n  bundle             {key} ({with})");
    }
    let _ = write!(
        text,
        "\n`muster fleet bundle {}` gets the bundles",
        made.template_name
    );
    output.result(&made, &text);
    Ok(())
}

fn settings(asked: Arguments) -> Result<FleetSettings, Failure> {
    let template_body = asked
        .template
        .as_deref()
        .map(crate::commands::public_file::read)
        .transpose()?;
    let serial_prefix = asked.serial_prefix.map(Serial::new).transpose();
    Ok(FleetSettings {
        template_name: FleetName::new(asked.name)?,
        template_body,
        models: asked
            .models
            .iter()
            .map(|model| self::model(model))
            .collect::<Result<_, _>>()?,
        admission: asked.admission.into(),
        verifier_name: asked.verifier,
        client_id: if asked.any_client_id {
            ClientIdRule::Any
        } else {
            ClientIdRule::Serial
        },
        serial_prefix: serial_prefix
            .map_err(|why| format!("--serial-prefix cannot begin a serial: {why}"))?,
        greengrass_v2: asked.greengrass_v2,
        claim_lifetime_days: asked.claim_lifetime_days,
    })
}

fn model(text: &str) -> Result<Model, Failure> {
    let (name, platform) = match text.split_once('=') {
        Some((name, platform)) => (name, Some(ModelName::new(platform)?)),
        None => (text, None),
    };
    Ok(Model {
        name: ModelName::new(name)?,
        platform,
    })
}
