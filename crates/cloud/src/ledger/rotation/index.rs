//! What is due.

use crate::failure;
use crate::ledger::{Item, Ledger, s, serial_of, text};
use muster_onboarding::CloudFailure;
use muster_onboarding::ledger::{
    CERTIFICATE_SK_PREFIX, PK, ROTATION_DAY, ROTATION_INDEX, ROTATION_SHARD, SK, STATE_SK,
};
use muster_onboarding::ports::{DueCertificate, DuePage, RotationIndex};
use muster_onboarding::rotation::Day;
use serde_json::{Map, Value};

/// What a key in the index consists of; all of it is text.
const KEYS: [&str; 4] = [PK, SK, ROTATION_SHARD, ROTATION_DAY];

impl RotationIndex for Ledger {
    async fn due(
        &self,
        shard: &str,
        day: Day,
        limit: usize,
        after: Option<&Value>,
    ) -> Result<DuePage, CloudFailure> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(ROTATION_INDEX)
            .key_condition_expression("rotationShard = :shard AND rotationDay <= :day")
            .expression_attribute_values(":shard", s(shard))
            .expression_attribute_values(":day", s(day.to_string()))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(start))
            .send()
            .await
            .map_err(|error| failure("dynamodb:Query", error))?;
        let mut page = DuePage {
            read: usize::try_from(answer.scanned_count).unwrap_or_default(),
            after: answer.last_evaluated_key.as_ref().map(cursor),
            ..DuePage::default()
        };
        for item in answer.items.unwrap_or_default() {
            sort(&item, &mut page);
        }
        Ok(page)
    }
}

fn sort(item: &Item, page: &mut DuePage) {
    let Some(serial) = serial_of(item) else {
        return;
    };
    let sk = text(item, SK).unwrap_or_default();
    if sk == STATE_SK {
        page.devices.push(serial);
    } else if let Some(id) = sk.strip_prefix(CERTIFICATE_SK_PREFIX) {
        page.certificates.push(DueCertificate {
            serial,
            certificate_id: id.to_owned(),
        });
    }
}

fn cursor(key: &Item) -> Value {
    let parts = KEYS.map(|name| (name.to_owned(), text(key, name).into()));
    Value::Object(Map::from_iter(parts))
}

fn start(cursor: &Value) -> Item {
    let part = |name: &str| cursor[name].as_str().unwrap_or_default().to_owned();
    Item::from_iter(KEYS.map(|name| (name.to_owned(), s(part(name)))))
}
