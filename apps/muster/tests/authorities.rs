//! `muster ca`, `muster verifiers` and `muster device certificate`, against the deployed template.

use muster::local::{Checkout, LocalStack, StackDirectory, StackOptions, StackState};
use muster::target::Target;
use muster_cloud::operator::Api;
use muster_documents::VaultFile;
use muster_onboarding::ports::VaultReader;
use muster_pki::{CaCertificate, CaKey, CaSubject, Validity, der_to_pem};
use secrecy::ExposeSecret;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use std::time::UNIX_EPOCH;

/// Runs `muster` as it is run against a stack on AWS; its account is the emulator.
fn muster(state: &StackState, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(arguments)
        .envs(state.environment())
        .env("MUSTER_STACK", &state.stack_name)
        .output()
        .unwrap()
}

fn said(state: &StackState, arguments: &[&str]) -> String {
    let output = muster(state, arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {text}{errors}");
    text
}

fn json(state: &StackState, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    serde_json::from_str(&said(state, &arguments)).unwrap()
}

fn refused(state: &StackState, arguments: &[&str]) -> String {
    let output = muster(state, arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A CA of the operator's own: its certificate, the proof that its key is at hand, and the key, in `directory`.
fn own_ca(directory: &Path, registration_code: &str) -> [String; 3] {
    let now = i64::try_from(UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap();
    let validity = Validity {
        not_before_unix: now - 3600,
        not_after_unix: now + 86_400,
    };
    let subject = CaSubject {
        common_name: "own".to_owned(),
        ..CaSubject::default()
    };
    let key = CaKey::generate().unwrap();
    let ca = CaCertificate::issue(&key, &subject, validity).unwrap();
    let proof = ca.verification_certificate(&key, registration_code, validity);
    let key = der_to_pem("PRIVATE KEY", key.pkcs8_der().expose_secret());
    let files = [
        ("ca.pem", ca.pem()),
        ("proof.pem", proof.unwrap()),
        ("ca.key", key),
    ];
    files.map(|(name, text)| {
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    })
}

/// Certificates for devices: a key that is made here, a request of the device's own, and what is refused.
fn certifies_devices(state: &StackState, ca: &str, directory: &Path) {
    let serials = directory.join("devices.csv");
    std::fs::write(&serials, "serial\nsensor-1\nsensor-2\n").unwrap();
    said(state, &["device", "import", serials.to_str().unwrap()]);
    let out = directory.join("sensor-1");
    let out = out.to_str().unwrap();
    let certify = [
        "device",
        "certificate",
        "sensor-1",
        "--ca",
        &ca[..8],
        "--out",
        out,
    ];
    let first = json(state, &certify);
    let read = |name: &str| std::fs::read_to_string(directory.join("sensor-1").join(name)).unwrap();
    let chain = read("device.cert.pem");
    assert_eq!(
        chain.matches("BEGIN CERTIFICATE").count(),
        2,
        "with its CA's"
    );
    let key = read("device.key.pem");
    assert!(key.contains("PRIVATE KEY"));
    assert!(!first.to_string().contains("PRIVATE KEY"));
    assert_eq!(first["caCertificateId"], ca);
    // Again, with the same key.
    json(state, &certify);
    assert_eq!(read("device.key.pem"), key);

    let device = edge_client::request(&directory.join("sensor-2"), "any").unwrap();
    let csr = device.csr.to_str().unwrap();
    let out = directory.join("for-sensor-2");
    let brought = [
        "device",
        "certificate",
        "sensor-2",
        "--ca",
        ca,
        "--csr",
        csr,
        "--out",
        out.to_str().unwrap(),
    ];
    assert!(json(state, &brought)["privateKey"].is_null());
    let made: Vec<_> = std::fs::read_dir(&out).unwrap().collect();
    assert_eq!(made.len(), 1, "the certificate alone: {made:?}");

    let stranger = directory.join("stranger");
    let stranger = stranger.to_str().unwrap();
    let refused_one = [
        "device",
        "certificate",
        "stranger-1",
        "--ca",
        ca,
        "--out",
        stranger,
    ];
    assert!(refused(state, &refused_one).contains("(NotVerified, HTTP 403)"));
    let key = device.key.to_str().unwrap();
    let key = [
        "device",
        "certificate",
        "sensor-2",
        "--ca",
        ca,
        "--csr",
        key,
    ];
    assert!(refused(state, &key).contains("never sent"));
    let nowhere = ["device", "certificate", "sensor-1", "--ca", "zz"];
    assert!(refused(state, &nowhere).contains("muster ca list"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_registers_lists_shuts_opens_and_removes_authorities() {
    let checkout = Checkout::above(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut options = StackOptions::new(&checkout);
    options.parameters = vec![("ApiBurstLimit".to_owned(), "100".to_owned())];
    let directory = StackDirectory::private(&checkout).unwrap();
    let stack = LocalStack::start(&checkout, directory, &options, &|_| {}).await;
    let stack = stack.unwrap();
    let state = stack.state();
    let target = Target::local(state);

    assert_eq!(json(state, &["verifiers"])["verifiers"][0], "allow-list");
    assert!(said(state, &["ca", "list"]).contains("muster ca register"));

    let subject = ["--common-name", "Plant 7", "--country", "TW"];
    let made = [
        &["ca", "register"],
        &subject[..],
        &["--verifier", "allow-list"],
    ]
    .concat();
    let made = json(state, &made);
    let id = made["certificateId"].as_str().unwrap();
    let listed = json(state, &["ca", "list"])["authorities"][0].take();
    for (field, value) in [
        ("certificateId", id),
        ("commonName", "Plant 7"),
        ("status", "ACTIVE"),
        ("autoRegistration", "ENABLE"),
        ("verifier", "allow-list"),
        ("route", "jitr"),
    ] {
        assert_eq!(listed[field], value, "{field}");
    }

    // Shut by the beginning of its id, twice, and opened again.
    for (command, status) in [
        ("disable", "INACTIVE"),
        ("disable", "INACTIVE"),
        ("enable", "ACTIVE"),
    ] {
        let told = said(state, &["ca", command, &id[..8]]);
        assert!(told.contains(id), "{told}");
        let table = said(state, &["ca", "list"]);
        assert!(
            table.contains(&id[..12]) && table.contains(&format!(" {status} ")),
            "{table}"
        );
    }
    assert!(refused(state, &["ca", "disable", "zz"]).contains("muster ca list"));

    // One of the operator's own, proven with the registration code.
    let own = tempfile::tempdir().unwrap();
    let code = said(state, &["ca", "registration-code"]);
    let [ca, proof, key] = own_ca(own.path(), code.trim());
    let bring = [
        "ca",
        "register",
        "--ca-certificate",
        &ca,
        "--verification-certificate",
        &proof,
    ];
    let told = said(state, &bring);
    assert!(told.contains("comes in unjudged"), "{told}");
    assert!(refused(state, &bring).contains("(CaAlreadyRegistered, HTTP 409)"));
    let key = ["ca", "register", "--ca-certificate", &key];
    assert!(refused(state, &key).contains("never sent"));
    assert_eq!(
        json(state, &["ca", "list"])["authorities"]
            .as_array()
            .unwrap()
            .len(),
        2
    );

    certifies_devices(state, id, own.path());

    // Removed only when it is shut; its files go with it, and the other CA's stay.
    let vault = target.vault().unwrap();
    let record = async || vault.read_file(id, VaultFile::Record, 1).await.unwrap();
    assert!(record().await.is_some());
    assert!(refused(state, &["ca", "remove", id]).contains("muster ca disable"));
    said(state, &["ca", "disable", id]);
    let removed = json(state, &["ca", "remove", &id[..8]]);
    assert_eq!(removed["removed"], id);
    assert!(record().await.is_none());
    let left = json(state, &["ca", "list", "--all"]);
    assert_eq!(left["authorities"].as_array().unwrap().len(), 1);
    assert_ne!(left["authorities"][0]["certificateId"], id);
    assert!(refused(state, &["ca", "remove", id]).contains("no CA"));

    let nobody = ["ca", "register", "--verifier", "nobody"];
    assert!(refused(state, &nobody).contains("(VerifierUnknown, HTTP 400)"));

    // An API that is not there.
    let nowhere = Api::new(&target.cloud, "http://127.0.0.1:9");
    let error = nowhere.get::<Value>("/verifiers").await.unwrap_err();
    assert!(error.to_string().contains("gave no answer"), "{error}");
}
