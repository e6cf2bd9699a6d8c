//! Devices as an operator sees them.

use super::rotation::{DeviceRotation, read_device_rotation};
use crate::ledger::items::items;
use crate::ledger::{Item, key, partition, s, text};
use crate::{Cloud, failure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use muster_documents::Serial;
use muster_onboarding::ledger::{
    DEVICE_PREFIX, DeviceState, EVENT_SK_PREFIX, IMPORTED, PK, ROTATION_UNDER_WAY, SK, STATE_SK,
    VENDED, WayIn, certificate_sk, client_key, device_key,
};
use muster_onboarding::ports::HandedOut;
use muster_onboarding::{CloudFailure, FailureKind};
use serde::{Deserialize, Serialize};

/// A device's own item in the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Its serial, and its thing's name.
    pub serial: String,
    /// What the operator says that it is.
    pub model: Option<String>,
    /// The fleet that it came in by.
    pub fleet: Option<String>,
    /// The fleet's claim certificate that it came with.
    pub claim_certificate_id: Option<String>,
    /// The way in that it was imported for, if for one alone.
    pub route: Option<String>,
    /// `known`, `provisioning` or `provisioned`.
    pub state: String,
    /// The certificate in force.
    pub certificate_id: Option<String>,
    /// Its ARN.
    pub certificate_arn: Option<String>,
    /// The certificate in force, if it was given over HTTPS and the device has not connected with it yet.
    pub unproven_certificate_id: Option<String>,
    /// The certificate under way.
    pub pending_certificate_id: Option<String>,
    /// Its ARN.
    pub pending_certificate_arn: Option<String>,
    /// The client id of its last request.
    pub client_id: Option<String>,
    /// The execution that holds it, or held it last.
    pub execution: Option<String>,
    /// When it was last written, ISO 8601.
    pub updated_at: Option<String>,
    /// Where its rotation stands.
    pub rotation: DeviceRotation,
}

/// One request of a device, from its beginning to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    /// When it ended, ISO 8601.
    pub at: String,
    /// As on the bus, or `CertificateHandedOut`, `DateEdited`, `RotationDayCorrected`, `DeviceAdopted`.
    pub event: String,
    /// The execution that worked on it.
    pub execution: String,
    /// Who asked.
    pub client_id: String,
    /// The claim certificate that it asked with, if it did.
    pub claim_certificate_id: Option<String>,
    /// A refusal's code.
    pub code: Option<String>,
    /// A refusal's sentence.
    pub message: Option<String>,
    /// The error, where something failed on the cloud's side.
    pub failure: Option<String>,
    /// What was done, in order.
    pub steps: Vec<Step>,
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When, ISO 8601.
    pub at: String,
    /// What.
    pub did: String,
}

/// Which ways in a serial is imported for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ways {
    /// Those that it had; any, if it is new.
    AsBefore,
    /// Any.
    Any,
    /// One alone.
    Only(WayIn),
}

/// What became of one imported serial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Import {
    /// It is known now.
    Imported,
    /// It was there before, and stays as it was.
    AlreadyThere,
}

/// The ledger as an operator uses it.
#[derive(Debug, Clone)]
pub struct Devices {
    client: Client,
    table: String,
}

impl Devices {
    /// The devices in `table`.
    pub fn new(cloud: &Cloud, table: &str) -> Self {
        Self {
            client: Client::new(&cloud.config),
            table: table.to_owned(),
        }
    }

    fn update(&self, serial: &Serial) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(PK, s(device_key(serial)))
            .key(SK, s(STATE_SK))
    }

    fn delete(&self, serial: &Serial) -> DeleteItemFluentBuilder {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key(PK, s(device_key(serial)))
            .key(SK, s(STATE_SK))
    }

    /// Makes a serial known, unless it is there already; for one way in alone, if `ways` says so. A serial that is there
    /// gets these ways from now on.
    pub async fn import(
        &self,
        serial: &Serial,
        model: Option<&str>,
        ways: Ways,
        now: &str,
    ) -> Result<Import, CloudFailure> {
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item(PK, s(device_key(serial)))
            .item(SK, s(STATE_SK))
            .item("serial", s(serial.as_str()))
            .item("state", s(DeviceState::Known.name()))
            .item("enrolledBy", s(IMPORTED))
            .item("importedAt", s(now))
            .item("updatedAt", s(now))
            .condition_expression("attribute_not_exists(pk)");
        if let Some(model) = model {
            put = put.item("model", s(model));
        }
        if let Ways::Only(way) = ways {
            put = put.item("route", s(way.name()));
        }
        match put
            .send()
            .await
            .map_err(|error| failure("dynamodb:PutItem", error))
        {
            Ok(_) => Ok(Import::Imported),
            Err(error) if error.kind == FailureKind::ConditionFailed => {
                self.mark_imported(serial, ways, now).await?;
                Ok(Import::AlreadyThere)
            }
            Err(error) => Err(error),
        }
    }

    /// A device that came in without being imported is from now on as if it had been.
    async fn mark_imported(
        &self,
        serial: &Serial,
        ways: Ways,
        now: &str,
    ) -> Result<(), CloudFailure> {
        let marking = self
            .update(serial)
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":import", s(IMPORTED))
            .expression_attribute_values(":now", s(now));
        let marking = match ways {
            Ways::AsBefore => marking.update_expression(
                "SET enrolledBy = :import, importedAt = if_not_exists(importedAt, :now)",
            ),
            Ways::Any => marking
                .update_expression(
                    "SET enrolledBy = :import, importedAt = if_not_exists(importedAt, :now) REMOVE #route",
                )
                .expression_attribute_names("#route", "route"),
            Ways::Only(way) => marking
                .update_expression(
                    "SET enrolledBy = :import, importedAt = if_not_exists(importedAt, :now), #route = :route",
                )
                .expression_attribute_names("#route", "route")
                .expression_attribute_values(":route", s(way.name())),
        };
        marking
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:UpdateItem", error))
    }

    /// A device and its timeline, oldest first. The device is `None` if nobody imported it; the timeline then has
    /// the refusals.
    pub async fn show(
        &self,
        serial: &Serial,
    ) -> Result<(Option<Device>, Vec<TimelineEntry>), CloudFailure> {
        let (mut device, mut timeline) = (None, Vec::new());
        // A device whose client id is its serial leaves what could not be read under the client id.
        for key in [device_key(serial), client_key(serial.as_str())] {
            for item in partition(&self.client, &self.table, key).await? {
                let sk = text(&item, SK).unwrap_or_default();
                if sk == STATE_SK {
                    device = Some(read_device(&item));
                } else if sk.starts_with(EVENT_SK_PREFIX) {
                    timeline.push(read_entry(&item));
                }
            }
        }
        timeline.sort_by(|a, b| a.at.cmp(&b.at));
        Ok((device, timeline))
    }

    /// Those of these devices that the ledger knows, in no order.
    pub async fn known(&self, serials: &[Serial]) -> Result<Vec<Device>, CloudFailure> {
        let keys = serials
            .iter()
            .map(|serial| key(&device_key(serial), STATE_SK));
        let keys: Vec<_> = keys.collect();
        let found = items(&self.client, &self.table, &keys, None).await?;
        Ok(found.iter().map(read_device).collect())
    }

    /// All devices, or those in one state. Reads the whole table.
    pub async fn list(&self, state: Option<&str>) -> Result<Vec<Device>, CloudFailure> {
        let mut devices = Vec::new();
        let mut items = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression("sk = :state AND begins_with(pk, :device)")
            .expression_attribute_values(":state", s(STATE_SK))
            .expression_attribute_values(":device", s(DEVICE_PREFIX))
            .into_paginator()
            .items()
            .send();
        while let Some(item) = items.next().await {
            let device = read_device(&item.map_err(|error| failure("dynamodb:Scan", error))?);
            if state.is_none_or(|state| state == device.state) {
                devices.push(device);
            }
        }
        devices.sort_by(|a, b| a.serial.cmp(&b.serial));
        Ok(devices)
    }

    /// Takes a device from the execution that was seen to hold it, so that nobody else takes it over or finishes with it.
    /// Fails with `ConditionFailed` if another has it meanwhile.
    pub async fn hold(
        &self,
        serial: &Serial,
        seen: &str,
        holder: &str,
    ) -> Result<(), CloudFailure> {
        self.update(serial)
            .update_expression("SET execution = :me, undoing = :me")
            .condition_expression("execution = :seen")
            .expression_attribute_values(":me", s(holder))
            .expression_attribute_values(":seen", s(seen))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:UpdateItem", error))
    }

    /// Makes a device known again, so that it may ask with another key; one that nobody imported is forgotten, since
    /// known serials are served. Its certificate has to be taken away first. Fails with `ConditionFailed` if another
    /// request has taken it meanwhile.
    pub async fn release(&self, serial: &Serial, execution: &str) -> Result<(), CloudFailure> {
        let forgotten = self
            .delete(serial)
            .condition_expression("execution = :execution AND enrolledBy <> :import")
            .expression_attribute_values(":execution", s(execution))
            .expression_attribute_values(":import", s(IMPORTED))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:DeleteItem", error));
        match forgotten {
            Err(error) if error.kind == FailureKind::ConditionFailed => {}
            other => return other,
        }
        let known = self.make_known(
            serial,
            execution,
            ", model, modelBy",
            "attribute_exists(modelBy)",
        );
        match known.await {
            Err(error) if error.kind == FailureKind::ConditionFailed => {
                self.make_known(serial, execution, "", "attribute_not_exists(modelBy)")
                    .await
            }
            other => other,
        }
    }

    /// Makes a device known again, if `condition` holds, and removes what else is said of it. A model that only the
    /// device itself has told goes with its certificate: whoever it was, the next need not be the same.
    async fn make_known(
        &self,
        serial: &Serial,
        execution: &str,
        removed: &str,
        condition: &str,
    ) -> Result<(), CloudFailure> {
        self.update(serial)
            .update_expression([
                "SET #state = :known REMOVE execution, fingerprint, clientId, thingName, answeredAt, undoing, \
                 fleet, claimCertificateId, issuedOn, certificateId, certificateArn, certificateDer, \
                 pendingCertificateId, pendingCertificateArn, pendingCertificateDer, rotationShard, rotationDay, ",
                ROTATION_UNDER_WAY,
                ", ",
                VENDED,
                removed,
            ].concat())
            .condition_expression(format!("execution = :execution AND {condition}"))
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":known", s(DeviceState::Known.name()))
            .expression_attribute_values(":execution", s(execution))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:UpdateItem", error))
    }

    /// Forgets a certificate that was handed out, once it is shut out.
    pub async fn forget_handed_out(&self, handed_out: &HandedOut) -> Result<(), CloudFailure> {
        let sk = certificate_sk(&handed_out.certificate.id);
        self.client
            .delete_item()
            .table_name(&self.table)
            .key(PK, s(device_key(&handed_out.serial)))
            .key(SK, s(sk))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:DeleteItem", error))
    }

    /// Makes a serial unknown again; whether it was known. One that is more than known stays, with `ConditionFailed`.
    pub async fn forget(&self, serial: &Serial) -> Result<bool, CloudFailure> {
        self.delete(serial)
            .condition_expression("attribute_not_exists(pk) OR #state = :known")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":known", s(DeviceState::Known.name()))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map(|deleted| deleted.attributes.is_some_and(|item| !item.is_empty()))
            .map_err(|error| failure("dynamodb:DeleteItem", error))
    }
}

fn read_device(item: &Item) -> Device {
    Device {
        serial: text(item, "serial").unwrap_or_default(),
        model: text(item, "model"),
        fleet: text(item, "fleet"),
        claim_certificate_id: text(item, "claimCertificateId"),
        route: text(item, "route"),
        state: text(item, "state").unwrap_or_default(),
        certificate_id: text(item, "certificateId"),
        certificate_arn: text(item, "certificateArn"),
        unproven_certificate_id: text(item, "unprovenCertificateId"),
        pending_certificate_id: text(item, "pendingCertificateId"),
        pending_certificate_arn: text(item, "pendingCertificateArn"),
        client_id: text(item, "clientId"),
        execution: text(item, "execution"),
        updated_at: text(item, "updatedAt"),
        rotation: read_device_rotation(item),
    }
}

pub(super) fn read_entry(item: &Item) -> TimelineEntry {
    let required = |name: &str| text(item, name).unwrap_or_default();
    let outcome: serde_json::Value = serde_json::from_str(&required("outcome")).unwrap_or_default();
    let said = |name: &str| outcome[name].as_str().map(str::to_owned);
    TimelineEntry {
        at: required("at"),
        event: required("event"),
        execution: required("execution"),
        client_id: required("clientId"),
        claim_certificate_id: said("claimCertificateId"),
        code: said("code"),
        message: said("message"),
        failure: text(item, "failure").filter(|failure| failure != "-"),
        steps: serde_json::from_str(&required("steps")).unwrap_or_default(),
    }
}
