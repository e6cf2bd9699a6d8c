//! AWS IoT's things, for rotation: their dates, and whose certificate is whose.

use crate::connect::client;
use crate::{Cloud, failure};
use aws_sdk_iot::Client;
use aws_sdk_iot::types::AttributePayload;
use muster_documents::Serial;
use muster_onboarding::ports::{
    DatedThings, RotatingThing, RotatingThings, ThingCalendar, ThingDate,
};
use muster_onboarding::rotation::{CERT_ISSUANCE, Day};
use muster_onboarding::{CloudFailure, FailureKind};

/// The adapter to things.
#[derive(Debug, Clone)]
pub struct ThingDates {
    client: Client,
}

impl ThingDates {
    /// Those of the account.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: client!(aws_sdk_iot, cloud),
        }
    }

    /// Whether a certificate is attached to a thing. A device's certificate has one thing, so that one page is all.
    async fn is_attached(
        &self,
        thing: &Serial,
        certificate_arn: &str,
    ) -> Result<bool, CloudFailure> {
        let listed = self
            .client
            .list_principal_things()
            .principal(certificate_arn)
            .send()
            .await
            .map_err(|error| failure("iot:ListPrincipalThings", error));
        match listed {
            Err(error) if error.kind == FailureKind::NotFound => Ok(false),
            other => Ok(other?.things().iter().any(|name| name == thing.as_str())),
        }
    }

    /// The text of the attribute.
    async fn date_text(&self, thing: &Serial) -> Result<Option<String>, CloudFailure> {
        let described = self
            .client
            .describe_thing()
            .thing_name(thing.as_str())
            .send()
            .await
            .map_err(|error| failure("iot:DescribeThing", error));
        match described {
            Err(error) if error.kind == FailureKind::NotFound => Ok(None),
            other => {
                let mut attributes = other?.attributes.unwrap_or_default();
                Ok(attributes.remove(CERT_ISSUANCE))
            }
        }
    }
}

impl RotatingThings for ThingDates {
    async fn rotating_thing(
        &self,
        thing: &Serial,
        certificate_arn: &str,
    ) -> Result<RotatingThing, CloudFailure> {
        let (attached, issued_on) = tokio::join!(
            self.is_attached(thing, certificate_arn),
            self.date_text(thing)
        );
        Ok(RotatingThing {
            attached: attached?,
            issued_on: issued_on?.and_then(|date| date.parse().ok()),
        })
    }
}

impl ThingCalendar for ThingDates {
    async fn thing_date(&self, thing: &Serial) -> Result<ThingDate, CloudFailure> {
        Ok(ThingDate::read(self.date_text(thing).await?))
    }
}

impl DatedThings for ThingDates {
    async fn date_thing(&self, thing: &Serial, day: Day) -> Result<(), CloudFailure> {
        let attributes = AttributePayload::builder()
            .attributes(CERT_ISSUANCE, day.to_string())
            .merge(true)
            .build();
        let dated = self
            .client
            .update_thing()
            .thing_name(thing.as_str())
            .attribute_payload(attributes)
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("iot:UpdateThing", error));
        CloudFailure::unless_not_found(dated)
    }
}
