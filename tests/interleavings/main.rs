//! Rotation, whatever comes in whatever order: the functions' own rules, driven over a ledger and an AWS IoT in memory.
//!
//! Presence events come twice, late and out of order; runs are repeated and missed; any call may fail, and two functions may
//! be at the same device at once. The model asserts at each call that the certificate in force lets the device in.

mod cloud;
mod device;
mod iot;
mod ledger;
mod world;

use proptest::prelude::*;
use world::{Act, World};

/// How the functions that are under way at the same time take turns.
fn delays() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0..4u8, 0..24)
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => Just(Act::Order),
        6 => Just(Act::Ask),
        6 => Just(Act::Connect),
        6 => any::<prop::sample::Index>().prop_map(Act::Deliver),
        3 => any::<prop::sample::Index>().prop_map(Act::DeliverAgain),
        2 => any::<prop::sample::Index>().prop_map(Act::Lose),
        6 => (0..20i64).prop_map(Act::Run),
        2 => Just(Act::RunAgain),
        4 => (0..8u8, any::<bool>()).prop_map(|(after, made)| Act::Break { after, made }),
        4 => (any::<prop::sample::Index>(), 0..20i64, delays())
            .prop_map(|(event, days, delays)| Act::DeliverWhileRunning { event, days, delays }),
        4 => (any::<prop::sample::Index>(), any::<prop::sample::Index>(), delays())
            .prop_map(|(one, other, delays)| Act::DeliverBoth { one, other, delays }),
        4 => (any::<prop::sample::Index>(), delays())
            .prop_map(|(event, delays)| Act::DeliverWhileAsking { event, delays }),
    ]
}

fn driven(acts: Vec<Act>, orderly: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut world = World::new();
        for act in acts {
            world.act(act, orderly).await;
        }
        world.settles().await;
        if orderly {
            world.assert_that_the_device_lives();
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_certificate_in_force_is_active_and_in_the_end_no_other(
        acts in prop::collection::vec(act(), 0..40)
    ) {
        driven(acts, false);
    }

    #[test]
    fn a_device_whose_connections_are_heard_of_on_their_day_is_never_shut_out(
        acts in prop::collection::vec(act(), 0..40)
    ) {
        driven(acts, true);
    }
}
