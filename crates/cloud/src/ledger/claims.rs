//! What claim certificates are used for.

use super::timeline::Line;
use super::transaction::changing;
use super::{Item, Ledger, iso, number, s, send, text, unless_another_holds_it};
use crate::failure;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, Update};
use muster_onboarding::ledger::{HOUR_SK_PREFIX, PK, SK, claim_key};
use muster_onboarding::ports::{ClaimLedger, ClaimRecord, ClaimRecords, ClaimSurge, HourCount};
use muster_onboarding::{CloudFailure, FailureKind};
use serde_json::json;

/// How long a surge is kept in the claim's timeline, in seconds: 365 days.
const SURGE_LIFE: i64 = 365 * 24 * 3600;

fn hour_sk(hour: &str) -> String {
    format!("{HOUR_SK_PREFIX}{hour}")
}

impl Ledger {
    fn update_hour(&self, claim_certificate_id: &str, hour: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(PK, s(claim_key(claim_certificate_id)))
            .key(SK, s(hour_sk(hour)))
    }
}

/// What is there and cannot be read counts against the claim.
pub(super) fn read_claim(item: &Item) -> ClaimRecord {
    let shut = item.get("shut");
    let until = item.get("until");
    ClaimRecord {
        fleet: text(item, "fleet"),
        until: until.map(|_| number(item, "until").unwrap_or_default()),
        shut: shut.map(|why| why.as_s().map_or("-", String::as_str).to_owned()),
    }
}

impl ClaimRecords for Ledger {
    async fn claim_record(
        &self,
        certificate_id: &str,
    ) -> Result<Option<ClaimRecord>, CloudFailure> {
        let item = self.read_item(claim_key(certificate_id)).await?;
        Ok(item.as_ref().map(read_claim))
    }
}

impl ClaimLedger for Ledger {
    async fn count_request(
        &self,
        claim_certificate_id: &str,
        hour: &str,
        expires_at: i64,
    ) -> Result<HourCount, CloudFailure> {
        let counted = self
            .update_hour(claim_certificate_id, hour)
            .update_expression("ADD requests :one SET expiresAt = :end")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":end", AttributeValue::N(expires_at.to_string()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(|error| failure("dynamodb:UpdateItem", error))?;
        let item = counted.attributes.unwrap_or_default();
        Ok(HourCount {
            requests: number(&item, "requests").unwrap_or_default(),
            threshold: number(&item, "threshold"),
            surged: item.contains_key("surgedAt"),
        })
    }

    async fn requests_between(
        &self,
        claim_certificate_id: &str,
        first: &str,
        last: &str,
    ) -> Result<i64, CloudFailure> {
        // A day has fewer hours than one page has items.
        let read = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", s(claim_key(claim_certificate_id)))
            .expression_attribute_values(":first", s(hour_sk(first)))
            .expression_attribute_values(":last", s(hour_sk(last)))
            .send()
            .await
            .map_err(|error| failure("dynamodb:Query", error))?;
        let hours = read.items().iter();
        Ok(hours.filter_map(|hour| number(hour, "requests")).sum())
    }

    async fn note_threshold(
        &self,
        claim_certificate_id: &str,
        hour: &str,
        threshold: i64,
    ) -> Result<(), CloudFailure> {
        send(
            self.update_hour(claim_certificate_id, hour)
                .update_expression("SET threshold = :threshold")
                .expression_attribute_values(
                    ":threshold",
                    AttributeValue::N(threshold.to_string()),
                ),
        )
        .await
    }

    async fn note_surge(&self, surge: &ClaimSurge) -> Result<bool, CloudFailure> {
        let marked = Update::builder()
            .table_name(&self.table)
            .key(PK, s(claim_key(&surge.claim_certificate_id)))
            .key(SK, s(hour_sk(&surge.hour)))
            .update_expression("SET surgedAt = :now")
            .condition_expression("attribute_not_exists(surgedAt)")
            .expression_attribute_values(":now", s(iso(surge.at)))
            .build();
        let line = Line {
            ledger_key: claim_key(&surge.claim_certificate_id),
            at: surge.at,
            which: &surge.hour,
            event: "ClaimSurge",
            client_id: "-",
            outcome: json!({
                "fleet": surge.fleet, "hour": surge.hour, "requests": surge.requests, "threshold": surge.threshold,
            }),
            steps: json!([]),
            expires_at: surge.at.div_euclid(1000) + SURGE_LIFE,
        };
        let parts = vec![changing(marked)?, self.putting(line.item())?];
        let noted = self.transact(parts).await;
        match noted {
            Ok(()) => Ok(true),
            Err(error) if error.kind == FailureKind::ConditionFailed => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn shut_claim(&self, claim_certificate_id: &str, why: &str) -> Result<(), CloudFailure> {
        unless_another_holds_it(
            send(
                self.update(claim_key(claim_certificate_id))
                    .update_expression("SET shut = :why")
                    .condition_expression("attribute_exists(pk) AND attribute_not_exists(shut)")
                    .expression_attribute_values(":why", s(why)),
            )
            .await,
        )
    }
}
