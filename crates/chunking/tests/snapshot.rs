//! A delivery goes on after a reboot, and flash that can't be trusted isn't.

mod common;

use common::{Device, accept, chunks, device_with};
use muster_chunking::{Reassembler, RestoreError, SNAPSHOT_OVERHEAD};
use sha2::{Digest, Sha256};

fn snapshot(device: &Device) -> Vec<u8> {
    let mut buffer = [0; 655 + SNAPSHOT_OVERHEAD];
    let length = device.snapshot(&mut buffer).unwrap();
    buffer[..length].to_vec()
}

/// The snapshot with one byte before its check replaced, counted from there, and its check made to hold again.
fn forged(device: &Device, from_end: usize, byte: u8) -> Vec<u8> {
    let mut flash = snapshot(device);
    flash.truncate(flash.len() - 8);
    let place = flash.len() - from_end;
    flash[place] = byte;
    let check = Sha256::digest(&flash);
    flash.extend_from_slice(&check[..8]);
    flash
}

#[test]
fn a_delivery_goes_on_after_a_reboot() {
    for held in [&[][..], &[2], &[0, 1, 3], &[0, 1, 2, 3]] {
        let (device, manifest, certificate) = device_with(held);
        let mut restored = Device::restore(&snapshot(&device)).unwrap();
        assert_eq!(restored.missing(), device.missing());
        assert_eq!(restored.certificate(), device.certificate());
        for chunk in chunks(&manifest, restored.missing().unwrap().iter(), &certificate) {
            accept(&mut restored, &chunk).unwrap();
        }
        assert_eq!(restored.certificate(), Some(certificate.as_slice()));
    }
}

#[test]
fn a_device_that_had_not_begun_restores_nothing() {
    assert!(snapshot(&Device::new()).is_empty());
    assert_eq!(Device::restore(&[]).unwrap().missing(), None);
}

#[test]
fn a_snapshot_can_be_written_without_a_second_buffer() {
    let (device, _, _) = device_with(&[1, 2]);
    let mut flash = Vec::new();
    device
        .snapshot_to(|bytes| {
            flash.extend_from_slice(bytes);
            Ok::<(), ()>(())
        })
        .unwrap();
    assert_eq!(flash, snapshot(&device));
    assert_eq!(
        device.snapshot_to(|_| Err("flash is worn out")),
        Err("flash is worn out")
    );
}

#[test]
fn a_snapshot_buffer_that_is_too_small_is_told_what_is_needed() {
    let (device, _, _) = device_with(&[1, 2]);
    let needed = snapshot(&device).len();
    assert!(needed <= 655 + SNAPSHOT_OVERHEAD);
    for available in [0, 1, 8, needed - 1] {
        let error = device.snapshot(&mut vec![0; available]).unwrap_err();
        assert_eq!((error.needed, error.available), (needed, available));
    }
}

#[test]
fn a_half_written_snapshot_is_recognised() {
    let (device, _, _) = device_with(&[0, 1, 2]);
    let whole = snapshot(&device);
    for torn in 1..whole.len() {
        let mut flash = whole.clone();
        flash[torn..].fill(0xff);
        assert_eq!(
            Device::restore(&flash).unwrap_err(),
            RestoreError::Damaged,
            "torn at {torn}"
        );
        assert_eq!(
            Device::restore(&whole[..torn]).unwrap_err(),
            RestoreError::Damaged
        );
    }
}

#[test]
fn a_snapshot_of_a_longer_certificate_is_refused() {
    let (device, _, _) = device_with(&[0]);
    assert_eq!(
        Reassembler::<654>::restore(&snapshot(&device)).unwrap_err(),
        RestoreError::TooLarge {
            length: 655,
            capacity: 654
        }
    );
}

#[test]
fn a_certificate_in_flash_is_checked_again_before_it_is_handed_out() {
    let (device, _, certificate) = device_with(&[0, 1, 2, 3]);
    let last = certificate[654];
    assert!(Device::restore(&forged(&device, 1, last)).is_ok());
    assert_eq!(
        Device::restore(&forged(&device, 1, !last)).unwrap_err(),
        RestoreError::Damaged
    );
}

#[test]
fn a_snapshot_that_waits_for_a_chunk_that_will_never_come_is_refused() {
    let (device, _, _) = device_with(&[0]);
    // The missing chunks' last byte stands before the certificate and its head of three bytes; bit 1 to 3 are set.
    assert!(Device::restore(&forged(&device, 655 + 3 + 1, 0b0_1110)).is_ok());
    let fifth = forged(&device, 655 + 3 + 1, 0b1_1110);
    assert_eq!(Device::restore(&fifth).unwrap_err(), RestoreError::Damaged);
}
