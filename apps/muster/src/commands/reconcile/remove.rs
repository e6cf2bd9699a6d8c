//! `muster reconcile remove`.

use crate::commands::Failure;
use crate::output::Output;
use crate::reconciliation::remove;
use crate::target::Target;
use muster_documents::is_certificate_id;
use serde_json::json;
use std::process::ExitCode;

/// Take a certificate away that the ledger does not know: detach it from its thing and its policies, and delete it
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Its id, 64 characters, as `muster reconcile status` names it
    #[arg(value_name = "CERTIFICATE", value_parser = certificate_id)]
    certificate: String,
}

fn certificate_id(text: &str) -> Result<String, String> {
    if is_certificate_id(text) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("an id has 64 hexadecimal digits".to_owned())
    }
}

pub async fn run(target: &Target, asked: &Arguments, output: &Output) -> Result<ExitCode, Failure> {
    let id = &asked.certificate;
    let things = remove(target, id).await?;
    let of = if things.is_empty() {
        String::new()
    } else {
        format!(" from {}", things.join(", "))
    };
    let told = format!("the certificate {id} is taken away{of}");
    output.result(&json!({ "certificateId": id, "things": things }), &told);
    Ok(ExitCode::SUCCESS)
}
