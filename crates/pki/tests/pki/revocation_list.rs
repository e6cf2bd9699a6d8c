//! What a list of revoked certificates says, and whose it is.

use std::thread;

use muster_pki::{
    CaCertificate, MAX_REVOCATION_LIST_BYTES, RevocationList, RevocationListError, SerialNumber,
    pem_to_der, read_certificate,
};
use rcgen::KeyPair;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::authority::{
    JANUARY_2036, Part, TEN_YEARS, authority, device, extension, named, operators, pair_of, signed,
    subject,
};
use crate::data;
use crate::der::{ECDSA_WITH_SHA256, INTEGER, OCTET_STRING, SEQUENCE, element, key, nested};

fn list_of(file: &str) -> Result<RevocationList, RevocationListError> {
    RevocationList::parse(data(file).as_bytes())
}

/// The number of a certificate that has it.
fn serial(content: &[u8]) -> SerialNumber {
    let part = Part {
        serial: content.to_vec(),
        issuer: subject(&[]),
        subject: subject(&[]),
        extensions: extension(19, &element(SEQUENCE, &[])),
    };
    read_certificate(&part.signed(&key())).unwrap().serial
}

/// The numbers that are revoked in the lists of `tests/data`.
fn revoked_in_data() -> [SerialNumber; 2] {
    let long = [&[0, 0x8a, 0x3f][..], &[0; 17], &[0x2b]].concat();
    [serial(&[1]), serial(&long)]
}

fn time(text: &[u8]) -> Vec<u8> {
    element(0x17, text)
}

/// The parts of a list, before they are put together.
struct List {
    version: Vec<u8>,
    issuer: Vec<u8>,
    next_update: Vec<u8>,
    entries: Vec<u8>,
    extensions: Vec<u8>,
}

impl List {
    fn of(ca: &CaCertificate) -> Self {
        let (_, ca) = X509Certificate::from_der(ca.der()).unwrap();
        Self {
            version: vec![2, 1, 1],
            issuer: ca.subject().as_raw().to_vec(),
            next_update: time(b"360101000000Z"),
            entries: element(SEQUENCE, &entry(&[1], &[])),
            extensions: Vec::new(),
        }
    }

    fn signed(&self, key: &KeyPair) -> Vec<u8> {
        let part = [
            &self.version[..],
            &ECDSA_WITH_SHA256,
            &self.issuer,
            &time(b"260101000000Z"),
            &self.next_update,
            &self.entries,
            &self.extensions,
        ]
        .concat();
        signed(&element(SEQUENCE, &part), key)
    }
}

fn entry(serial: &[u8], behind: &[u8]) -> Vec<u8> {
    let fields = [
        &element(INTEGER, serial)[..],
        &time(b"250101000000Z"),
        behind,
    ];
    element(SEQUENCE, &fields.concat())
}

/// The extensions of a list or an entry: one, 2.5.29.27, with the flag.
fn flagged(flag: &[u8]) -> Vec<u8> {
    let kind = [6, 3, 0x55, 0x1d, 27];
    let value = element(OCTET_STRING, &[2, 1, 1]);
    let extension = element(SEQUENCE, &[&kind[..], flag, &value].concat());
    element(SEQUENCE, &extension)
}

#[test]
fn openssls_lists_revoke_what_its_index_does() {
    let (ca, _) = operators();
    for file in ["ca.crl.pem", "ca-v1.crl.pem"] {
        let list = list_of(file).unwrap();
        assert!(list.signed_by(&ca), "{file}");
        assert_eq!(list.next_update_unix(), Some(JANUARY_2036));
        for number in revoked_in_data() {
            assert!(list.revokes(&number), "{file}: {number}");
        }
        assert!(!list.revokes(&serial(&[2])));
        let der = pem_to_der(&data(file)).unwrap();
        assert_eq!(RevocationList::parse(&der), Ok(list));
    }
}

#[test]
fn a_list_is_its_own_cas_and_nobody_elses() {
    let list = list_of("ca.crl.pem").unwrap();
    assert!(!list.signed_by(&authority().0));
    let other_name = CaCertificate::issue(&operators().1, &named("Other CA"), TEN_YEARS).unwrap();
    assert!(!list.signed_by(&other_name));
    let forbidden = CaCertificate::parse_pem(&data("ca-no-crl-sign.crt.pem")).unwrap();
    assert!(!list.signed_by(&forbidden), "its key usage lacks cRLSign");

    let (ca, key) = authority();
    let honest = List::of(&ca).signed(&pair_of(&key));
    assert!(RevocationList::parse(&honest).unwrap().signed_by(&ca));
    let forged = List::of(&ca).signed(&crate::der::key());
    assert!(!RevocationList::parse(&forged).unwrap().signed_by(&ca));
}

#[test]
fn a_device_is_known_in_the_list_by_its_certificate() {
    let authority = authority();
    let summary = read_certificate(device(&authority, "device-00012").der()).unwrap();
    let number = hex::decode(summary.serial.to_string()).unwrap();
    let list = List {
        entries: element(SEQUENCE, &entry(&number, &[])),
        ..List::of(&authority.0)
    };
    let list = RevocationList::parse(&list.signed(&pair_of(&authority.1))).unwrap();
    assert!(list.revokes(&summary.serial));
    let other = read_certificate(device(&authority, "device-00012").der()).unwrap();
    assert!(!list.revokes(&other.serial));
}

#[test]
fn a_list_may_be_empty_and_without_an_end() {
    let (ca, key) = authority();
    let list = List {
        version: Vec::new(),
        next_update: Vec::new(),
        entries: Vec::new(),
        ..List::of(&ca)
    };
    let list = RevocationList::parse(&list.signed(&pair_of(&key))).unwrap();
    assert!(list.signed_by(&ca) && !list.revokes(&serial(&[1])));
    assert_eq!(list.next_update_unix(), None);
}

#[test]
fn a_list_that_is_only_a_part_is_refused() {
    assert_eq!(
        list_of("ca-partial.crl.pem"),
        Err(RevocationListError::CriticalExtension)
    );
    let (ca, key) = authority();
    let key = pair_of(&key);
    let of_list = |flag: &[u8]| List {
        extensions: element(0xa0, &flagged(flag)),
        ..List::of(&ca)
    };
    let of_entry = |flag: &[u8]| List {
        entries: element(SEQUENCE, &entry(&[1], &flagged(flag))),
        ..List::of(&ca)
    };
    for list in [&of_list, &of_entry] as [&dyn Fn(&[u8]) -> List; 2] {
        let parse = |flag: &[u8]| RevocationList::parse(&list(flag).signed(&key)).map(|_| ());
        assert_eq!(parse(&[]), Ok(()));
        assert_eq!(parse(&[1, 1, 0]), Ok(()));
        for flag in [[1, 1, 0xff], [1, 1, 1]] {
            assert_eq!(parse(&flag), Err(RevocationListError::CriticalExtension));
        }
    }
}

/// A reader that passed over an entry would let a revoked device in.
#[test]
fn an_entry_that_cannot_be_read_makes_the_list_unreadable() {
    let (ca, key) = authority();
    let key = pair_of(&key);
    let good = entry(&[1], &[]);
    let entries = [
        element(SEQUENCE, &[]),
        element(SEQUENCE, &element(INTEGER, &[1])),
        element(
            SEQUENCE,
            &[time(b"250101000000Z"), element(INTEGER, &[1])].concat(),
        ),
        entry(&[], &[]),
        entry(&[1], &[5, 0]),
        entry(&[1], &[flagged(&[]), flagged(&[])].concat()),
        element(INTEGER, &[1]),
        vec![0x30],
    ];
    for bad in entries {
        for entries in [[&good[..], &bad].concat(), [&bad[..], &good].concat()] {
            let list = List {
                entries: element(SEQUENCE, &entries),
                ..List::of(&ca)
            };
            assert_eq!(
                RevocationList::parse(&list.signed(&key)),
                Err(RevocationListError::Unreadable),
                "{bad:?}"
            );
        }
    }
}

#[test]
fn parts_that_are_no_lists_are_unreadable() {
    let (ca, key) = authority();
    let key = pair_of(&key);
    let lists = [
        List {
            version: vec![2, 1, 2],
            ..List::of(&ca)
        },
        List {
            issuer: Vec::new(),
            ..List::of(&ca)
        },
        List {
            next_update: time(b"never"),
            ..List::of(&ca)
        },
        List {
            entries: element(0x31, &entry(&[1], &[])),
            ..List::of(&ca)
        },
        List {
            extensions: element(0xa1, &flagged(&[])),
            ..List::of(&ca)
        },
        List {
            extensions: element(0xa0, &[flagged(&[]), vec![5, 0]].concat()),
            ..List::of(&ca)
        },
    ];
    for (index, list) in lists.iter().enumerate() {
        assert_eq!(
            RevocationList::parse(&list.signed(&key)),
            Err(RevocationListError::Unreadable),
            "{index}"
        );
    }
    for other in [
        data("ca.crt.pem"),
        data("ca.crl.pem").repeat(2),
        String::new(),
    ] {
        assert_eq!(
            RevocationList::parse(other.as_bytes()),
            Err(RevocationListError::Unreadable)
        );
    }
}

#[test]
fn a_list_of_the_largest_size_is_read_and_a_larger_one_is_not() {
    let (ca, key) = authority();
    let number = |index: u32| [&[0x40; 16][..], &index.to_be_bytes()].concat();
    let entries: Vec<u8> = (0..25_000)
        .flat_map(|index| entry(&number(index), &[]))
        .collect();
    let list = List {
        entries: element(SEQUENCE, &entries),
        ..List::of(&ca)
    };
    let mut der = list.signed(&pair_of(&key));
    assert!((900_000..MAX_REVOCATION_LIST_BYTES).contains(&der.len()));
    let list = RevocationList::parse(&der).unwrap();
    assert!(list.signed_by(&ca) && list.revokes(&serial(&number(24_999))));
    der.resize(MAX_REVOCATION_LIST_BYTES + 1, 0);
    assert_eq!(
        RevocationList::parse(&der),
        Err(RevocationListError::TooLarge)
    );
}

#[test]
fn no_single_bit_of_a_list_can_be_changed_unnoticed() {
    let (ca, key) = authority();
    let der = List::of(&ca).signed(&pair_of(&key));
    for bit in 0..der.len() * 8 {
        let mut changed = der.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let taken = RevocationList::parse(&changed).is_ok_and(|list| list.signed_by(&ca));
        assert!(!taken, "bit {bit}");
    }
}

#[test]
fn a_list_of_lists_in_lists_does_not_fill_the_stack() {
    for tag in [SEQUENCE, 0xa0] {
        let deep = nested(tag, 20_000);
        let (ca, _) = authority();
        let list = List {
            entries: element(SEQUENCE, &deep),
            ..List::of(&ca)
        };
        let der = list.signed(&key());
        let read = thread::Builder::new()
            .stack_size(128 * 1024)
            .spawn(move || (RevocationList::parse(&deep), RevocationList::parse(&der)))
            .unwrap()
            .join()
            .unwrap();
        let unreadable = Err(RevocationListError::Unreadable);
        assert_eq!(read, (unreadable.clone(), unreadable));
    }
}
