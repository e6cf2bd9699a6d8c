//! Who is let in.

use super::cloud::{Cloud, NOW, TOKEN, certificate, held};
use super::{ask, ask_as, get};
use muster_documents::Serial;
use muster_onboarding::ports::{HeldDevice, Overdue, OverdueAction};
use muster_onboarding::tokens::Opens;
use muster_pki::{
    CaCertificate, CaKey, CaSubject, DeviceKey, DeviceProfile, Validity, certificate_id,
};
use serde_json::{Value, json};

/// A certificate of that name until a time in seconds since 1970: PEM and id.
fn made(name: &str, not_after: i64) -> (String, String) {
    let named = |name: &str| CaSubject {
        common_name: name.to_owned(),
        ..CaSubject::default()
    };
    let validity = |not_after_unix| Validity {
        not_before_unix: NOW - 1000,
        not_after_unix,
    };
    let key = CaKey::generate().unwrap();
    let ca = CaCertificate::issue(&key, &named("a CA"), validity(NOW + 1000)).unwrap();
    let profile = DeviceProfile {
        subject: named(name),
        validity: validity(not_after),
    };
    let csr = DeviceKey::generate().unwrap().csr(name).unwrap();
    let signed = ca.sign(&key, &csr, &profile).unwrap();
    (signed.pem(), certificate_id(signed.der()))
}

/// A request over a connection with this certificate.
fn shown(pem: &str, serial: Option<&str>) -> Value {
    json!({
        "httpMethod": "GET", "resource": "/shadow",
        "queryStringParameters": { "serialNumber": serial },
        "requestContext": { "identity": {
            "sourceIp": "192.0.2.1", "clientCert": { "clientCertPem": pem, "subjectDN": "CN=anybody" },
        } },
    })
}

/// What comes of showing a certificate for a device that has this one in force and otherwise stands as changed.
fn outcome(change: impl FnOnce(&mut HeldDevice, &str)) -> &'static str {
    let (pem, id) = made("sensor-1", NOW + 1000);
    let cloud = Cloud::with_device();
    cloud.change(|held| {
        held.current = Some(certificate(&id));
        change(held, &id);
    });
    ask(&cloud, shown(&pem, Some("sensor-1"))).map_or_else(|name| name, |_| "in")
}

fn overdue(action: OverdueAction, id: &str) -> Overdue {
    Overdue {
        action,
        certificate_id: id.to_owned(),
        policies: Vec::new(),
        done: true,
    }
}

#[test]
fn a_token_lets_in_for_shadows_if_it_is_for_them() {
    let cloud = Cloud::with_device();
    let in_header = || {
        let mut request = get("sensor-1", TOKEN);
        request["queryStringParameters"] = json!({ "serialNumber": "sensor-1" });
        request["headers"] = json!({ "X-Device-Token": TOKEN });
        request
    };
    for opens in [Opens::Shadow, Opens::Both] {
        cloud.state().opens = opens;
        assert!(ask(&cloud, get("sensor-1", TOKEN)).is_ok());
        assert!(ask(&cloud, in_header()).is_ok());
    }
    cloud.state().opens = Opens::Certificate;
    let refused = ask(&cloud, get("sensor-1", TOKEN));
    assert_eq!(refused.unwrap_err(), "TokenRefused");
}

#[test]
fn the_certificate_in_force_lets_in_whatever_its_name_is() {
    assert_eq!(outcome(|_, _| ()), "in");
    let (pem, id) = made("another name", NOW + 1000);
    let cloud = Cloud::with_device();
    cloud.change(|held| held.current = Some(certificate(&id)));
    assert!(ask(&cloud, shown(&pem, Some("sensor-1"))).is_ok());
    let nameless = ask(&cloud, shown(&pem, None));
    assert_eq!(nameless.unwrap_err(), "InputInvalid");
}

#[test]
fn the_next_certificate_lets_in_until_it_is_shut_out() {
    let next = |held: &mut HeldDevice, id: &str| {
        held.current = Some(certificate("before"));
        held.rotation.next = Some(certificate(id));
    };
    assert_eq!(outcome(next), "in");
    let shut = outcome(|held, id| {
        next(held, id);
        held.rotation.next_shut_at = Some(1);
    });
    assert_eq!(shut, "TokenRefused");
}

#[test]
fn no_other_certificate_lets_in() {
    let other = |change: fn(&mut HeldDevice, &str)| assert_eq!(outcome(change), "TokenRefused");
    other(|held, _| held.current = Some(certificate("renewed")));
    other(|held, _| held.current = None);
    other(|held, id| {
        held.current = Some(certificate("renewed"));
        held.rotation.retiring = Some(id.to_owned());
    });
    other(|held, id| {
        held.current = None;
        held.pending = Some(certificate(id));
    });
    other(|held, _| held.undoing = Some("release-1".to_owned()));
}

#[test]
fn a_certificate_that_was_shut_in_or_out_at_its_deadline_does_not_let_in() {
    for (action, expected) in [
        (OverdueAction::Quarantine, "TokenRefused"),
        (OverdueAction::Deactivate, "TokenRefused"),
        (OverdueAction::Alert, "in"),
    ] {
        let overdue_one = |held: &mut HeldDevice, id: &str| {
            held.rotation.overdue = Some(overdue(action, id));
        };
        assert_eq!(outcome(overdue_one), expected);
        // With the next one the device is out of it.
        let next = outcome(|held, id| {
            held.current = Some(certificate("before"));
            held.rotation.overdue = Some(overdue(action, "before"));
            held.rotation.next = Some(certificate(id));
        });
        assert_eq!(next, "in");
    }
}

#[test]
fn a_certificate_that_is_over_does_not_let_in() {
    let (pem, id) = made("sensor-1", NOW - 1);
    let cloud = Cloud::with_device();
    cloud.change(|held| held.current = Some(certificate(&id)));
    let refused = ask(&cloud, shown(&pem, Some("sensor-1")));
    assert_eq!(refused.unwrap_err(), "TokenRefused");
}

#[test]
fn a_token_opens_nothing_to_a_device_in_quarantine() {
    for (action, expected) in [
        (OverdueAction::Quarantine, Err("ShadowUnknown")),
        (OverdueAction::Alert, Ok(())),
    ] {
        let cloud = Cloud::with_device();
        cloud.change(|held| held.rotation.overdue = Some(overdue(action, "any")));
        assert_eq!(ask(&cloud, get("sensor-1", TOKEN)).map(drop), expected);
    }
}

#[test]
fn a_device_does_not_come_in_as_another() {
    let (pem, id) = made("sensor-2", NOW + 1000);
    let cloud = Cloud::with_device();
    let second = HeldDevice {
        current: Some(certificate(&id)),
        ..held()
    };
    let own = Serial::new("sensor-2").unwrap();
    cloud.state().devices.insert(own, second);
    assert!(ask(&cloud, shown(&pem, Some("sensor-2"))).is_ok());
    let refused = ask(&cloud, shown(&pem, Some("sensor-1")));
    assert_eq!(refused.unwrap_err(), "TokenRefused");
    let refused = ask(&cloud, get("sensor-2", TOKEN));
    assert_eq!(refused.unwrap_err(), "TokenRefused");
    assert_eq!(cloud.state().read, ["sensor-2"]);
}

#[test]
fn whoever_is_not_let_in_gets_one_answer_after_the_same_work() {
    let (pem, _) = made("sensor-1", NOW + 1000);
    let said = |request: Value| {
        let cloud = Cloud::with_device();
        let error = ask_as(&cloud, request).unwrap_err();
        let work = cloud.state().asked.join(", ");
        (error.to_string(), work.replace("sensor-1", "nobody"))
    };
    let known = said(get("sensor-1", "wrong"));
    assert_eq!(
        known.1,
        "hash, token nobody, source 192.0.2.1, wrong nobody"
    );
    assert_eq!(said(get("nobody", "wrong")), known);
    let known_by_certificate = said(shown(&pem, Some("sensor-1")));
    assert_eq!(
        known_by_certificate.1,
        "held nobody, source 192.0.2.1, wrong nobody"
    );
    assert_eq!(said(shown(&pem, Some("nobody"))), known_by_certificate);
    assert_eq!(known_by_certificate.0, known.0);
    let mut nothing = get("sensor-1", "");
    nothing["queryStringParameters"] = json!({ "serialNumber": "sensor-1" });
    assert_eq!(said(nothing).0, known.0);
    assert_eq!(said(shown("no certificate", Some("sensor-1"))).0, known.0);
}

#[test]
fn a_request_with_both_or_without_a_serial_is_none_and_costs_no_call() {
    let (pem, _) = made("sensor-1", NOW + 1000);
    let mut both = shown(&pem, Some("sensor-1"));
    both["headers"] = json!({ "x-device-token": TOKEN });
    let mut nobody = get("sensor-1", TOKEN);
    nobody["queryStringParameters"] = json!({ "deviceToken": TOKEN });
    let mut tokens = get("sensor-1", TOKEN);
    tokens["headers"] = json!({ "x-device-token": "another" });
    for request in [both, nobody, tokens, get("a/b", TOKEN), get("", TOKEN)] {
        let cloud = Cloud::with_device();
        assert_eq!(ask(&cloud, request).unwrap_err(), "InputInvalid");
        assert!(cloud.state().asked.is_empty());
    }
}

#[test]
fn callers_are_paced_by_whatever_they_show() {
    let (pem, id) = made("sensor-1", NOW + 1000);
    let (strange, _) = made("sensor-1", NOW + 1000);
    for (right, wrong) in [
        (get("sensor-1", TOKEN), get("sensor-1", "wrong")),
        (
            shown(&pem, Some("sensor-1")),
            shown(&strange, Some("sensor-1")),
        ),
    ] {
        let cloud = Cloud::with_device();
        cloud.change(|held| held.current = Some(certificate(&id)));
        cloud.state().limit = 2;
        for expected in ["TokenRefused", "TokenRefused", "Throttled"] {
            assert_eq!(ask(&cloud, wrong.clone()).unwrap_err(), expected);
        }
        // From elsewhere: the device is not shut out by who asks for it.
        cloud.state().asked.retain(|one| !one.starts_with("source"));
        assert!(ask(&cloud, right.clone()).is_ok());
        assert!(ask(&cloud, right.clone()).is_ok());
        assert_eq!(ask(&cloud, right).unwrap_err(), "Throttled");
    }
}
