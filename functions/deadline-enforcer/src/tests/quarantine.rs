//! Devices that may connect and rotate, and nothing else.

use super::cloud::{Break, QUARANTINE, Registered};
use super::{ENFORCED, FAILED, cloud_of, held, registered, run};
use muster_onboarding::ports::{Overdue, OverdueAction};

fn noted(done: bool) -> Overdue {
    Overdue {
        action: OverdueAction::Quarantine,
        certificate_id: "cert-1".to_owned(),
        policies: ["devices", "extra"].map(str::to_owned).into(),
        done,
    }
}

fn shut_in() -> Registered {
    Registered {
        active: true,
        policies: [QUARANTINE.to_owned()].into(),
    }
}

#[tokio::test]
async fn a_device_is_shut_in_without_being_shut_out_in_between() {
    let cloud = cloud_of(1);
    assert_eq!(run(&cloud, OverdueAction::Quarantine).await, ENFORCED);
    assert_eq!(
        cloud.state().done,
        [
            "note cert-1",
            "attach quarantine",
            "detach devices",
            "detach extra",
            "confirm cert-1"
        ]
    );
    assert_eq!(registered(&cloud), shut_in());
}

#[tokio::test]
async fn wherever_it_was_broken_off_the_next_run_finishes_it_and_knows_the_policies_of_before() {
    for call in 0..5 {
        for breaks in [Break::Before(call), Break::After(call)] {
            let cloud = cloud_of(1);
            cloud.breaks(Some(breaks));
            let broken_off = run(&cloud, OverdueAction::Quarantine).await;
            assert_eq!(broken_off, FAILED, "{breaks:?}");
            cloud.breaks(None);
            run(&cloud, OverdueAction::Quarantine).await;
            held(&cloud, |held| {
                assert_eq!(held.rotation.overdue, Some(noted(true)), "{breaks:?}");
            });
            assert_eq!(registered(&cloud), shut_in(), "{breaks:?}");
            assert!(cloud.state().events.len() <= 1, "{breaks:?}");
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_in_quarantine_already_does_not_get_it_back_as_its_own() {
    let cloud = cloud_of(1);
    for certificate in cloud.state().certificates.values_mut() {
        certificate.policies.insert(QUARANTINE.to_owned());
    }
    run(&cloud, OverdueAction::Quarantine).await;
    held(&cloud, |held| {
        assert_eq!(held.rotation.overdue, Some(noted(true)));
    });
    assert_eq!(registered(&cloud), shut_in());
}

#[tokio::test]
async fn a_certificate_that_is_not_registered_is_nobody_to_shut_in() {
    for action in [OverdueAction::Quarantine, OverdueAction::Deactivate] {
        let cloud = cloud_of(1);
        cloud.state().certificates.clear();
        assert_eq!(run(&cloud, action).await, ENFORCED, "{action:?}");
        held(&cloud, |held| {
            assert!(held.rotation.overdue.as_ref().unwrap().done, "{action:?}");
        });
    }
}
