//! The main job: a device gets a certificate of its own.

use crate::player::request_unsigned;
use crate::support::{RawDevice, Stack};
use edge_client::Mode;

#[tokio::test(flavor = "multi_thread")]
async fn devices_of_both_modes_get_certificates_that_work() {
    let stack = Stack::start(&[("LegacyMode", "on")]).await;
    for (serial, mode) in [
        ("chunked-0001", Mode::Chunked),
        ("legacy-00001", Mode::Legacy),
    ] {
        stack.import(serial).await;
        // The run ends with a message that only the new certificate may publish.
        let outcome = stack.provision(serial, mode).await.unwrap();
        assert_eq!(outcome.thing_name, serial);

        let timeline = stack.timeline(serial, 1).await;
        assert_eq!(timeline[0].event, "DeviceProvisioned");
        let (device, _) = stack.show(serial).await;
        let device = device.unwrap();
        assert_eq!(device.state, "provisioned");
        assert_eq!(
            device.certificate_id.as_deref(),
            Some(outcome.certificate_id.as_str())
        );
        assert_eq!(device.pending_certificate_id, None);
        if mode == Mode::Chunked {
            assert!(
                outcome.traffic.largest_packet <= 256,
                "{:?}",
                outcome.traffic
            );
        }
    }
    assert_eq!(stack.certificates().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_lost_its_certificate_gets_the_same_one_for_the_same_key_and_nobody_else_does()
 {
    let stack = Stack::start(&[]).await;
    stack.import("sensor-00001").await;
    let key = muster_pki::DeviceKey::generate().unwrap();
    let first = deliver(&stack, "sensor-00001", &key).await;
    stack.timeline("sensor-00001", 1).await;
    let second = deliver(&stack, "sensor-00001", &key).await;
    assert_eq!(first, second, "the same key gets the same certificate");
    stack.timeline("sensor-00001", 2).await;

    let other = muster_pki::DeviceKey::generate().unwrap();
    let other = request(&other, "sensor-00001", 256);
    // The device's own public key, which its certificate shows to everybody, without the private one.
    let unsigned = request_unsigned("sensor-00001", &key);
    for (body, code) in [
        (other, "AlreadyProvisioned"),
        (unsigned, "CsrSignatureInvalid"),
    ] {
        let mut device = RawDevice::asking(&stack, "sensor-00001").await;
        device.publish("provision/sensor-00001/json", body).await;
        let refusal = device.hear().await;
        assert_eq!(refusal.topic, "provision/sensor-00001/rejected");
        assert_eq!(refusal.json()["code"], code);
        assert_eq!(stack.certificates().await, std::slice::from_ref(&first));
    }
    stack.timeline("sensor-00001", 4).await;
    let third = deliver(&stack, "sensor-00001", &key).await;
    assert_eq!(third, first, "a stranger's request changed nothing");
}

/// A request in CBOR for this key.
pub fn request(key: &muster_pki::DeviceKey, serial: &str, packet_size: i64) -> Vec<u8> {
    muster_documents::ProvisioningRequest {
        serial_number: Some(serial.to_owned()),
        csr: Some(muster_documents::CsrField::Der(
            key.csr(serial).unwrap().der().to_vec(),
        )),
        packet_size: Some(packet_size),
    }
    .to_cbor()
}

/// Plays a chunked delivery by hand, to its end; the certificate's id.
pub async fn deliver(stack: &Stack, serial: &str, key: &muster_pki::DeviceKey) -> String {
    use muster_chunking::{Answer, Progress, Reassembler};
    let mut device = RawDevice::asking(stack, serial).await;
    assert!(
        device
            .publish(
                &format!("provision/{serial}/json"),
                request(key, serial, 256)
            )
            .await
    );
    let mut reassembler = Reassembler::<2048>::new();
    loop {
        let heard = device.hear().await;
        assert!(
            heard.topic.ends_with("/accepted"),
            "{}",
            String::from_utf8_lossy(&heard.payload)
        );
        match reassembler
            .accept(&Answer::decode(&heard.payload).unwrap())
            .unwrap()
        {
            Progress::Completed => {
                let mut body = [0u8; 256];
                let length = reassembler
                    .acknowledgement()
                    .unwrap()
                    .encode(&mut body)
                    .unwrap();
                assert!(
                    device
                        .publish(&format!("provision/{serial}/ack"), &body[..length])
                        .await
                );
            }
            Progress::Activated => break,
            _ => {}
        }
    }
    muster_pki::certificate_id(reassembler.certificate().unwrap())
}
