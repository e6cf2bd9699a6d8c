//! What a device of a fleet makes of refusals.

mod support;

use muster_device::{Ending, Progress, Refused};
use std::time::Duration;
use support::fleet_cloud::{FleetCloud, Manner};
use support::fleet_desk::FleetDesk;
use support::world::SERIAL;

const SECOND: Duration = Duration::from_secs(1);

fn cloud() -> FleetCloud {
    FleetCloud::new(SERIAL)
}

fn registering(cloud: FleetCloud) -> FleetDesk {
    let mut desk = FleetDesk::new(cloud);
    desk.connect();
    desk.answer();
    desk
}

fn refused(desk: &FleetDesk) -> Refused {
    match desk.ending() {
        Some(Ending::Refused(refused)) => refused,
        _ => panic!("{:?}", desk.actions),
    }
}

#[test]
fn a_device_that_the_hook_refuses_is_told_where_the_reason_is() {
    let mut desk = registering(FleetCloud {
        rejections: vec![(403, "AccessDenied")],
        ..cloud()
    });
    desk.answer();
    let refused = refused(&desk);
    assert_eq!(refused.code, "AccessDenied");
    let expected = "The cloud refused this serial, model, voucher or client id. It tells devices no reason; the \
                    operator sees it with `muster device show SERIAL`.";
    assert!(refused.message.starts_with(expected), "{}", refused.message);
}

#[test]
fn a_hook_that_failed_is_asked_again_later_each_time_with_the_same_token() {
    let mut desk = registering(FleetCloud {
        rejections: vec![(400, "InvocationError"), (400, "InvalidResult"), (429, "")],
        ..cloud()
    });
    let asked = desk.published();
    let mut longest = Duration::ZERO;
    for _ in 0..3 {
        desk.answer();
        let told = desk.told();
        assert!(
            matches!(
                told[0],
                Progress::Refused {
                    retryable: true,
                    ..
                }
            ),
            "{told:?}"
        );
        longest = longest.max(desk.wait());
        assert_eq!(desk.published(), asked);
    }
    assert!(longest > 5 * SECOND);
    desk.answer();
    desk.prove();
}

#[test]
fn a_refusal_for_good_after_a_lost_answer_counts_only_if_the_certificate_does_not_work() {
    let strict = || FleetCloud {
        lost_answers: 1,
        ..cloud()
    };
    let mut desk = registering(strict());
    desk.answer();
    desk.cloud.rejections.push((403, "AccessDenied"));
    desk.wait();
    desk.answer();
    desk.prove();

    // The question may have been asked before the device was last switched off.
    let mut desk = registering(strict());
    desk.answer();
    let mut desk = desk.rebooted();
    desk.cloud.rejections.push((403, "AccessDenied"));
    desk.connect();
    desk.answer();
    desk.prove();

    let mut desk = registering(strict());
    desk.cloud.rejections.push((403, "AccessDenied"));
    desk.wait();
    desk.answer();
    desk.refuse_its_own();
    assert_eq!(refused(&desk).code, "AccessDenied");
    assert!(desk.held.pending.is_some(), "what is held is kept");
}

#[test]
fn a_thing_that_is_not_called_by_its_serial_is_no_success() {
    for thing_name in [Some("another".to_owned()), None] {
        let mut desk = registering(FleetCloud {
            thing_name,
            ..cloud()
        });
        desk.answer();
        let refused = refused(&desk);
        assert!(refused.message.contains("SN-1"), "{}", refused.message);
        assert!(refused.message.contains("by the parameter SerialNumber"));
    }
}

#[test]
fn a_csr_that_the_cloud_does_not_take_ends_it() {
    let mut desk = FleetDesk::new(FleetCloud {
        from_csr: Manner::Rejects(400, "InvalidCertificateSigningRequest"),
        ..cloud()
    });
    desk.connect();
    desk.answer();
    assert_eq!(refused(&desk).code, "InvalidCertificateSigningRequest");
}

#[test]
fn a_claim_certificate_that_may_ask_for_nothing_ends_it_with_what_to_allow() {
    let mut desk = FleetDesk::new(FleetCloud {
        from_csr: Manner::Rejects(403, "AccessDenied"),
        with_key: Manner::Rejects(403, "AccessDenied"),
        ..cloud()
    });
    desk.connect();
    desk.answer();
    desk.subscribe();
    desk.answer();
    assert!(refused(&desk).message.contains("$aws/certificates/create"));
}

#[test]
fn a_busy_cloud_is_asked_for_a_certificate_again() {
    let mut desk = FleetDesk::new(FleetCloud {
        from_csr: Manner::Rejects(429, "Throttled"),
        ..cloud()
    });
    desk.connect();
    desk.answer();
    desk.cloud.from_csr = Manner::Answers;
    desk.wait();
    desk.answer();
    desk.answer();
    desk.prove();
}

#[test]
fn without_success_the_device_gives_up_for_now_and_holds_what_it_has() {
    let mut desk = registering(cloud());
    desk.cloud.rejections = vec![(500, "InternalFailure"); 100];
    while desk.ending().is_none() {
        if desk.published().is_some() {
            desk.answer();
        }
        desk.wait();
    }
    let Some(Ending::GaveUp { because }) = desk.ending() else {
        panic!("{:?}", desk.ending())
    };
    assert!(because.contains("InternalFailure"), "{because}");
    assert_eq!(desk.now, Duration::from_mins(10));
    desk.cloud.rejections.clear();
    let mut desk = desk.rebooted();
    desk.connect();
    desk.answer();
    desk.prove();
    assert_eq!(desk.cloud.made.len(), 1);
}
