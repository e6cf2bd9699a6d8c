//! AWS IoT: all things and certificates of the account, and what is attached to what.

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_iot::Client;
use aws_sdk_iot::primitives::DateTime;
use aws_sdk_iot::types::{Certificate, CertificateStatus, ThingAttribute};
use muster_documents::Serial;
use muster_onboarding::ports::{
    Attachments, CertificateStanding, CertificateWalk, CertificatesPage, MADE_BY, MADE_BY_TEMPLATE,
    ThingDate, ThingWalk, ThingsPage, WalkedCertificate, WalkedThing,
};
use muster_onboarding::rotation::CERT_ISSUANCE;
use muster_onboarding::{CloudFailure, FailureKind};

/// As many things as AWS IoT lists at once (`ListThings`).
const THINGS: i32 = 250;
/// Certificates at once. It could list 250, each of which may have to be looked up.
const CERTIFICATES: i32 = 50;

/// The adapter to what there is.
#[derive(Debug, Clone)]
pub struct Inventory {
    client: Client,
}

impl Inventory {
    /// That of the account.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: client!(aws_sdk_iot, cloud),
        }
    }
}

impl ThingWalk for Inventory {
    async fn walk_things(&self, after: Option<&str>) -> Result<ThingsPage, CloudFailure> {
        let answer = self
            .client
            .list_things()
            .max_results(THINGS)
            .set_next_token(after.map(str::to_owned))
            .send()
            .await
            .map_err(|error| failure("iot:ListThings", error))?;
        let things = answer.things.unwrap_or_default();
        Ok(ThingsPage {
            things: things.into_iter().filter_map(walked_thing).collect(),
            after: answer.next_token,
        })
    }
}

fn walked_thing(thing: ThingAttribute) -> Option<WalkedThing> {
    let attributes = thing.attributes.unwrap_or_default();
    let has = |(name, value): (&str, &str)| attributes.get(name).is_some_and(|is| is == value);
    Some(WalkedThing {
        name: thing.thing_name?,
        date: ThingDate::read(attributes.get(CERT_ISSUANCE).cloned()),
        made_here: has(MADE_BY) || has(MADE_BY_TEMPLATE),
    })
}

impl CertificateWalk for Inventory {
    async fn walk_certificates(
        &self,
        after: Option<&str>,
    ) -> Result<CertificatesPage, CloudFailure> {
        let answer = self
            .client
            .list_certificates()
            .page_size(CERTIFICATES)
            .set_marker(after.map(str::to_owned))
            .send()
            .await
            .map_err(|error| failure("iot:ListCertificates", error))?;
        let certificates = answer.certificates.unwrap_or_default();
        Ok(CertificatesPage {
            certificates: certificates.into_iter().filter_map(walked).collect(),
            after: answer.next_marker,
        })
    }
}

fn walked(certificate: Certificate) -> Option<WalkedCertificate> {
    let created_at = certificate.creation_date.map(DateTime::to_millis)?;
    Some(WalkedCertificate {
        id: certificate.certificate_id?,
        arn: certificate.certificate_arn?,
        standing: match certificate.status? {
            CertificateStatus::Active => CertificateStanding::Active,
            CertificateStatus::PendingActivation => CertificateStanding::Pending,
            CertificateStatus::Inactive | CertificateStatus::Revoked => CertificateStanding::Shut,
            _ => CertificateStanding::Other,
        },
        created_at: created_at.ok()?,
    })
}

impl Attachments for Inventory {
    async fn certificates_of(&self, thing: &Serial) -> Result<Option<Vec<String>>, CloudFailure> {
        let mut pages = self
            .client
            .list_thing_principals()
            .thing_name(thing.as_str())
            .into_paginator()
            .send();
        let mut attached = Vec::new();
        while let Some(page) = pages.next().await {
            match page.map_err(|error| failure("iot:ListThingPrincipals", error)) {
                Err(error) if error.kind == FailureKind::NotFound => return Ok(None),
                page => attached.extend(page?.principals.unwrap_or_default()),
            }
        }
        Ok(Some(attached))
    }

    async fn things_of(&self, certificate_arn: &str) -> Result<Vec<String>, CloudFailure> {
        things_of(&self.client, certificate_arn).await
    }
}

/// The names of the things that a certificate is attached to. One that is not there has none.
pub(crate) async fn things_of(
    client: &Client,
    certificate_arn: &str,
) -> Result<Vec<String>, CloudFailure> {
    let mut pages = client
        .list_principal_things()
        .principal(certificate_arn)
        .into_paginator()
        .send();
    let mut things = Vec::new();
    while let Some(page) = pages.next().await {
        match page.map_err(|error| failure("iot:ListPrincipalThings", error)) {
            Err(error) if error.kind == FailureKind::NotFound => return Ok(Vec::new()),
            page => things.extend(page?.things.unwrap_or_default()),
        }
    }
    Ok(things)
}
