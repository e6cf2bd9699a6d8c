//! The parts that the index by rotation day is divided into.

use super::Day;
use muster_documents::Serial;

/// How many there are. A partition of a DynamoDB index takes 1,000 writes a second (AWS, "Quotas in Amazon DynamoDB").
pub const SHARDS: u8 = 16;

/// The shard of a device, two digits. It follows from the serial, so that nothing has to be kept for it.
pub fn shard_of(serial: &Serial) -> String {
    let digest = muster_pki::sha256_hex(serial.as_str().as_bytes());
    // The last hex digit is one of sixteen.
    let digit = digest
        .bytes()
        .last()
        .and_then(|byte| char::from(byte).to_digit(16));
    name(u8::try_from(digit.unwrap_or_default()).unwrap_or_default() % SHARDS)
}

/// The shard whose turn it is on a day: each one's is every sixteenth.
pub fn shard_on(day: Day) -> String {
    let days = Day::of(0).until(day);
    name(u8::try_from(days.rem_euclid(i64::from(SHARDS))).unwrap_or_default())
}

/// A number that follows from the serial and is spread evenly, in every shard alike: it is the other end of the hash.
pub fn spread_of(serial: &Serial) -> u32 {
    let digest = muster_pki::sha256_hex(serial.as_str().as_bytes());
    let digits = digest.get(..8).unwrap_or_default();
    u32::from_str_radix(digits, 16).unwrap_or_default()
}

/// All of them.
pub fn shards() -> impl Iterator<Item = String> {
    (0..SHARDS).map(name)
}

fn name(number: u8) -> String {
    format!("{number:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn devices_spread_over_all_shards() {
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for number in 0..16_000 {
            let serial = Serial::new(format!("sensor-{number}")).unwrap();
            *counts.entry(shard_of(&serial)).or_default() += 1;
        }
        assert!(counts.keys().cloned().eq(shards()), "{counts:?}");
        assert!(
            counts.values().all(|count| (800..1200).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn each_shard_has_its_turn_within_sixteen_days() {
        let first: Day = "20251225".parse().unwrap();
        let mut turns: Vec<_> = (0..16).map(|days| shard_on(first.plus(days))).collect();
        turns.sort();
        assert!(turns.into_iter().eq(shards()));
        assert_eq!(shard_on(first), shard_on(first.plus(16)));
    }

    #[test]
    fn a_device_stays_in_its_shard() {
        // What was written once has to be found again by every later version.
        assert_eq!(shard_of(&Serial::new("sensor-1").unwrap()), "13");
    }
}
