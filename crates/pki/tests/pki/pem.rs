//! The text form.

use muster_pki::{PemError, der_to_pem, pem_to_der};
use proptest::prelude::*;

use crate::data;

#[test]
fn a_certificate_written_again_is_what_openssl_wrote() {
    let text = data("device.crt.pem");
    assert_eq!(der_to_pem("CERTIFICATE", &pem_to_der(&text).unwrap()), text);
}

#[test]
fn a_text_without_a_whole_block_is_unreadable() {
    let text = data("device.crt.pem");
    let refused = [
        String::new(),
        "certificate".to_owned(),
        text.replace("-----END", "-----FIN"),
        text.replacen("CERTIFICATE", "CERT", 1),
        text.replacen("MII", "M?I", 1),
    ];
    for text in refused {
        assert_eq!(pem_to_der(&text), Err(PemError::Unreadable), "{text}");
    }
}

#[test]
fn a_chain_is_refused_and_counted() {
    let chain = data("device.crt.pem").repeat(3);
    assert_eq!(pem_to_der(&chain), Err(PemError::NotOne(3)));
    assert!(PemError::NotOne(3).to_string().contains("3 PEM blocks"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_survive_being_written_and_read(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        let text = der_to_pem("CERTIFICATE", &bytes);
        prop_assert!(text.is_ascii() && !text.contains('\r') && text.lines().all(|line| line.len() <= 64));
        prop_assert_eq!(pem_to_der(&text), Ok(bytes));
    }
}
