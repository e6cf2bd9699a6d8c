use super::*;
use crate::fleets::desk::{CLAIM, Desk, NOW, TERMS, certificate_of};
use crate::ledger::FleetState;
use muster_pki::{DeviceKey, pem_to_der};

/// A device that has had its certificate for so many days, and asks to renew it.
struct Member {
    desk: Desk,
    thing: RotatingThing,
}

impl Member {
    fn of_days(days: i64) -> Self {
        let mut desk = Desk::new();
        let issued_on = Day::of(NOW).plus(-days);
        desk.request.template_arn += "-rotation";
        let (id, pem) = certificate_of(&DeviceKey::generate().unwrap());
        desk.request.claim_certificate_id.clone_from(&id);
        *desk.device() = HeldDevice {
            state: Some(DeviceState::Provisioned),
            current: Some(certificate(&id, &pem)),
            fleet: Some("plant-7".to_owned()),
            issued_on: Some(issued_on),
            ..HeldDevice::default()
        };
        Self {
            desk,
            thing: RotatingThing {
                attached: true,
                issued_on: Some(issued_on),
            },
        }
    }

    fn asks(&self) -> Result<RotationRuling, Refusal> {
        rule_rotation(&self.desk.asked()?, &self.desk.told(), self.thing, &TERMS)
    }

    fn gets_one(&self) -> NextCertificate {
        match self.asks().unwrap() {
            RotationRuling::Next {
                write: Some(next),
                answer,
            } => {
                assert!(answer.allow_provisioning);
                *next
            }
            other => panic!("{other:?}"),
        }
    }

    fn is_refused(&self) -> RefusalCode {
        self.asks().expect_err("it was given one").code
    }
}

fn certificate(id: &str, pem: &str) -> Certificate {
    Certificate {
        id: id.to_owned(),
        arn: format!("arn:cert/{id}"),
        der: pem_to_der(pem).unwrap(),
    }
}

#[test]
fn a_certificate_is_renewed_from_the_day_on_which_it_is_old_enough() {
    assert_eq!(
        Member::of_days(364).is_refused(),
        RefusalCode::RotationNotDue
    );
    let member = Member::of_days(365);
    let next = member.gets_one();
    assert_eq!(next.in_force, member.desk.request.claim_certificate_id);
    assert_eq!(next.certificate.id, member.desk.request.certificate_id);
    assert_eq!(next.fingerprint, member.desk.key.fingerprint());
    assert_eq!(next.replaced, None);
    assert_eq!(next.undo_on.to_string(), "20260115");
    assert_eq!(next.delete_on.to_string(), "20260131");
}

#[test]
fn only_the_serial_is_told_to_the_template() {
    let RotationRuling::Next { answer, .. } = Member::of_days(400).asks().unwrap() else {
        panic!("it was given one")
    };
    let told: Vec<_> = answer.parameter_overrides.into_iter().collect();
    assert_eq!(told, [("SerialNumber".to_owned(), "sensor-1".to_owned())]);
}

#[test]
fn a_rotation_is_due_early_where_the_device_was_notified_or_it_was_ordered() {
    let mut notified = Member::of_days(1);
    notified.desk.device().rotation.asked_since = Some(Day::of(NOW));
    notified.gets_one();
    let mut ordered = Member::of_days(1);
    ordered.desk.device().rotation.ordered = true;
    ordered.gets_one();
}

#[test]
fn a_date_that_was_edited_by_hand_counts_at_once() {
    let mut edited = Member::of_days(1);
    edited.thing.issued_on = "20180630".parse().ok();
    edited.gets_one();
    let mut unknown = Member::of_days(1);
    unknown.desk.device().issued_on = None;
    assert_eq!(unknown.is_refused(), RefusalCode::RotationNotDue);
    unknown.thing.issued_on = None;
    unknown.gets_one();
}

#[test]
fn the_thing_is_not_believed_before_it_has_the_date_of_the_new_certificate() {
    let mut rotated = Member::of_days(0);
    rotated.thing.issued_on = "20180630".parse().ok();
    rotated.desk.device().rotation.retiring = Some("the one before".to_owned());
    assert_eq!(rotated.is_refused(), RefusalCode::RotationNotDue);
}

#[test]
fn who_rotates_without_having_been_asked_is_asked_from_that_day_until_it_has_shown_it() {
    // Nobody knows how old its certificate is: no run would find it.
    let mut unasked = Member::of_days(400);
    unasked.desk.device().issued_on = None;
    assert_eq!(unasked.gets_one().ask_on, Some(Day::of(NOW)));
    // Whom the runs ask every day is not asked a second time on this one.
    let mut asked = Member::of_days(400);
    asked.desk.device().rotation.asked_since = Some(Day::of(NOW).plus(-1));
    assert_eq!(asked.gets_one().ask_on, None);
}

#[test]
fn a_device_renews_its_own_certificate_alone() {
    let refused = |change: fn(&mut Member)| {
        let mut member = Member::of_days(400);
        change(&mut member);
        member.is_refused()
    };
    let code = RefusalCode::CertificateNotOfDevice;
    // A claim certificate, or another device's, that names this serial.
    assert_eq!(
        refused(|member| member.desk.request.claim_certificate_id = CLAIM.to_owned()),
        code
    );
    assert_eq!(refused(|member| member.thing.attached = false), code);
    assert_eq!(
        refused(|member| member.desk.device().fleet = Some("plant-8".to_owned())),
        code
    );
    assert_eq!(refused(|member| member.desk.device().fleet = None), code);
    assert_eq!(
        refused(|member| member.desk.device().state = Some(DeviceState::Known)),
        code
    );
    assert_eq!(refused(|member| member.desk.records.device = None), code);
    assert_eq!(
        refused(|member| {
            member.desk.request.parameters.clear();
        }),
        RefusalCode::SerialMalformed
    );
}

#[test]
fn a_fleet_that_is_not_there_rotates_nothing() {
    let mut member = Member::of_days(400);
    member.desk.records.fleet.as_mut().unwrap().state = Some(FleetState::Removing);
    assert_eq!(member.is_refused(), RefusalCode::ProvisioningInProgress);
    member.desk.records.fleet = None;
    assert_eq!(member.is_refused(), RefusalCode::FleetUnknown);
}

#[test]
fn a_device_that_is_being_released_is_given_nothing() {
    let mut member = Member::of_days(400);
    member.desk.device().undoing = Some("release".to_owned());
    assert_eq!(member.is_refused(), RefusalCode::ProvisioningInProgress);
}

#[test]
fn the_same_certificate_again_is_the_same_answer_and_another_takes_its_place() {
    let mut member = Member::of_days(400);
    let first = member.gets_one();
    member.desk.device().rotation.next = Some(first.certificate.clone());
    let again = member.asks().unwrap();
    assert!(
        matches!(again, RotationRuling::Next { write: None, .. }),
        "{again:?}"
    );
    member.desk.comes_with_another_key();
    let second = member.gets_one();
    assert_eq!(second.replaced, Some(first.certificate.id));
    assert_eq!(second.in_force, first.in_force);
}

#[test]
fn a_device_that_asks_with_its_next_certificate_has_proven_it() {
    let mut member = Member::of_days(400);
    let next = member.gets_one().certificate;
    member
        .desk
        .request
        .claim_certificate_id
        .clone_from(&next.id);
    assert_eq!(member.is_refused(), RefusalCode::CertificateNotOfDevice);
    member.desk.device().rotation.next = Some(next);
    assert_eq!(member.asks().unwrap(), RotationRuling::Proven);
    // Detached from its thing it proves nothing.
    member.thing.attached = false;
    assert_eq!(member.is_refused(), RefusalCode::CertificateNotOfDevice);
}
