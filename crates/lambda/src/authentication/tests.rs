use super::*;
use futures_util::FutureExt;
use muster_onboarding::ports::TokenRecord;
use std::sync::Mutex;

const MAC: [u8; 32] = [7; 32];
const LIMITS: PaceLimits = PaceLimits {
    per_source: 3,
    per_serial: 2,
};

/// A ledger with one token, and a key that knows one token.
#[derive(Default)]
struct Desk {
    counts: Mutex<Vec<String>>,
}

impl TokenLedger for Desk {
    async fn token(&self, serial: &Serial) -> Result<Option<TokenRecord>, CloudFailure> {
        self.counts.lock().unwrap().push("read".to_owned());
        Ok((serial.as_str() == "sensor-1").then(|| TokenRecord {
            mac: MAC.to_vec(),
            opens: Opens::Certificate,
            expires_at: 1000,
        }))
    }

    async fn count_request_of(&self, who: Counted<'_>, _: i64) -> Result<i64, CloudFailure> {
        let who = match who {
            Counted::Source(_) => "source".to_owned(),
            Counted::Right(serial) => format!("right {serial}"),
            Counted::Wrong(serial) => format!("wrong {serial}"),
        };
        let mut counts = self.counts.lock().unwrap();
        counts.push(who.clone());
        Ok(counts
            .iter()
            .filter(|one| **one == who)
            .count()
            .try_into()
            .unwrap())
    }
}

impl TokenKey for Desk {
    async fn token_mac(&self, digest: &str) -> Result<Vec<u8>, CloudFailure> {
        self.counts.lock().unwrap().push("hash".to_owned());
        let right = token_digest(
            &Serial::new("sensor-1").unwrap(),
            &"right".to_owned().into(),
        );
        Ok(if digest == right { MAC } else { [8; 32] }.to_vec())
    }
}

fn ask(desk: &Desk, serial: &str, token: &str, door: Opens) -> &'static str {
    let serial = Serial::new(serial).unwrap();
    let token = SecretString::from(token.to_owned());
    let shown = Shown {
        serial: &serial,
        token: &token,
        source: "192.0.2.1",
    };
    let asked = authenticate(desk, desk, LIMITS, door, shown, 10);
    match asked.now_or_never().expect("it waits for nothing") {
        Ok(_) => "in",
        Err(error) => error.name(),
    }
}

#[test]
fn the_right_token_comes_in_and_no_other_does() {
    let desk = Desk::default();
    assert_eq!(ask(&desk, "sensor-1", "right", Opens::Certificate), "in");
    assert_eq!(
        ask(&desk, "sensor-1", "wrong", Opens::Certificate),
        "TokenRefused"
    );
    assert_eq!(
        ask(&desk, "sensor-1", "right", Opens::Shadow),
        "TokenRefused"
    );
}

#[test]
fn a_serial_without_a_token_makes_the_same_work_as_a_wrong_token() {
    let work = |serial: &str| {
        let desk = Desk::default();
        assert_eq!(
            ask(&desk, serial, "wrong", Opens::Certificate),
            "TokenRefused"
        );
        let work = desk.counts.into_inner().unwrap();
        work.join(" ").replace(serial, "SERIAL")
    };
    assert_eq!(work("sensor-1"), work("nobody"));
    assert_eq!(work("nobody"), "hash read source wrong SERIAL");
}

#[test]
fn a_stranger_who_asks_all_the_time_does_not_shut_the_device_out() {
    let desk = Desk::default();
    let limits = |serial, token| ask(&desk, serial, token, Opens::Certificate);
    assert_eq!(limits("sensor-1", "wrong"), "TokenRefused");
    assert_eq!(limits("sensor-1", "wrong"), "TokenRefused");
    assert_eq!(limits("sensor-1", "wrong"), "Throttled");
    desk.counts.lock().unwrap().retain(|one| one != "source");
    assert_eq!(limits("sensor-1", "right"), "in");
    assert_eq!(limits("sensor-1", "right"), "in");
    assert_eq!(limits("sensor-1", "right"), "Throttled");
}

#[test]
fn an_address_that_guesses_is_told_to_wait_and_the_devices_that_share_it_are_not() {
    let desk = Desk::default();
    for serial in ["a", "b", "c"] {
        assert_eq!(
            ask(&desk, serial, "wrong", Opens::Certificate),
            "TokenRefused"
        );
    }
    assert_eq!(ask(&desk, "d", "wrong", Opens::Certificate), "Throttled");
    assert_eq!(ask(&desk, "sensor-1", "right", Opens::Certificate), "in");
}
