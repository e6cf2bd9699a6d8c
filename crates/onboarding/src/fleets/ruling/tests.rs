use super::*;
use crate::fleets::desk::{CLAIM, Desk, NOW_UNIX, TEMPLATE};
use crate::ports::Certificate;
use serde_json::json;

fn refused(change: impl FnOnce(&mut Desk)) -> RefusalCode {
    let mut desk = Desk::new();
    change(&mut desk);
    desk.is_refused()
}

fn let_in(change: impl FnOnce(&mut Desk)) -> Ruling {
    let mut desk = Desk::new();
    change(&mut desk);
    desk.is_let_in()
}

#[test]
fn a_known_device_is_let_in_with_the_day_its_serial_and_its_key_noted() {
    let desk = Desk::new();
    let ruling = desk.is_let_in();
    let said = |name: &str| ruling.answer.parameter_overrides[name].clone();
    assert_eq!(said("SerialNumber"), "sensor-1");
    assert_eq!(said("CertIssuance"), "20260101");
    assert_eq!(said("ModelType"), "-");
    let written = ruling.device.unwrap();
    assert_eq!(written.fingerprint, desk.key.fingerprint());
    assert_eq!(written.before, Before::Known);
    assert_eq!(written.expires_at, NOW_UNIX + 365 * 86_400);
    assert_eq!(
        written.certificate.arn,
        format!(
            "arn:aws:iot:eu-central-1:123456789012:cert/{}",
            desk.request.certificate_id
        )
    );
}

#[test]
fn after_one_device_was_let_in_the_next_is_refused_if_nobody_knows_it() {
    let mut desk = Desk::new();
    desk.is_let_in();
    desk.says("SerialNumber", "sensor-2");
    desk.request.client_id = "sensor-2".to_owned();
    desk.records.device = None;
    assert_eq!(desk.is_refused(), RefusalCode::SerialUnknown);
}

#[test]
fn ids_that_are_none_are_refused_before_anything_is_looked_up() {
    let malformed = RefusalCode::RequestInvalid;
    for id in ["", "abc", &CLAIM.to_uppercase(), &format!("{CLAIM}a")] {
        let change = |desk: &mut Desk| desk.request.claim_certificate_id = id.to_owned();
        assert_eq!(refused(change), malformed, "{id}");
        let change = |desk: &mut Desk| desk.request.certificate_id = id.to_owned();
        assert_eq!(refused(change), malformed, "{id}");
    }
}

#[test]
fn a_template_that_is_no_fleets_in_force_lets_nobody_in() {
    let unknown = RefusalCode::FleetUnknown;
    for arn in ["", "plant-7", &format!("{TEMPLATE}not a name"), TEMPLATE] {
        let change = |desk: &mut Desk| desk.request.template_arn = arn.to_owned();
        assert_eq!(refused(change), unknown, "{arn}");
    }
    assert_eq!(refused(|desk| desk.records.fleet = None), unknown);
    let passing = RefusalCode::ProvisioningInProgress;
    for (state, code) in [
        (Some(FleetState::Making), passing),
        (Some(FleetState::Removing), passing),
        (None, unknown),
    ] {
        let change = |desk: &mut Desk| desk.records.fleet.as_mut().unwrap().state = state;
        assert_eq!(refused(change), code, "{state:?}");
    }
    let_in(|desk| desk.records.fleet.as_mut().unwrap().state = Some(FleetState::Changing));
}

#[test]
fn settings_that_cannot_be_read_let_nobody_in() {
    let code = refused(|desk| desk.records.fleet.as_mut().unwrap().settings = "{}".to_owned());
    assert_eq!(code, RefusalCode::ProvisioningFailed);
}

#[test]
fn a_claim_certificate_that_is_another_fleets_or_no_fleets_lets_nobody_in() {
    let not_its = RefusalCode::ClaimNotOfFleet;
    assert_eq!(refused(|desk| desk.records.claim = None), not_its);
    assert_eq!(refused(|desk| desk.claim().fleet = None), not_its);
    let another = |desk: &mut Desk| desk.claim().fleet = Some("plant-8".to_owned());
    assert_eq!(refused(another), not_its);
}

#[test]
fn a_claim_certificate_that_is_shut_or_over_lets_nobody_in() {
    let shut = |desk: &mut Desk| desk.claim().shut = Some("surge".to_owned());
    assert_eq!(refused(shut), RefusalCode::ClaimShut);
    let over = |desk: &mut Desk| desk.claim().until = Some(NOW_UNIX - 1);
    assert_eq!(refused(over), RefusalCode::ClaimShut);
    let_in(|desk| desk.claim().until = Some(NOW_UNIX));
}

#[test]
fn a_device_names_one_well_formed_serial_by_either_name() {
    let malformed = RefusalCode::SerialMalformed;
    assert_eq!(refused(|desk| desk.request.parameters.clear()), malformed);
    assert_eq!(
        refused(|desk| desk.says("DeviceSerial", "sensor-2")),
        malformed
    );
    for serial in ["", "sensor 1", "a/b", "*", &"a".repeat(129)] {
        assert_eq!(
            refused(|desk| desk.says("SerialNumber", serial)),
            malformed,
            "{serial}"
        );
    }
    let_in(|desk| desk.says("DeviceSerial", "sensor-1"));
    let ruling = let_in(|desk| {
        desk.request.parameters.clear();
        desk.says("DeviceSerial", "sensor-1");
    });
    assert_eq!(
        ruling.answer.parameter_overrides["SerialNumber"],
        "sensor-1"
    );
}

#[test]
fn a_serial_begins_as_the_fleets_serials_do() {
    let prefixed =
        |prefix: &'static str| move |desk: &mut Desk| desk.settings["serialPrefix"] = prefix.into();
    assert_eq!(refused(prefixed("core-")), RefusalCode::SerialUnknown);
    let_in(prefixed("sensor-"));
}

#[test]
fn a_client_id_is_the_serial_unless_the_fleet_takes_any() {
    let other = |desk: &mut Desk| desk.request.client_id = "sensor-2".to_owned();
    assert_eq!(refused(other), RefusalCode::ClientIdMismatch);
    let_in(|desk| {
        desk.request.client_id = "sensor-2".to_owned();
        desk.settings["clientId"] = "any".into();
    });
}

#[test]
fn a_model_is_one_of_the_fleets_and_the_one_that_was_imported() {
    let unknown = RefusalCode::ModelUnknown;
    let of_models = |desk: &mut Desk| desk.settings["models"] = json!(["gateway", "sensor"]);
    assert_eq!(refused(of_models), unknown, "none is named");
    let another = |desk: &mut Desk| {
        of_models(desk);
        desk.says("ModelType", "camera");
    };
    assert_eq!(refused(another), unknown);
    let imported_as_another = |desk: &mut Desk| {
        of_models(desk);
        desk.says("ModelType", "sensor");
        desk.device().model = Some("gateway".to_owned());
    };
    assert_eq!(refused(imported_as_another), unknown);
    assert_eq!(
        refused(|desk| desk.says("ModelType", "a b")),
        unknown,
        "malformed"
    );
    let ruling = let_in(|desk| {
        of_models(desk);
        desk.says("ModelType", "sensor");
    });
    assert_eq!(ruling.answer.parameter_overrides["ModelType"], "sensor");
    assert_eq!(ruling.device.unwrap().new_model.unwrap().as_str(), "sensor");
}

#[test]
fn where_a_fleet_has_no_models_a_device_may_name_any_or_has_the_imported_one() {
    let ruling = let_in(|desk| desk.says("ModelType", "camera"));
    assert_eq!(ruling.answer.parameter_overrides["ModelType"], "camera");
    let ruling = let_in(|desk| desk.device().model = Some("sensor".to_owned()));
    assert_eq!(ruling.answer.parameter_overrides["ModelType"], "sensor");
    assert_eq!(
        ruling.device.unwrap().new_model,
        None,
        "it is known already"
    );
    let ruling = let_in(|desk| desk.device().model = Some("no attribute's value".to_owned()));
    assert_eq!(ruling.answer.parameter_overrides["ModelType"], "-");
}

#[test]
fn a_certificate_that_is_not_that_of_the_request_is_refused() {
    let unsuitable = RefusalCode::CertificateUnsuitable;
    let unreadable = |desk: &mut Desk| desk.request.certificate_pem = "no PEM".to_owned();
    assert_eq!(refused(unreadable), unsuitable);
    let another = |desk: &mut Desk| desk.request.certificate_id = CLAIM.to_owned();
    assert_eq!(refused(another), unsuitable);
}

#[test]
fn a_serial_that_is_to_come_otherwise_or_is_busy_is_refused() {
    assert_eq!(
        refused(|desk| desk.records.device = None),
        RefusalCode::SerialUnknown
    );
    let elsewhere = |desk: &mut Desk| desk.device().route = Some("certificate".to_owned());
    assert_eq!(refused(elsewhere), RefusalCode::SerialUnknown);
    let_in(|desk| desk.device().route = Some("claim".to_owned()));
    let busy = |desk: &mut Desk| desk.device().state = Some(DeviceState::Provisioning);
    assert_eq!(refused(busy), RefusalCode::ProvisioningInProgress);
    let undone = |desk: &mut Desk| desk.device().undoing = Some("release-1".to_owned());
    assert_eq!(refused(undone), RefusalCode::ProvisioningInProgress);
    let unreadable = |desk: &mut Desk| desk.device().state = None;
    assert_eq!(refused(unreadable), RefusalCode::ProvisioningFailed);
}

#[test]
fn who_asks_again_with_its_key_is_let_in_again_and_nothing_is_written_twice() {
    let mut desk = Desk::new();
    let first = desk.is_let_in();
    desk.writes(&first);
    let again = desk.is_let_in();
    assert_eq!(again.device, None);
    assert_eq!(again.answer, first.answer);
    desk.device().issued_on = "20251231".parse().ok();
    let answer = desk.is_let_in().answer;
    assert_eq!(
        answer.parameter_overrides["CertIssuance"], "20251231",
        "its certificate's day"
    );
}

#[test]
fn another_certificate_of_the_same_key_takes_the_place_of_the_one_before() {
    let mut desk = Desk::new();
    let first = desk.is_let_in();
    desk.writes(&first);
    let before = first.device.unwrap().certificate.id;
    desk.comes_with_another_certificate();
    let written = desk.is_let_in().device.unwrap();
    assert_eq!(written.certificate.id, desk.request.certificate_id);
    let expected = Before::Admitted {
        execution: "admitted".to_owned(),
        certificate_id: before,
    };
    assert_eq!(written.before, expected);
}

#[test]
fn another_key_or_another_fleet_does_not_get_a_serial_that_has_a_certificate() {
    let mut desk = Desk::new();
    let first = desk.is_let_in();
    desk.writes(&first);
    desk.device().fleet = Some("plant-8".to_owned());
    assert_eq!(desk.is_refused(), RefusalCode::AlreadyProvisioned);
    desk.device().fleet = None;
    assert_eq!(desk.is_refused(), RefusalCode::AlreadyProvisioned);
    desk.device().fleet = Some("plant-7".to_owned());
    desk.comes_with_another_key();
    assert_eq!(desk.is_refused(), RefusalCode::AlreadyProvisioned);
}

#[test]
fn a_voucher_lets_a_device_in_that_nobody_imported() {
    let written = Desk::with_voucher().is_let_in().device.unwrap();
    assert_eq!(written.before, Before::Unknown);
    assert_eq!(written.voucher, Some(muster_pki::sha256_hex(b"7QX2")));
}

#[test]
fn without_a_voucher_that_is_good_for_it_a_device_is_refused() {
    let mut desk = Desk::with_voucher();
    desk.request.parameters.remove("Voucher");
    assert_eq!(desk.is_refused(), RefusalCode::VoucherMissing);
    let changes: [&dyn Fn(&mut Desk); 5] = [
        &|desk| desk.records.voucher = None,
        &|desk| desk.voucher().fleet = "plant-8".to_owned(),
        &|desk| desk.voucher().serial = Some("sensor-2".to_owned()),
        &|desk| desk.voucher().expires_at = NOW_UNIX,
        &|desk| {
            let key = desk.key.fingerprint();
            desk.voucher().spent = Some(("sensor-2".to_owned(), key));
        },
    ];
    for change in changes {
        let mut desk = Desk::with_voucher();
        change(&mut desk);
        assert_eq!(desk.is_refused(), RefusalCode::VoucherInvalid);
    }
    let mut desk = Desk::with_voucher();
    desk.voucher().serial = Some("sensor-1".to_owned());
    desk.is_let_in();
}

#[test]
fn a_spent_voucher_is_good_for_the_key_that_spent_it_and_no_other() {
    let mut desk = Desk::with_voucher();
    let first = desk.is_let_in();
    desk.writes(&first);
    desk.comes_with_another_certificate();
    assert_eq!(
        desk.is_let_in().device.unwrap().voucher,
        None,
        "its key is enough"
    );
    desk.records.device = None;
    desk.is_let_in();
    desk.comes_with_another_key();
    assert_eq!(desk.is_refused(), RefusalCode::VoucherInvalid);
}

#[test]
fn a_voucher_opens_no_serial_that_is_anothers() {
    let mut desk = Desk::with_voucher();
    desk.device().state = Some(DeviceState::Provisioned);
    desk.device().fingerprint = Some("another".to_owned());
    desk.device().current = Some(Certificate {
        id: "another".to_owned(),
        arn: String::new(),
        der: Vec::new(),
    });
    assert_eq!(desk.is_refused(), RefusalCode::AlreadyProvisioned);
    desk.device().state = Some(DeviceState::Known);
    desk.device().route = Some("certificate".to_owned());
    assert_eq!(desk.is_refused(), RefusalCode::SerialUnknown);
}

#[test]
fn where_a_verifier_decides_it_is_named_and_without_one_nobody_is_let_in() {
    let by_verifier = |desk: &mut Desk| {
        desk.settings["admission"] = "verifier".into();
        desk.records.device = None;
    };
    assert_eq!(refused(by_verifier), RefusalCode::ProvisioningFailed);
    let ruling = let_in(|desk| {
        by_verifier(desk);
        desk.settings["verifierName"] = "plant".into();
    });
    assert_eq!(ruling.verifier.as_deref(), Some("plant"));
}

#[test]
fn a_verifier_reads_what_muster_knows_and_not_what_a_device_says_in_its_place() {
    let mut desk = Desk::new();
    desk.says("mac", "00:11");
    desk.says("thingName", "sensor-2");
    desk.says("caCertificateId", CLAIM);
    let question = Asked::read(desk.request.clone()).unwrap().question();
    assert_eq!(question["mac"], "00:11");
    assert_eq!(question["thingName"], "sensor-1");
    assert_eq!(question["templateName"], "plant-7");
    assert_eq!(question["clientId"], "sensor-1");
    assert_eq!(question["claimCertificateId"], CLAIM);
    assert_eq!(question["publicKeyFingerprint"], desk.key.fingerprint());
    assert_eq!(question["certificatePem"], desk.request.certificate_pem);
    assert!(question.get("caCertificateId").is_none(), "{question}");
}

#[test]
fn a_refusal_is_told_of_where_an_operator_looks_for_the_device() {
    let mut desk = Desk::new();
    let key = |desk: &Desk| super::super::timeline_key(&desk.request);
    assert_eq!(key(&desk), "device#sensor-1");
    desk.says("SerialNumber", "a b");
    assert_eq!(key(&desk), "client#sensor-1");
    desk.request.client_id = "*".to_owned();
    assert_eq!(key(&desk), format!("claim#{CLAIM}"));
}
