//! Vouchers: issued, listed, revoked. A voucher's text is known to nobody but whom it was issued to.

use super::random::random;
use crate::ledger::items::items;
use crate::ledger::{Item, key, malformed, number, partition, s, text};
use crate::{Cloud, failure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::builders::{DeleteBuilder, TransactWriteItemBuilder};
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use muster_documents::{FleetName, FleetSettings, Serial};
use muster_onboarding::fleets::voucher_hash;
use muster_onboarding::ledger::{
    FLEETS_PK, PK, SK, STATE_SK, any_voucher_sk, serials_voucher_sk, voucher_key, vouchers_key,
};
use muster_onboarding::{CloudFailure, secret_text};
use secrecy::SecretString;
use serde::Serialize;

/// How much of a hash names a voucher, in characters.
const MIN_HASH: usize = 8;

/// A voucher, without its text, which is nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Voucher {
    /// SHA-256 of its text, lowercase hex.
    pub hash: String,
    /// The fleet that it opens.
    pub fleet: FleetName,
    /// The one device that it is good for; `None`: any.
    pub serial: Option<String>,
    /// When it was issued, in seconds since 1970.
    pub created_at: i64,
    /// Until when it is good, in seconds since 1970.
    pub expires_at: i64,
    /// The device that has spent it.
    pub spent_by: Option<String>,
    /// When, in seconds since 1970.
    pub spent_at: Option<i64>,
}

impl Voucher {
    /// Whether it is for this serial, or was spent by it.
    pub fn is_of(&self, serial: &str) -> bool {
        [&self.serial, &self.spent_by].contains(&&Some(serial.to_owned()))
    }
}

/// A voucher that was just issued. Its text is nowhere else.
#[derive(Debug)]
pub struct IssuedVoucher {
    /// The one device that it is good for; `None`: any.
    pub serial: Option<Serial>,
    /// What the device has to show.
    pub text: SecretString,
    /// SHA-256 of it, lowercase hex.
    pub hash: String,
}

/// The vouchers of one stack.
#[derive(Debug, Clone)]
pub struct Vouchers {
    client: Client,
    table: String,
}

impl Vouchers {
    /// The vouchers in `table`.
    pub fn new(cloud: &Cloud, table: &str) -> Self {
        Self {
            client: Client::new(&cloud.config),
            table: table.to_owned(),
        }
    }

    /// What a fleet was set up with; `None` if there is no such fleet, or its settings cannot be read.
    pub async fn fleet(&self, fleet: &FleetName) -> Result<Option<FleetSettings>, CloudFailure> {
        let found = self.read(FLEETS_PK, fleet.as_str()).await?;
        let settings = found.and_then(|found| text(&found, "settings"));
        Ok(settings.and_then(|settings| serde_json::from_str(&settings).ok()))
    }

    /// Issues a voucher, for this device or for any, that is good until `expires_at`. What was issued for the device
    /// before is good no more, also for the key that has spent it. Times are in seconds since 1970.
    pub async fn issue(
        &self,
        fleet: &FleetName,
        serial: Option<&Serial>,
        now: i64,
        expires_at: i64,
    ) -> Result<IssuedVoucher, CloudFailure> {
        let secret = secret_text(random("making the voucher")?);
        let hash = voucher_hash(&secret);
        let seconds = |seconds: i64| AttributeValue::N(seconds.to_string());
        let mut voucher = Put::builder()
            .table_name(&self.table)
            .set_item(Some(key(&voucher_key(&hash), STATE_SK)))
            .item("fleet", s(fleet.as_str()))
            .item("createdAt", seconds(now))
            .item("expiresAt", seconds(expires_at));
        if let Some(serial) = serial {
            voucher = voucher.item("serial", s(serial.as_str()));
        }
        let before = match serial {
            Some(serial) => {
                self.read(&vouchers_key(fleet), &serials_voucher_sk(serial))
                    .await?
            }
            None => None,
        };
        let before = before.and_then(|before| text(&before, "voucherHash"));
        let mut listed = Put::builder()
            .table_name(&self.table)
            .set_item(Some(listing(fleet, serial.map(Serial::as_str), &hash)))
            .item("voucherHash", s(&hash))
            .item("expiresAt", seconds(expires_at));
        // Unless somebody has issued another in between.
        listed = match &before {
            None => listed.condition_expression("attribute_not_exists(pk)"),
            Some(before) => listed
                .condition_expression("voucherHash = :before")
                .expression_attribute_values(":before", s(before)),
        };
        let mut items = vec![
            TransactWriteItem::builder().put(built(voucher.build())?),
            TransactWriteItem::builder().put(built(listed.build())?),
        ];
        if let Some(before) = &before {
            let delete = self.delete(key(&voucher_key(before), STATE_SK));
            items.push(TransactWriteItem::builder().delete(built(delete.build())?));
        }
        self.write(items).await?;
        Ok(IssuedVoucher {
            serial: serial.cloned(),
            text: secret,
            hash,
        })
    }

    /// A fleet's vouchers, of each device the one that was issued last: those for one device first.
    pub async fn list(&self, fleet: &FleetName) -> Result<Vec<Voucher>, CloudFailure> {
        let listings = partition(&self.client, &self.table, vouchers_key(fleet)).await?;
        let hashes = listings.iter().filter_map(|item| text(item, "voucherHash"));
        let keys: Vec<_> = hashes
            .map(|hash| key(&voucher_key(&hash), STATE_SK))
            .collect();
        let found = items(&self.client, &self.table, &keys, None).await?;
        let read = |item| read_voucher(fleet, item);
        let mut vouchers: Vec<_> = found.iter().filter_map(read).collect();
        vouchers.sort_by(|a, b| {
            let order = |voucher: &Voucher| (voucher.serial.is_none(), voucher.serial.clone());
            (order(a), &a.hash).cmp(&(order(b), &b.hash))
        });
        Ok(vouchers)
    }

    /// The vouchers of all fleets that are for this serial, were spent by it, or whose hash begins so, with 8 characters at least:
    /// a serial that has no voucher shall not be taken for the beginning of another's hash.
    pub async fn find(&self, serial_or_hash: &str) -> Result<Vec<Voucher>, CloudFailure> {
        let mut found = Vec::new();
        for fleet in self.fleets().await? {
            let vouchers = self.list(&fleet).await?;
            found.extend(vouchers.into_iter().filter(|voucher| {
                voucher.is_of(serial_or_hash)
                    || serial_or_hash.len() >= MIN_HASH && voucher.hash.starts_with(serial_or_hash)
            }));
        }
        Ok(found)
    }

    async fn fleets(&self) -> Result<Vec<FleetName>, CloudFailure> {
        let fleets = partition(&self.client, &self.table, FLEETS_PK.to_owned()).await?;
        let names = fleets.iter().filter_map(|item| text(item, SK));
        Ok(names.filter_map(|name| FleetName::new(name).ok()).collect())
    }

    /// Makes a voucher good for nothing, also for the device that has spent it. Its certificate stays.
    pub async fn revoke(&self, voucher: &Voucher) -> Result<(), CloudFailure> {
        let listing = listing(&voucher.fleet, voucher.serial.as_deref(), &voucher.hash);
        let own = self.delete(key(&voucher_key(&voucher.hash), STATE_SK));
        let listed = self
            .delete(listing)
            .condition_expression("attribute_not_exists(pk) OR voucherHash = :hash")
            .expression_attribute_values(":hash", s(&voucher.hash));
        self.write(vec![
            TransactWriteItem::builder().delete(built(own.build())?),
            TransactWriteItem::builder().delete(built(listed.build())?),
        ])
        .await
    }

    fn delete(&self, key: Item) -> DeleteBuilder {
        Delete::builder().table_name(&self.table).set_key(Some(key))
    }

    async fn read(&self, partition: &str, sort: &str) -> Result<Option<Item>, CloudFailure> {
        self.client
            .get_item()
            .table_name(&self.table)
            .key(PK, s(partition))
            .key(SK, s(sort))
            .consistent_read(true)
            .send()
            .await
            .map(|answer| answer.item)
            .map_err(|error| failure("dynamodb:GetItem", error))
    }

    async fn write(&self, items: Vec<TransactWriteItemBuilder>) -> Result<(), CloudFailure> {
        let items = items.into_iter().map(TransactWriteItemBuilder::build);
        self.client
            .transact_write_items()
            .set_transact_items(Some(items.collect()))
            .send()
            .await
            .map(drop)
            .map_err(|error| failure("dynamodb:TransactWriteItems", error))
    }
}

/// The key of the item that lists a voucher among its fleet's.
fn listing(fleet: &FleetName, serial: Option<&str>, hash: &str) -> Item {
    let serial = serial.and_then(|serial| Serial::new(serial).ok());
    let sort = serial.map_or_else(
        || any_voucher_sk(hash),
        |serial| serials_voucher_sk(&serial),
    );
    key(&vouchers_key(fleet), &sort)
}

fn read_voucher(fleet: &FleetName, item: &Item) -> Option<Voucher> {
    let partition = text(item, PK)?;
    Some(Voucher {
        hash: partition.strip_prefix(&voucher_key(""))?.to_owned(),
        fleet: fleet.clone(),
        serial: text(item, "serial"),
        created_at: number(item, "createdAt").unwrap_or_default(),
        expires_at: number(item, "expiresAt").unwrap_or_default(),
        spent_by: text(item, "spentBy"),
        spent_at: number(item, "spentAt"),
    })
}

/// What lacks something that it has to have, which only a defect can cause.
fn built<T>(built: Result<T, aws_sdk_dynamodb::error::BuildError>) -> Result<T, CloudFailure> {
    built.map_err(|error| malformed("dynamodb:TransactWriteItems", &error))
}
