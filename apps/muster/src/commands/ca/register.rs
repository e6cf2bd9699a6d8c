//! `muster ca register`.

use crate::commands::subject::csr_subjects;
use crate::commands::{Failure, public_file};
use crate::output::Output;
use crate::target::Target;
use clap::{Args, ValueEnum};
use muster_documents::RegisteredAuthority;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Make a certificate authority and register it, or register your own
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    subject: Subject,
    /// Who judges its devices: `muster verifiers` lists them [default: nobody, and whatever it has signed comes in]
    #[arg(long, value_name = "NAME")]
    verifier: Option<String>,
    /// How long it is valid, 1 to 36500 [default: 3650]
    #[arg(long, value_name = "DAYS", conflicts_with = "ca_certificate")]
    lifetime_days: Option<i64>,
    /// Its key [default: ecc]
    #[arg(long, value_name = "TYPE", conflicts_with = "ca_certificate")]
    key_type: Option<KeyType>,
    /// Have its devices found by the server's name that they have to send, so that several accounts may have it
    #[arg(long)]
    sni_only: bool,
    /// How its devices come in: jitr, by Muster's workflow, or jitp, by AWS IoT's own provisioning [default: jitr]
    #[arg(long, value_name = "ROUTE")]
    route: Option<Route>,
    /// For jitp: a file with the provisioning template, in JSON [default: Muster's own]
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
    /// Your own CA's certificate, PEM; its key stays with you
    #[arg(long, value_name = "FILE")]
    ca_certificate: Option<PathBuf>,
    /// What proves that you have its key, PEM: signed by it, with `muster ca registration-code` as its common name
    #[arg(
        long,
        value_name = "FILE",
        requires = "ca_certificate",
        conflicts_with = "sni_only"
    )]
    verification_certificate: Option<PathBuf>,
}

/// The name of a CA that is made
#[derive(Debug, Args)]
#[group(id = "subject", multiple = true, conflicts_with = "ca_certificate")]
struct Subject {
    /// Its common name [default: the account's registration code]
    #[arg(long, value_name = "NAME")]
    common_name: Option<String>,
    /// Its country, two letters
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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KeyType {
    /// An elliptic curve key on P-256
    Ecc,
    /// RSA with 2048 bits, for devices that know nothing else
    Rsa,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Route {
    Jitr,
    Jitp,
}

pub async fn run(target: &Target, asked: &Arguments, output: &Output) -> Result<(), Failure> {
    let body = request(asked)?;
    let made: RegisteredAuthority = target.api()?.post("/authorities", &body).await?;
    output.result(
        &made,
        &format!(
            "registered CA {}\n  ARN  {}\n  next {}",
            made.certificate_id,
            made.certificate_arn,
            next(asked.verifier.as_deref(), asked.ca_certificate.is_none())
        ),
    );
    Ok(())
}

/// What the API takes: only what was asked for, so that it decides what the rest is.
fn request(asked: &Arguments) -> Result<Value, Failure> {
    let mut body = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        body.extend(value.map(|value| (name.to_owned(), value)));
    };
    put("csrSubjects", asked.subject.csr_subjects());
    put("verifierName", asked.verifier.clone().map(Value::from));
    put("lifetimeDays", asked.lifetime_days.map(Value::from));
    put("keyType", asked.key_type.map(|key| key.name().into()));
    put("certificateMode", asked.sni_only.then(|| "SNI_ONLY".into()));
    put("route", asked.route.map(|route| route.name().into()));
    put("templateBody", file(asked.template.as_deref())?);
    put("caCertificatePem", file(asked.ca_certificate.as_deref())?);
    let proof = file(asked.verification_certificate.as_deref())?;
    put("verificationCertificatePem", proof);
    Ok(Value::Object(body))
}

fn file(path: Option<&Path>) -> Result<Option<Value>, Failure> {
    let text = path.map(public_file::read).transpose()?;
    Ok(text.map(Value::from))
}

fn next(verifier: Option<&str>, made: bool) -> String {
    let signed = if made {
        "`muster device certificate SERIAL --ca ID` has it sign for a device"
    } else {
        "sign a certificate for a device"
    };
    match verifier {
        Some("allow-list") => format!(
            "{signed}; `muster device import FILE.csv` says which devices with its certificates come in"
        ),
        Some(verifier) => format!("{signed}; the verifier {verifier} judges it"),
        None => format!("{signed}; it comes in unjudged, since the CA names no verifier"),
    }
}

impl Subject {
    /// `None` where nothing of it is given.
    fn csr_subjects(&self) -> Option<Value> {
        csr_subjects([
            ("commonName", &self.common_name),
            ("countryName", &self.country),
            ("stateName", &self.state),
            ("localityName", &self.locality),
            ("organizationName", &self.organization),
            ("organizationUnitName", &self.unit),
        ])
    }
}

impl KeyType {
    /// KMS's name.
    fn name(self) -> &'static str {
        match self {
            Self::Ecc => "ECC_NIST_P256",
            Self::Rsa => "RSA_2048",
        }
    }
}

impl Route {
    fn name(self) -> &'static str {
        match self {
            Self::Jitr => "jitr",
            Self::Jitp => "jitp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use muster_documents::{ApiEvent, RegisterAuthority};
    use serde_json::json;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        asked: Arguments,
    }

    fn asked(line: &str) -> Result<Value, Failure> {
        let words = ["register"].into_iter().chain(line.split_whitespace());
        request(&Line::try_parse_from(words)?.asked)
    }

    #[test]
    fn only_what_is_given_is_sent_and_the_function_takes_it() {
        assert_eq!(asked("").unwrap(), json!({}));
        let full = asked(
            "--common-name Plant --country TW --unit web --verifier allow-list --lifetime-days 30 --key-type rsa \
             --sni-only",
        )
        .unwrap();
        assert_eq!(
            full,
            json!({
                "csrSubjects": { "commonName": "Plant", "countryName": "TW", "organizationUnitName": "web" },
                "verifierName": "allow-list", "lifetimeDays": 30, "keyType": "RSA_2048", "certificateMode": "SNI_ONLY",
            })
        );
        assert!(
            serde_json::from_value::<ApiEvent<RegisterAuthority>>(json!({ "body": full })).is_ok()
        );
        assert_eq!(asked("--route jitp").unwrap(), json!({ "route": "jitp" }));
    }

    #[test]
    fn what_does_not_go_together_is_refused_before_anything_is_sent() {
        for line in [
            "--ca-certificate ca.pem --common-name Plant",
            "--ca-certificate ca.pem --lifetime-days 3",
            "--ca-certificate ca.pem --key-type ecc",
            "--verification-certificate proof.pem",
            "--key-type dsa",
            "--route other",
        ] {
            assert!(asked(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_private_key_is_never_sent() {
        let key = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(key.path(), "-----BEGIN EC PRIVATE KEY-----\nx\n").unwrap();
        let error = asked(&format!("--ca-certificate {}", key.path().display())).unwrap_err();
        assert!(error.to_string().contains("never sent"), "{error}");
    }
}
