//! Certificates that are handed out.

use super::timeline::Line;
use super::transaction::changing;
use super::{Item, Ledger, certificate, iso, number, s, text};
use crate::failure;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Update};
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{
    CERTIFICATE_SK_PREFIX, DeviceState, HANDED_OUT_PREFIX, PK, SK, STATE_SK, WayIn, certificate_sk,
    device_key,
};
use muster_onboarding::ports::{DeviceEvent, HandedOut, HandingOutLedger};
use muster_onboarding::rotation::{Day, shard_of};
use serde_json::json;
use std::collections::HashMap;

/// Who holds a device whose certificate was handed out, where a workflow's execution would stand.
fn holder(handed_out: &HandedOut) -> String {
    format!("{HANDED_OUT_PREFIX}{}", handed_out.certificate.id)
}

pub(super) fn item_of(handed_out: &HandedOut) -> Item {
    let HandedOut { certificate, .. } = handed_out;
    let sk = certificate_sk(&certificate.id);
    let der = AttributeValue::B(Blob::new(certificate.der.clone()));
    let expires_at = AttributeValue::N(handed_out.not_after.to_string());
    let mut item: Item = HashMap::from(
        [
            (PK, s(device_key(&handed_out.serial))),
            (SK, s(sk)),
            ("thingName", s(handed_out.thing_name.as_str())),
            ("fingerprint", s(&handed_out.fingerprint)),
            ("certificateId", s(&certificate.id)),
            ("certificateArn", s(&certificate.arn)),
            ("certificateDer", der),
            ("expiresAt", expires_at),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let issuer = handed_out.ca_certificate_id.as_ref();
    let issuer = issuer.map(|ca| ("caCertificateId", s(ca)));
    item.extend(issuer.map(|(name, value)| (name.to_owned(), value)));
    item
}

fn read(serial: &Serial, item: &Item) -> Option<HandedOut> {
    Some(HandedOut {
        serial: serial.clone(),
        thing_name: Serial::new(text(item, "thingName")?).ok()?,
        fingerprint: text(item, "fingerprint")?,
        certificate: certificate(item, "certificate")?,
        ca_certificate_id: text(item, "caCertificateId"),
        not_after: number(item, "expiresAt")?,
    })
}

impl HandingOutLedger for Ledger {
    async fn handed_out(&self, serial: &Serial) -> Result<Vec<HandedOut>, CloudFailure> {
        let mut items = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :certificate)")
            .expression_attribute_values(":pk", s(device_key(serial)))
            .expression_attribute_values(":certificate", s(CERTIFICATE_SK_PREFIX))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| failure("dynamodb:Query", error))?;
            found.extend(read(serial, &item));
        }
        Ok(found)
    }

    async fn note_handed_out(&self, handed_out: &HandedOut) -> Result<(), CloudFailure> {
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item_of(handed_out)))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:PutItem", error))
    }

    async fn hand_out(
        &self,
        handed_out: &HandedOut,
        at: i64,
        due_on: Day,
    ) -> Result<(), CloudFailure> {
        let certificate = &handed_out.certificate;
        let device = Update::builder()
            .table_name(&self.table)
            .key(PK, s(device_key(&handed_out.serial)))
            .key(SK, s(STATE_SK))
            .update_expression(
                "SET #state = :provisioned, serial = :serial, thingName = :thing, fingerprint = :fingerprint, \
                 execution = :me, updatedAt = :now, certificateId = :id, certificateArn = :arn, certificateDer = :der, \
                 issuedOn = :day, rotationShard = :shard, rotationDay = :due, \
                 enrolledBy = if_not_exists(enrolledBy, :me)",
            )
            .condition_expression(
                "(attribute_not_exists(#route) OR #route = :certificate) AND \
                 (attribute_not_exists(pk) OR #state = :known)",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#route", "route")
            .expression_attribute_values(":certificate", s(WayIn::Certificate.name()))
            .expression_attribute_values(":provisioned", s(DeviceState::Provisioned.name()))
            .expression_attribute_values(":known", s(DeviceState::Known.name()))
            .expression_attribute_values(":serial", s(handed_out.serial.as_str()))
            .expression_attribute_values(":thing", s(handed_out.thing_name.as_str()))
            .expression_attribute_values(":fingerprint", s(&handed_out.fingerprint))
            .expression_attribute_values(":me", s(holder(handed_out)))
            .expression_attribute_values(":now", s(iso(at)))
            .expression_attribute_values(":day", s(Day::of(at).to_string()))
            .expression_attribute_values(":shard", s(shard_of(&handed_out.serial)))
            .expression_attribute_values(":due", s(due_on.to_string()))
            .expression_attribute_values(":id", s(&certificate.id))
            .expression_attribute_values(":arn", s(&certificate.arn))
            .expression_attribute_values(
                ":der",
                AttributeValue::B(Blob::new(certificate.der.clone())),
            )
            .build();
        self.transact(vec![changing(device)?, self.putting(item_of(handed_out))?])
            .await
    }

    async fn record_event(&self, event: &DeviceEvent) -> Result<(), CloudFailure> {
        let (name, outcome) = match &event.outcome {
            Ok(certificate_id) => (
                "CertificateHandedOut",
                json!({ "thingName": event.serial, "certificateId": certificate_id }),
            ),
            Err(refusal) => (
                "DeviceRejected",
                json!({ "code": refusal.code, "message": refusal.message }),
            ),
        };
        let at = iso(event.at);
        let steps = event
            .caller
            .iter()
            .map(|caller| json!({ "at": at, "did": format!("asked for by {caller}") }));
        self.write_line(&Line {
            ledger_key: device_key(&event.serial),
            at: event.at,
            which: event.outcome.as_deref().unwrap_or("-"),
            event: name,
            client_id: "-",
            outcome,
            steps: steps.collect(),
            expires_at: event.expires_at,
        })
        .await
    }
}
