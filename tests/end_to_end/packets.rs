//! What goes down to a device that takes little at a time, and what it gets when some of it is lost.

use crate::provisioning::{deliver, request};
use crate::support::{Heard, RawDevice, Refused, Stack};
use muster_chunking::{Acknowledgement, Answer, MissingSet, Reassembler, publish_packet_size};
use muster_pki::DeviceKey;

/// A device that does what a test says, and counts what it is sent.
struct Chunked {
    serial: String,
    key: DeviceKey,
    device: RawDevice,
    reassembler: Reassembler<2048>,
    /// Whole PUBLISH packets, in bytes.
    packets: Vec<usize>,
}

/// What came, as far as a test asks.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Came {
    Manifest,
    Chunk(u16),
    Activated,
}

impl Chunked {
    async fn asking(stack: &Stack, serial: &str, packet_size: i64) -> Self {
        stack.import(serial).await;
        let key = DeviceKey::generate().unwrap();
        let mut device = RawDevice::asking(stack, serial).await;
        assert!(
            device
                .publish(
                    &format!("provision/{serial}/json"),
                    request(&key, serial, packet_size)
                )
                .await
        );
        let serial = serial.to_owned();
        Self {
            serial,
            key,
            device,
            reassembler: Reassembler::new(),
            packets: Vec::new(),
        }
    }

    async fn hear_raw(&mut self) -> Heard {
        let heard = self.device.hear().await;
        self.packets
            .push(publish_packet_size(heard.topic.len(), heard.payload.len()));
        assert!(heard.topic.ends_with("/accepted"), "{}", heard.text());
        heard
    }

    /// Hears one answer; keeps it unless it is a chunk that gets lost.
    async fn hear(&mut self, lost: &[u16]) -> Came {
        let heard = self.hear_raw().await;
        let answer = Answer::decode(&heard.payload).unwrap();
        let came = match &answer {
            Answer::Manifest(_) => Came::Manifest,
            Answer::Chunk(chunk) => Came::Chunk(chunk.index()),
            Answer::Activated(_) => Came::Activated,
        };
        if !matches!(came, Came::Chunk(index) if lost.contains(&index)) {
            self.reassembler.accept(&answer).unwrap();
        }
        came
    }

    /// Hears the manifest and each chunk once.
    async fn hear_all(&mut self, lost: &[u16]) -> u16 {
        let mut came = vec![self.hear(lost).await];
        let count = self
            .reassembler
            .manifest()
            .expect("the manifest comes first")
            .count();
        for _ in 0..count {
            came.push(self.hear(lost).await);
        }
        came.sort();
        let all = std::iter::once(Came::Manifest).chain((0..count).map(Came::Chunk));
        assert_eq!(came, all.collect::<Vec<_>>(), "{}", self.serial);
        count
    }

    /// Says which chunks are missing, truly or not.
    async fn acknowledge(&mut self, missing: &[u16]) {
        let mut set = MissingSet::new();
        for index in missing {
            assert!(set.insert(*index));
        }
        let delivery = self.reassembler.manifest().unwrap().delivery();
        let mut body = [0; Acknowledgement::MAX_LENGTH];
        let length = Acknowledgement::new(delivery, set)
            .encode(&mut body)
            .unwrap();
        assert!(
            self.device
                .publish(&format!("provision/{}/ack", self.serial), &body[..length])
                .await
        );
    }

    /// Acknowledges the whole certificate; the next and only answer is that it works now.
    async fn complete(&mut self) -> String {
        let certificate = self
            .reassembler
            .certificate()
            .expect("the whole certificate")
            .to_vec();
        self.acknowledge(&[]).await;
        assert_eq!(self.hear(&[]).await, Came::Activated);
        muster_pki::certificate_id(&certificate)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_packet_down_to_a_device_is_within_the_size_that_it_asked_for() {
    let stack = Stack::start(&[]).await;
    let mut devices = Vec::new();
    let mut refused = Vec::new();
    for size in [128, 200, 256, 1024, 4096] {
        devices.push((
            size,
            Chunked::asking(&stack, &format!("sized-{size:06}"), size).await,
        ));
        // Nobody knows the serial, and its name does not make the refusal shorter.
        let client_id = format!("stranger-{size:04}");
        let mut stranger = RawDevice::asking(&stack, &client_id).await;
        let body = request(&DeviceKey::generate().unwrap(), &client_id, size);
        assert!(
            stranger
                .publish(&format!("provision/{client_id}/json"), body)
                .await
        );
        refused.push((size, client_id, stranger));
    }
    let mut counts = Vec::new();
    for (size, mut device) in devices {
        counts.push(device.hear_all(&[]).await);
        device.complete().await;
        let largest = *device.packets.iter().max().unwrap();
        assert!(
            largest <= usize::try_from(size).unwrap(),
            "{largest} > {size}"
        );
    }
    assert!(
        counts.is_sorted_by(|more, fewer| more >= fewer),
        "larger packets take fewer: {counts:?}"
    );
    assert!(counts[0] > 1 && counts[4] == 1, "{counts:?}");
    for (size, client_id, mut stranger) in refused {
        let packet_size = usize::try_from(size).unwrap();
        let refused = Refused {
            packet_size,
            ..Refused::new("SerialUnknown")
        };
        refused.check(&client_id, &stranger.hear().await);
    }
    what_is_lost_is_sent_again(&stack).await;
}

/// Three devices at once: one loses chunks, one reboots, one has got its chunks mixed up with another delivery's.
async fn what_is_lost_is_sent_again(stack: &Stack) {
    let mut lossy = Chunked::asking(stack, "lossy-000001", 128).await;
    let mut rebooting = Chunked::asking(stack, "rebooting-01", 128).await;
    let mut confused = Chunked::asking(stack, "confused-001", 256).await;

    assert!(lossy.hear_all(&[1, 3]).await > 3);
    lossy.acknowledge(&[1, 3]).await;
    let again = [lossy.hear(&[]).await, lossy.hear(&[3]).await];
    assert_eq!(
        again,
        [Came::Chunk(1), Came::Chunk(3)],
        "only what is missing comes again"
    );
    lossy.acknowledge(&[3]).await;
    assert_eq!(lossy.hear(&[]).await, Came::Chunk(3));
    lossy.complete().await;

    assert_eq!(rebooting.hear(&[]).await, Came::Manifest);
    let promised = hex(rebooting.reassembler.manifest().unwrap().digest());
    rebooting.hear(&[]).await;
    let Chunked {
        serial,
        key,
        device,
        ..
    } = rebooting;
    drop(device);
    assert_eq!(
        deliver(stack, &serial, &key).await,
        promised,
        "after a reboot the same key gets the same certificate"
    );

    let count = confused.hear_all(&[]).await;
    confused.acknowledge(&[0, count]).await;
    confused.hear_all(&[]).await;
    confused.acknowledge(&[127]).await;
    confused.hear_all(&[]).await;
    confused.complete().await;

    assert_eq!(
        stack.certificates().await.len(),
        8,
        "one certificate for each device"
    );
}

fn hex(digest: &[u8; 32]) -> String {
    use std::fmt::Write;
    digest.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
