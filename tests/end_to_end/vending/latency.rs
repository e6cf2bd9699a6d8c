//! How long a certificate takes over HTTPS, once everything is warm. It asserts no time; `docs/measurements.md` has what it
//! printed, and beside it what of that is Muster's own.

use super::desk::Desk;
use muster_onboarding::tokens::Opens;
use muster_pki::DeviceKey;
use std::time::Instant;

/// Devices that are measured, after as many that are not.
const DEVICES: usize = 40;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: cargo test -p end-to-end --test end_to_end -- --ignored vending::latency --nocapture"]
async fn a_certificate_over_https_one_after_the_other() {
    let desk = Desk::open().await;
    for (what, keyless) in [("with a csr", false), ("without a key", true)] {
        let mut took = Vec::new();
        for number in 0..2 * DEVICES {
            let serial = format!("sensor-{keyless}-{number}");
            let token = desk.token(&serial, Opens::Certificate).await;
            let key = DeviceKey::generate().unwrap();
            let begun = Instant::now();
            let answer = if keyless {
                desk.getcert(&serial, &token).await
            } else {
                desk.vend(&serial, &token, &key).await
            };
            took.push(begun.elapsed().as_millis());
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        let mut warm = took.split_off(DEVICES);
        warm.sort_unstable();
        let (half, most) = (warm[DEVICES / 2], warm[DEVICES * 9 / 10]);
        println!("{what}: p50 {half} ms, p90 {most} ms, of {DEVICES}");
    }
}
