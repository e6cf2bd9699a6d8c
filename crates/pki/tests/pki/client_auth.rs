//! A device's key in the mutual TLS that it was made for.

use std::sync::Arc;

use muster_pki::{DeviceKey, read_certificate};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, IsCa, Issuer, KeyPair,
};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use secrecy::ExposeSecret;

const SERVER: &str = "iot.example";

/// A certificate authority, and the roots that trust it.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    roots: Arc<RootCertStore>,
}

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = crate::der::key();
    let mut roots = RootCertStore::empty();
    roots
        .add(params.self_signed(&key).unwrap().der().clone())
        .unwrap();
    Authority {
        issuer: Issuer::new(params, key),
        roots: Arc::new(roots),
    }
}

fn issue(authority: &Authority, key: &DeviceKey) -> CertificateDer<'static> {
    let csr = key.csr("device-00012").unwrap();
    let params = CertificateSigningRequestParams::from_der(&csr.der().into()).unwrap();
    params.signed_by(&authority.issuer).unwrap().der().clone()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn server(authority: &Authority) -> ServerConnection {
    let key = crate::der::key();
    let params = CertificateParams::new([SERVER.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority.issuer).unwrap();
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(&authority.roots), provider());
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    ServerConnection::new(Arc::new(config)).unwrap()
}

fn client(
    authority: &Authority,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) -> Result<ClientConnection, rustls::Error> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(Arc::clone(&authority.roots))
        .with_client_auth_cert(vec![certificate], key)?;
    ClientConnection::new(Arc::new(config), SERVER.try_into().unwrap())
}

/// Carries the handshake's bytes to and fro until neither side has more to say.
fn shake_hands(client: &mut ClientConnection, server: &mut ServerConnection) {
    while client.wants_write() || server.wants_write() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        let mut bytes = bytes.as_slice();
        while !bytes.is_empty() {
            server.read_tls(&mut bytes).unwrap();
            server.process_new_packets().unwrap();
        }
        let mut bytes = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        let mut bytes = bytes.as_slice();
        while !bytes.is_empty() {
            client.read_tls(&mut bytes).unwrap();
            client.process_new_packets().unwrap();
        }
    }
}

#[test]
fn a_device_proves_itself_with_its_key_and_certificate() {
    let authority = authority();
    let key = DeviceKey::generate().unwrap();
    let certificate = issue(&authority, &key);
    let summary = read_certificate(&certificate).unwrap();
    assert_eq!(summary.public_key_fingerprint, key.fingerprint());
    assert_eq!(summary.common_name.as_deref(), Some("device-00012"));

    let from_der = PrivatePkcs8KeyDer::from(key.pkcs8_der().expose_secret().to_vec()).into();
    let from_pem = PrivateKeyDer::from_pem_slice(key.pem().expose_secret().as_bytes()).unwrap();
    for key in [from_der, from_pem] {
        let mut server = server(&authority);
        let mut client = client(&authority, certificate.clone(), key).unwrap();
        shake_hands(&mut client, &mut server);
        assert!(!client.is_handshaking() && !server.is_handshaking());
        assert_eq!(server.peer_certificates(), Some(&[certificate.clone()][..]));
    }
}

#[test]
fn another_devices_certificate_does_not_go_with_the_key() {
    let authority = authority();
    let theirs = issue(&authority, &DeviceKey::generate().unwrap());
    let mine = DeviceKey::generate().unwrap();
    assert_ne!(
        read_certificate(&theirs).unwrap().public_key_fingerprint,
        mine.fingerprint()
    );
    let key = PrivatePkcs8KeyDer::from(mine.pkcs8_der().expose_secret().to_vec()).into();
    assert!(client(&authority, theirs, key).is_err());
}
