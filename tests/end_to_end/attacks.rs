//! A second holder of a claim certificate, and a device that has its own, against the first one.
//!
//! Every holder of a claim certificate can take any ordinary client id: what is kept from it is what others are
//! sent, and, in chunked mode, it never gains a key. What AWS IoT's policies refuse and the emulator's cannot
//! (`${*}` inside a client id) is held by the checks of the policies' text.

use crate::provisioning::{deliver, request};
use crate::support::{Attacker, Identity, RawDevice, Stack, Version};
use edge_client::Mode;
use muster_chunking::{Acknowledgement, Answer, MissingSet, Progress, Reassembler};
use muster_pki::DeviceKey;
use secrecy::ExposeSecret;

const VERSIONS: [Version; 2] = [Version::V311, Version::V5];

/// A claim certificate of the attacker's own.
async fn second_claim(stack: &Stack) -> (String, Identity) {
    let claim = stack
        .target
        .claims()
        .unwrap()
        .create("second", 0)
        .await
        .unwrap();
    let key_pem = claim.private_key_pem.expose_secret().to_owned();
    (
        claim.certificate_id,
        Identity {
            certificate_pem: claim.certificate_pem,
            key_pem,
        },
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_claim_holder_hears_nothing_of_what_others_are_sent() {
    let stack = Stack::start(&[("LegacyMode", "on")]).await;
    let (_, claim) = second_claim(&stack).await;
    let mut listening = Vec::new();
    // As `${iot:ClientId}` in the policy each of these would open the answers of every device, a legacy device's
    // private key among them: `*`, `?`, `v*` and `??????` as the policy's wildcards, `+` and `#` as the filter's.
    for client_id in ["+", "#", "*", "?", "v*", "??????"] {
        for version in VERSIONS {
            let Some(mut attacker) =
                Attacker::connect(&stack, version, client_id, &claim, None).await
            else {
                continue;
            };
            for filter in filters(client_id) {
                attacker.subscribe(&filter).await;
            }
            listening.push((format!("{client_id} {version:?}"), attacker));
        }
    }
    // With an ordinary client id the same filters would gain the same. MQTT 3.1.1 closes at a refused one, so each
    // has a connection of its own.
    for (number, filter) in filters("sniffer").iter().enumerate() {
        for version in VERSIONS {
            let client_id = format!("sniffer-{number}");
            let attacker = Attacker::connect(&stack, version, &client_id, &claim, None).await;
            let mut attacker = attacker.expect("an ordinary client id may connect");
            if attacker.subscribe(filter).await {
                listening.push((format!("{filter} {version:?}"), attacker));
            }
        }
    }
    for (serial, mode) in [("victim", Mode::Chunked), ("vector", Mode::Legacy)] {
        stack.import(serial).await;
        stack.provision(serial, mode).await.unwrap();
    }
    for (who, attacker) in &mut listening {
        let topics: Vec<_> = attacker
            .heard()
            .iter()
            .map(|heard| heard.topic.clone())
            .collect();
        assert!(topics.is_empty(), "{who} heard {topics:?}");
    }
    let listening: Vec<_> = listening.into_iter().map(|(who, _)| who).collect();
    assert!(listening.is_empty(), "these were let in: {listening:?}");
    nothing_can_be_said_for_others(&stack, &claim).await;
    a_claim_that_is_revoked_connects_no_more(&stack).await;
}

/// What may catch the answers to `victim` and `vector`.
fn filters(client_id: &str) -> Vec<String> {
    let mut filters: Vec<String> = [
        "#",
        "+/+/+",
        "provision/#",
        "provision/+/accepted",
        "provision/victim/accepted",
        "provision/vector/accepted",
        "provision/vector/#",
        "provision/*/accepted",
        "provision/v*/accepted",
        "$share/thieves/provision/+/accepted",
        "$share/thieves/provision/vector/accepted",
        "$aws/events/#",
        "devices/#",
    ]
    .map(str::to_owned)
    .to_vec();
    filters.push(format!("provision/{client_id}/accepted/#"));
    if client_id.len() < 7 {
        filters.push(format!("provision/{client_id}/accepted"));
    }
    filters
}

/// Messages that would ask, acknowledge or answer in the victim's name, announce its connection, or speak as a
/// device; retained ones, which would wait for the victim; and wills, which the broker itself would publish.
async fn nothing_can_be_said_for_others(stack: &Stack, claim: &Identity) {
    let mut victim = RawDevice::asking(stack, "victim").await;
    let topics = [
        "provision/victim/json",
        "provision/victim/ack",
        "provision/victim/accepted",
        "provision/victim/rejected",
        "provision/liar/accepted",
        "$aws/events/presence/connected/vector",
        "$aws/rules/anything",
        "$aws/things/vector/shadow/update",
        "devices/vector/hello",
        "devices/liar/hello",
    ];
    for version in VERSIONS {
        for topic in topics {
            for retain in [false, true] {
                let mut liar = Attacker::connect(stack, version, "liar", claim, None)
                    .await
                    .unwrap();
                assert!(
                    !liar.publish(topic, b"x", retain).await,
                    "{topic} was taken from {version:?}"
                );
            }
            let will = Attacker::connect(stack, version, "liar", claim, Some((topic, "x"))).await;
            assert!(
                will.is_none(),
                "a will on {topic} was taken from {version:?}"
            );
        }
        // On its own topic it may ask, but leave nothing lying there.
        let mut liar = Attacker::connect(stack, version, "liar", claim, None)
            .await
            .unwrap();
        assert!(
            !liar.publish("provision/liar/json", b"{}", true).await,
            "{version:?}"
        );
    }
    assert!(victim.heard_so_far().is_empty());
}

/// Whoever loses a claim certificate can end its use.
async fn a_claim_that_is_revoked_connects_no_more(stack: &Stack) {
    let (id, claim) = second_claim(stack).await;
    assert!(
        Attacker::connect(stack, Version::V5, "sensor-1", &claim, None)
            .await
            .is_some()
    );
    stack.target.claims().unwrap().revoke(&id).await.unwrap();
    for version in VERSIONS {
        assert!(
            Attacker::connect(stack, version, "sensor-1", &claim, None)
                .await
                .is_none(),
            "{version:?}"
        );
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one victim, and one attempt after the other"
)]
#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_a_devices_client_id_or_serial_or_certificate_gains_no_use_of_it() {
    let stack = Stack::start(&[]).await;
    for serial in ["victim", "vector"] {
        stack.import(serial).await;
    }
    let (_, claim) = second_claim(&stack).await;
    let (key, mut reassembler) = (DeviceKey::generate().unwrap(), Reassembler::<2048>::new());
    let mut victim = RawDevice::asking(&stack, "victim").await;
    assert!(
        victim
            .publish("provision/victim/json", request(&key, "victim", 256))
            .await
    );
    while !matches!(
        hear(&mut victim, &mut reassembler).await,
        Progress::Completed
    ) {}
    let certificate = reassembler.certificate().unwrap().to_vec();
    let certificate_pem = muster_pki::der_to_pem("CERTIFICATE", &certificate);
    let own = Identity {
        certificate_pem: certificate_pem.clone(),
        key_pem: key.pem().expose_secret().to_owned(),
    };

    // Not acknowledged yet, so without a policy: whoever stole key and certificate would gain the device's place.
    assert!(
        Attacker::connect(&stack, Version::V5, "victim", &own, None)
            .await
            .is_none()
    );

    // The known serial with another key would gain the device's name.
    let mut impostor = RawDevice::asking(&stack, "impostor").await;
    let others = DeviceKey::generate().unwrap();
    assert!(
        impostor
            .publish("provision/impostor/json", request(&others, "victim", 256))
            .await
    );
    assert_eq!(
        impostor.hear().await.json()["code"],
        "ProvisioningInProgress"
    );

    // With the victim's own client id it hears what the victim would: here the notice that it works, after
    // acknowledging in its name, and the certificate, which is public. The key was never sent.
    let mut twin = Attacker::connect(&stack, Version::V311, "victim", &claim, None)
        .await
        .unwrap();
    for topic in ["provision/victim/accepted", "provision/victim/rejected"] {
        assert!(twin.subscribe(topic).await);
    }
    assert!(
        twin.publish(
            "provision/victim/ack",
            &acknowledgement(&reassembler, &[0, 1, 2, 3]),
            false
        )
        .await
    );
    let mut stolen = Reassembler::<2048>::new();
    stolen
        .accept(&Answer::Manifest(*reassembler.manifest().unwrap()))
        .unwrap();
    while stolen.certificate().is_none() {
        stolen
            .accept(&Answer::decode(&twin.hear().await.payload).unwrap())
            .unwrap();
    }
    assert_eq!(stolen.certificate(), Some(&certificate[..]));
    assert!(
        twin.publish(
            "provision/victim/ack",
            &acknowledgement(&reassembler, &[]),
            false
        )
        .await
    );
    stack.timeline("victim", 2).await;
    assert!(
        twin.heard()
            .iter()
            .all(|heard| !heard.text().contains("PRIVATE KEY"))
    );
    let thief = Identity {
        certificate_pem,
        key_pem: others.pem().expose_secret().to_owned(),
    };
    assert!(
        Attacker::connect(&stack, Version::V5, "victim", &thief, None)
            .await
            .is_none()
    );
    drop(twin);

    // The victim asks again with its key and ends well, with the same certificate.
    assert_eq!(
        deliver(&stack, "victim", &key).await,
        muster_pki::certificate_id(&certificate)
    );
    assert!(
        impostor
            .publish("provision/impostor/json", request(&others, "victim", 256))
            .await
    );
    assert_eq!(impostor.hear().await.json()["code"], "AlreadyProvisioned");
    assert_eq!(
        stack.certificates().await.len(),
        2,
        "the victim's and the second claim's"
    );
    a_device_keeps_to_its_own(&stack, &own).await;
}

async fn hear(device: &mut RawDevice, reassembler: &mut Reassembler<2048>) -> Progress {
    let heard = device.hear().await;
    reassembler
        .accept(&Answer::decode(&heard.payload).unwrap())
        .unwrap()
}

fn acknowledgement(reassembler: &Reassembler<2048>, missing: &[u16]) -> Vec<u8> {
    let mut set = MissingSet::new();
    for index in missing {
        set.insert(*index);
    }
    let mut body = vec![0; Acknowledgement::MAX_LENGTH];
    let delivery = reassembler.manifest().unwrap().delivery();
    let length = Acknowledgement::new(delivery, set)
        .encode(&mut body)
        .unwrap();
    body.truncate(length);
    body
}

/// A device that is taken over would gain another's name, messages, or a way back into provisioning.
async fn a_device_keeps_to_its_own(stack: &Stack, own: &Identity) {
    for version in VERSIONS {
        for other in ["vector", "victim2", "*", "+"] {
            assert!(
                Attacker::connect(stack, version, other, own, None)
                    .await
                    .is_none(),
                "{other} {version:?}"
            );
        }
        let connect = || async {
            Attacker::connect(stack, version, "victim", own, None)
                .await
                .unwrap()
        };
        let mut device = connect().await;
        assert!(device.subscribe("devices/victim/orders").await);
        assert!(device.publish("devices/victim/hello", b"x", false).await);
        for filter in [
            "devices/#",
            "devices/+/orders",
            "devices/vector/orders",
            "provision/victim/accepted",
            "#",
        ] {
            assert!(
                !connect().await.subscribe(filter).await,
                "{filter} {version:?}"
            );
        }
        for topic in [
            "devices/vector/hello",
            "provision/victim/json",
            "$aws/things/vector/shadow/update",
        ] {
            assert!(
                !connect().await.publish(topic, b"x", false).await,
                "{topic} {version:?}"
            );
        }
    }
}
