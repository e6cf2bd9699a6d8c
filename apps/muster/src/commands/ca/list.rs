//! `muster ca list`.

use crate::commands::Failure;
use crate::output::Output;
use crate::table;
use crate::target::Target;
use clap::Args;
use serde_json::json;

/// How much of an id is shown: enough to name the CA with.
const SHOWN_OF_ID: usize = 12;

/// List the certificate authorities that Muster serves
#[derive(Debug, Args)]
pub struct Arguments {
    /// The account's other ones as well
    #[arg(long)]
    all: bool,
}

pub async fn run(target: &Target, asked: &Arguments, output: &Output) -> Result<(), Failure> {
    let mut cas = target.authorities().list().await?;
    cas.retain(|ca| asked.all || ca.served);
    let mut shown = table::new(&[
        "certificate id",
        "common name",
        "status",
        "auto-registration",
        "verifier",
        "route",
        "expires",
    ]);
    for ca in &cas {
        let id: String = ca.certificate_id.chars().take(SHOWN_OF_ID).collect();
        let expires = jiff::Timestamp::from_second(ca.expires_at)?.to_string();
        shown.add_row([
            &id,
            &ca.common_name,
            &ca.status,
            &ca.auto_registration,
            ca.verifier.as_deref().unwrap_or("-"),
            ca.route,
            &expires,
        ]);
    }
    output.result(
        &json!({ "authorities": cas }),
        &table::or(&shown, "no CAs; `muster ca register` makes one"),
    );
    Ok(())
}
