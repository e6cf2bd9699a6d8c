//! `muster device certificate`: a certificate for a device that a CA of Muster's signs.

use super::subject::csr_subjects;
use super::{Failure, ca, public_file};
use crate::handed_out::{Certificates, HandedOut};
use crate::output::Output;
use crate::target::Target;
use clap::Args;
use muster_documents::Serial;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// The length of AWS IoT's ids, in hex digits.
const ID_LENGTH: usize = 64;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The device's serial, which becomes its certificate's common name and its thing's name
    serial: String,
    /// The CA that signs: its certificate id, or enough of its beginning
    #[arg(long, value_name = "CA_ID")]
    ca: String,
    /// The device's own request, PEM [default: a key and a request are made here]
    #[arg(long, value_name = "FILE")]
    csr: Option<PathBuf>,
    /// Where to write device.cert.pem, and device.key.pem if it is made here [default: device-SERIAL]
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
    /// What the CA's verifier is to know of the device: a JSON object
    #[arg(long, value_name = "JSON")]
    device_info: Option<String>,
    /// How long the certificate is valid, 1 to 36500, at most as long as the CA [default: 730]
    #[arg(long, value_name = "DAYS")]
    lifetime_days: Option<i64>,
    /// Its country, two letters [default: the CA's]
    #[arg(long)]
    country: Option<String>,
    /// Its state or province
    #[arg(long)]
    state: Option<String>,
    /// Its city
    #[arg(long)]
    locality: Option<String>,
    /// Its organization
    #[arg(long)]
    organization: Option<String>,
    /// The unit of its organization
    #[arg(long)]
    unit: Option<String>,
}

/// Runs the command. Repeated, it gets the same certificate.
pub async fn run(
    target: &Target,
    arguments: Arguments,
    output: &Output,
) -> Result<ExitCode, Failure> {
    let serial = Serial::new(arguments.serial.as_str())?;
    let ca = ca_id(target, &arguments.ca).await?;
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("device-{serial}")));
    let (csr, key) = if let Some(file) = &arguments.csr {
        (file.clone(), None)
    } else {
        let made = edge_client::request(&out, serial.common_name())?;
        (made.csr, Some(made.key))
    };
    let body = request(&arguments, &serial, &ca, &public_file::read(&csr)?)?;
    let answer: HandedOut = target.api()?.post("/device-certificates", &body).await?;
    let Certificates {
        certificate_id,
        certificate,
    } = answer.certificates;
    let file = out.join("device.cert.pem");
    std::fs::create_dir_all(&out)
        .and_then(|()| std::fs::write(&file, certificate))
        .map_err(|error| {
            format!(
                "cannot write {}: {error}. Run the command again",
                file.display()
            )
        })?;
    let kept = key.as_ref().map_or_else(
        || "the key is where the request was made".to_owned(),
        |key| {
            format!(
                "private key {} (keep it out of repositories and logs)",
                key.display()
            )
        },
    );
    output.result(
        &json!({
            "serial": serial, "certificateId": certificate_id, "certificate": file, "privateKey": key,
            "caCertificateId": ca,
        }),
        &format!(
            "certificate {certificate_id} of {serial}\n  certificate, with its CA's {}\n  {kept}\n  next `edge-client join \
             --cert {} …`: the first connection is closed, a later one let in",
            file.display(),
            file.display()
        ),
    );
    Ok(ExitCode::SUCCESS)
}

/// A whole id is taken as it is, so that a production line needs no permission but that of the API.
async fn ca_id(target: &Target, given: &str) -> Result<String, Failure> {
    if given.len() == ID_LENGTH {
        return Ok(given.to_owned());
    }
    let authorities = target.authorities().list().await?;
    Ok(ca::find(authorities, given)?.certificate_id)
}

fn request(
    arguments: &Arguments,
    serial: &Serial,
    ca_id: &str,
    csr: &str,
) -> Result<Value, Failure> {
    let mut body = json!({ "caCertificateId": ca_id, "csr": csr });
    let name = Some(serial.to_string());
    body["csrSubjects"] = csr_subjects([
        ("commonName", &name),
        ("countryName", &arguments.country),
        ("stateName", &arguments.state),
        ("localityName", &arguments.locality),
        ("organizationName", &arguments.organization),
        ("organizationUnitName", &arguments.unit),
    ])
    .unwrap_or_default();
    if let Some(days) = arguments.lifetime_days {
        body["lifetimeDays"] = days.into();
    }
    if let Some(info) = &arguments.device_info {
        let info: Value = serde_json::from_str(info)
            .map_err(|error| format!("--device-info is not JSON: {error}"))?;
        body["deviceInfo"] = info;
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use muster_documents::{ApiEvent, GenerateDeviceCertificate};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        asked: Arguments,
    }

    fn asked(line: &str) -> Result<Value, Failure> {
        let words = ["certificate"].into_iter().chain(line.split_whitespace());
        let asked = Line::try_parse_from(words)?.asked;
        request(
            &asked,
            &Serial::new(asked.serial.as_str())?,
            "ca-id",
            "the csr",
        )
    }

    #[test]
    fn only_what_is_given_is_sent_and_the_function_takes_it() {
        let plain = asked("sensor-1 --ca ab").unwrap();
        let least = json!({
            "caCertificateId": "ca-id", "csr": "the csr", "csrSubjects": { "commonName": "sensor-1" },
        });
        assert_eq!(plain, least);
        let full = asked(
            "sensor-1 --ca ab --country TW --unit web --lifetime-days 30 --device-info {\"mac\":1}",
        )
        .unwrap();
        assert_eq!(full["deviceInfo"], json!({ "mac": 1 }));
        assert_eq!(full["lifetimeDays"], 30);
        let event = json!({ "body": full });
        serde_json::from_value::<ApiEvent<GenerateDeviceCertificate>>(event).unwrap();
        assert!(asked("sensor-1 --ca ab --device-info {").is_err());
    }
}
