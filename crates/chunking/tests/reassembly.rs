//! A device puts its certificate together from whatever comes, in whatever order.

mod common;

use common::{Device, accept, certificate, chunks, delivery, device_with, payload};
use muster_chunking::{Acknowledgement, Answer, Manifest, MissingSet, Progress, ReassemblyError};

#[test]
fn chunks_in_any_order_make_the_certificate() {
    let (mut device, manifest, certificate) = device_with(&[3, 1, 0]);
    assert_eq!(device.certificate(), None, "not before the last chunk");
    let last = chunks(&manifest, [2], &certificate);
    assert_eq!(accept(&mut device, &last[0]), Ok(Progress::Completed));
    assert_eq!(device.certificate(), Some(certificate.as_slice()));
    assert!(device.acknowledgement().unwrap().is_complete());
}

#[test]
fn only_what_is_missing_is_asked_for_and_sent_again() {
    let (mut device, manifest, certificate) = device_with(&[0, 2]);
    let acknowledgement = device.acknowledgement().unwrap();
    assert_eq!(acknowledgement.missing(), MissingSet::from_iter([1, 3]));
    let again = chunks(&manifest, acknowledgement.missing().iter(), &certificate);
    assert_eq!(again.len(), 2);
    for chunk in &again {
        accept(&mut device, chunk).unwrap();
    }
    assert_eq!(device.certificate(), Some(certificate.as_slice()));
}

#[test]
fn duplicates_change_nothing() {
    let (mut device, manifest, certificate) = device_with(&[0, 2]);
    let before = device.missing();
    assert_eq!(
        device.accept(&Answer::Manifest(manifest)),
        Ok(Progress::Ignored)
    );
    for chunk in chunks(&manifest, [0, 2], &certificate) {
        assert_eq!(accept(&mut device, &chunk), Ok(Progress::Ignored));
    }
    assert_eq!(device.missing(), before);
}

#[test]
fn without_a_manifest_there_is_nothing_to_acknowledge() {
    let (_, manifest, certificate) = device_with(&[]);
    let mut device = Device::new();
    for chunk in chunks(&manifest, 0..4, &certificate) {
        assert_eq!(accept(&mut device, &chunk), Ok(Progress::Ignored));
    }
    assert_eq!(device.acknowledgement(), None);
    assert_eq!(device.missing(), None);
}

#[test]
fn only_a_complete_certificates_own_activation_counts() {
    let (mut device, manifest, certificate) = device_with(&[0, 1, 2]);
    let activated = Answer::Activated(manifest.delivery());
    assert_eq!(
        device.accept(&activated),
        Ok(Progress::Ignored),
        "not complete yet"
    );
    accept(&mut device, &chunks(&manifest, [3], &certificate)[0]).unwrap();
    let other = Answer::Activated((manifest.delivery().number() ^ 1).into());
    assert_eq!(
        device.accept(&other),
        Ok(Progress::Ignored),
        "another delivery's"
    );
    assert_eq!(device.accept(&activated), Ok(Progress::Activated));
}

#[test]
fn a_complete_certificate_is_not_touched_by_late_chunks() {
    let (mut device, manifest, certificate) = device_with(&[0, 1, 2, 3]);
    for room in [50, 200, 655] {
        let other_cut = Manifest::new(&certificate, room).unwrap();
        for chunk in chunks(&other_cut, 0..other_cut.count(), &certificate) {
            assert_eq!(accept(&mut device, &chunk), Ok(Progress::Ignored));
        }
    }
    let forged = [
        &[0x84, 1, 0x1a],
        &manifest.delivery().number().to_be_bytes()[..],
        &[0, 0x41, 0xff],
    ];
    assert_eq!(accept(&mut device, &forged.concat()), Ok(Progress::Ignored));
    assert_eq!(device.certificate(), Some(certificate.as_slice()));
}

#[test]
fn another_deliverys_chunks_are_not_mixed_in() {
    let (mut device, _, _) = device_with(&[0, 2]);
    let before = device.missing();
    let other = certificate(655, 2);
    let manifest = Manifest::new(&other, 200).unwrap();
    for chunk in chunks(&manifest, 0..4, &other) {
        assert_eq!(accept(&mut device, &chunk), Ok(Progress::Ignored));
    }
    assert_eq!(device.missing(), before);
}

#[test]
fn another_certificate_starts_over() {
    let (mut device, _, _) = device_with(&[0, 1, 2]);
    let other = certificate(400, 2);
    let manifest = Manifest::new(&other, 200).unwrap();
    let steps: Vec<_> = delivery(&manifest, &other)
        .iter()
        .map(|message| accept(&mut device, message))
        .collect();
    assert_eq!(
        steps,
        [
            Ok(Progress::Started),
            Ok(Progress::Stored),
            Ok(Progress::Completed)
        ]
    );
    assert_eq!(device.certificate(), Some(other.as_slice()));
}

#[test]
fn the_same_certificate_cut_for_another_packet_size_starts_over() {
    let (mut device, _, certificate) = device_with(&[0, 1, 2]);
    let manifest = Manifest::new(&certificate, 100).unwrap();
    for message in delivery(&manifest, &certificate) {
        accept(&mut device, &message).unwrap();
    }
    assert_eq!(device.certificate(), Some(certificate.as_slice()));
}

#[test]
fn chunks_of_another_cut_make_the_device_ask_anew_instead_of_for_ever() {
    let (_, _, certificate) = device_with(&[]);
    // Beyond the last chunk, and shorter than the manifest has it.
    for (room, index) in [(100, 6), (100, 0), (655, 0)] {
        let (mut device, _, _) = device_with(&[1]);
        let other_cut = Manifest::new(&certificate, room).unwrap();
        let chunk = chunks(&other_cut, [index], &certificate);
        assert_eq!(
            accept(&mut device, &chunk[0]),
            Err(ReassemblyError::ChunkInvalid { index })
        );
        assert_eq!(device.acknowledgement(), None, "the request is what helps");
    }
}

#[test]
fn a_certificate_that_does_not_fit_is_refused_and_what_is_held_stays() {
    let (mut device, _, _) = device_with(&[0, 1]);
    let before = device.missing();
    let manifest = Manifest::new(&certificate(656, 1), 200).unwrap();
    let error = device.accept(&Answer::Manifest(manifest)).unwrap_err();
    assert_eq!(
        error,
        ReassemblyError::TooLarge {
            length: 656,
            capacity: 655
        }
    );
    assert_eq!(device.missing(), before);
}

#[test]
fn corrupted_data_is_noticed_and_everything_is_asked_for_again() {
    let (mut device, manifest, certificate) = device_with(&[0, 1, 2]);
    let mut corrupted = chunks(&manifest, [3], &certificate).remove(0);
    *corrupted.last_mut().unwrap() ^= 1;
    assert_eq!(
        accept(&mut device, &corrupted),
        Err(ReassemblyError::DigestMismatch)
    );
    assert_eq!(device.certificate(), None);
    let missing = device.acknowledgement().unwrap().missing();
    assert_eq!(missing, MissingSet::all(4));
    for chunk in chunks(&manifest, missing.iter(), &certificate) {
        accept(&mut device, &chunk).unwrap();
    }
    assert_eq!(device.certificate(), Some(certificate.as_slice()));
}

#[test]
fn a_manifest_that_no_certificate_satisfies_does_not_hold_a_device_for_ever() {
    let certificate = certificate(655, 1);
    let honest = Manifest::new(&certificate, 200).unwrap();
    let mut forged = payload(&Answer::Manifest(honest));
    // The digest's end: the delivery still goes with it.
    *forged.last_mut().unwrap() ^= 1;

    let mut device = Device::new();
    accept(&mut device, &forged).unwrap();
    for _ in 0..2 {
        assert!(device.acknowledgement().is_some());
        let mismatch = chunks(&honest, 0..4, &certificate)
            .iter()
            .map(|chunk| accept(&mut device, chunk))
            .last();
        assert_eq!(mismatch, Some(Err(ReassemblyError::DigestMismatch)));
    }
    assert_eq!(device.acknowledgement(), None, "the request is what helps");
    for message in delivery(&honest, &certificate) {
        accept(&mut device, &message).unwrap();
    }
    assert_eq!(device.certificate(), Some(certificate.as_slice()));
}

#[test]
fn an_acknowledgement_survives_the_way_to_the_cloud() {
    let (device, _, _) = device_with(&[2]);
    let acknowledgement = device.acknowledgement().unwrap();
    let mut buffer = [0; Acknowledgement::MAX_LENGTH];
    let length = acknowledgement.encode(&mut buffer).unwrap();
    assert_eq!(
        Acknowledgement::decode(&buffer[..length]),
        Ok(acknowledgement)
    );
    assert!(acknowledgement.encode(&mut buffer[..length - 1]).is_err());
}
