//! A device with a token over real HTTP, TLS and MQTT, with a real folder.

mod support;

use edge_client::{
    FolderDisk, Progress, RunError, VendConfig, rotate_vended, stay_vended, vend, vend_again,
};
use muster_device::{CredentialStore, Credentials, SlotStore, UnfinishedDelivery};
use muster_pki::{DeviceKey, certificate_id, der_to_pem};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::api::{Api, Reply};
use support::broker::{Broker, Script, hurried, keep_current};
use support::rotation_cloud::{Kind, SERIAL};
use support::vendor::{Field, TOKEN, stranger};
use tempfile::tempdir;
use tokio::sync::oneshot;

/// Nobody listens on port 1.
const NOWHERE: &str = "https://localhost:1/v1";

fn in_a_second(mut config: VendConfig) -> VendConfig {
    config.timings.give_up_after = Duration::from_secs(1);
    config
}

#[tokio::test]
async fn a_device_is_vended_its_certificate_and_proves_it() {
    let field = Field::new(Vec::new()).await;
    let mut told = Vec::new();
    let outcome = vend(field.config(), |progress| told.push(progress.clone()));
    let outcome = outcome.await.unwrap();
    let asked = field.api.asked();
    let [question] = &asked[..] else {
        panic!("{asked:?}")
    };
    assert!(
        question
            .head
            .starts_with("post /v1/certificates http/1.1\r\n")
    );
    assert!(
        question
            .head
            .contains("\r\ncontent-type: application/json\r\n")
    );
    assert_eq!(question.body["serialNumber"], SERIAL);
    assert_eq!(question.body["deviceToken"], TOKEN);
    assert_eq!(question.body.as_object().unwrap().len(), 3);
    let seen = field.broker.seen();
    let issued = &seen.cloud.authority.issued[0];
    assert_eq!(outcome.certificate_id, certificate_id(&issued.der));
    assert_eq!(outcome.thing_name, SERIAL);
    assert_eq!((outcome.requests, outcome.connections), (1, 1));
    assert_eq!(seen.hellos, 1);
    let steps: Vec<String> = told
        .iter()
        .map(|progress| serde_json::to_value(progress).unwrap()["event"].to_string())
        .collect();
    let expected = [
        "requested",
        "vended",
        "stored",
        "reconnected",
        "published",
        "promoted",
        "finished",
    ];
    assert_eq!(steps, expected.map(|step| format!("\"{step}\"")));
    let held = field.held();
    assert!(held.pending.is_none() && held.delivery.is_none());
}

#[tokio::test]
async fn a_device_that_is_done_needs_neither_the_api_nor_a_token() {
    let field = Field::new(Vec::new()).await;
    let first = vend(field.config(), |_| {}).await.unwrap();
    let config = VendConfig {
        api_url: NOWHERE.into(),
        token: None,
        ..field.config()
    };
    let again = vend(config, |_| {}).await.unwrap();
    assert_eq!(again.certificate_id, first.certificate_id);
    assert_eq!((again.requests, field.api.asked().len()), (0, 1));
}

#[tokio::test]
async fn a_certificate_that_was_kept_before_a_crash_needs_no_api_any_more() {
    let field = Field::new(Vec::new()).await;
    let credentials = field.broker.seen().cloud.credentials();
    let disk = FolderDisk::take(field.store()).unwrap();
    let mut store = SlotStore::open(disk).unwrap();
    store.keep_pending(&credentials).unwrap();
    drop(store);
    let config = VendConfig {
        api_url: NOWHERE.into(),
        ..field.config()
    };
    let outcome = vend(config, |_| {}).await.unwrap();
    assert_eq!(outcome.certificate_id, credentials.certificate_id());
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_key_and_is_the_same_certificate() {
    let field = Field::new(vec![Reply::HangUp, Reply::HangUp]).await;
    let outcome = vend(field.config(), |_| {}).await.unwrap();
    let keys: Vec<String> = field
        .api
        .asked()
        .iter()
        .map(support::api::Asked::key)
        .collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_eq!(outcome.requests, 3);
    assert_eq!(field.broker.seen().cloud.authority.issued.len(), 1);
}

#[tokio::test]
async fn a_key_that_was_kept_before_a_crash_is_the_one_that_asks() {
    let field = Field::new(Vec::new()).await;
    let key = DeviceKey::generate().unwrap();
    let disk = FolderDisk::take(field.store()).unwrap();
    let mut store = SlotStore::open(disk).unwrap();
    store
        .keep_delivery(&UnfinishedDelivery::new(key.pem()))
        .unwrap();
    drop(store);
    vend(field.config(), |_| {}).await.unwrap();
    assert_eq!(field.api.asked()[0].key(), key.fingerprint());
    let current = field.held().current.unwrap();
    assert_eq!(
        current.private_key_pem().expose_secret(),
        key.pem().expose_secret()
    );
}

#[tokio::test]
async fn a_refused_token_ends_the_run_and_the_key_is_kept_for_the_right_one() {
    let refusal = Reply::refusal(401, "TokenRefused", "The token is not good.", false);
    let field = Field::new(vec![refusal]).await;
    let error = vend(field.config(), |_| {}).await.unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert_eq!(
        error.to_string(),
        "SN-1 was refused for good: TokenRefused. The token is not good."
    );
    vend(field.config(), |_| {}).await.unwrap();
    let asked = field.api.asked();
    assert_eq!(asked[0].key(), asked[1].key());
}

#[tokio::test]
async fn who_is_throttled_comes_back_when_told() {
    for (status, code) in [
        (429, "Throttled"),
        (503, "VendingUnfinished"),
        (409, "ProvisioningInProgress"),
    ] {
        let field = Field::new(vec![Reply::refusal(status, code, "Wait.", true)]).await;
        let began = Instant::now();
        let outcome = vend(field.config(), |_| {}).await.unwrap();
        assert!(began.elapsed() > Duration::from_secs(1));
        assert_eq!(outcome.requests, 2);
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_used_is_named_and_keeps_nothing() {
    let other = DeviceKey::generate().unwrap();
    let other = other.csr("SN-1").unwrap().pem();
    for (reply, expected) in [
        (
            Reply::answer(200, "", "<html>"),
            "it is not the JSON that a certificate comes in",
        ),
        (
            Reply::answer(200, "", &"x".repeat(16 * 1024 + 1)),
            "has more than 16384 bytes",
        ),
        (
            Reply::Bytes("noise\r\n\r\n".into()),
            "the API can't be reached (protocol: ",
        ),
        (
            Reply::answer(500, "", "{}"),
            "The API answered with the status 500 and no reason.",
        ),
        (Reply::Vend, "the certificate was issued for another key"),
    ] {
        let field = Field::new(vec![reply; 9]).await;
        let mut config = in_a_second(field.config());
        if expected.contains("another key") {
            // The API takes no account of what it is sent.
            let broker = Arc::clone(&field.broker);
            let other = other.clone();
            let vendor = Arc::new(move |_: &muster_device::VendingRequest| {
                broker.seen().cloud.certify(&other)
            });
            config.api_url = Api::start(Vec::new(), None, vendor).await.url;
        }
        let error = vend(config, |_| {}).await.unwrap_err();
        assert_eq!(error.exit_code(), 3);
        assert!(error.to_string().contains(expected), "{error}");
        assert!(field.held().pending.is_none() && field.held().delivery.is_some());
        assert!(field.broker.seen().connected.is_empty());
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Field::new(Vec::new()).await;
    for status in [301, 302, 307, 308] {
        let location = format!("location: {}/certificates\r\n", elsewhere.api.url);
        let field = Field::new(vec![Reply::answer(status, &location, "")]).await;
        let error = vend(field.config(), |_| {}).await.unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(
            error.to_string().contains("give the API's own address"),
            "{error}"
        );
    }
    assert!(elsewhere.api.asked().is_empty());
}

#[tokio::test]
async fn without_tls_no_token_leaves_this_machine() {
    let field = Field::new(Vec::new()).await;
    let config = VendConfig {
        api_url: "http://192.0.2.1/v1".into(),
        ..field.config()
    };
    let error = vend(config, |_| {}).await.unwrap_err();
    assert_eq!(error.exit_code(), 1);
    assert!(
        error.to_string().contains("would show the token"),
        "{error}"
    );
}

#[tokio::test]
async fn who_has_no_token_is_told_where_to_put_it() {
    for token in [None, Some(" ".into())] {
        let field = Field::new(Vec::new()).await;
        let config = VendConfig {
            token,
            ..field.config()
        };
        let error = vend(config, |_| {}).await.unwrap_err();
        assert!(matches!(error, RunError::NoToken), "{error}");
        assert!(field.api.asked().is_empty());
    }
}

#[tokio::test]
async fn a_device_that_cannot_make_keys_gets_one_once() {
    let field = Field::new(Vec::new()).await;
    let config = VendConfig {
        key_of_the_cloud: true,
        ..field.config()
    };
    vend(config, |_| {}).await.unwrap();
    let asked = field.api.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].body.get("csr").is_none());
    assert_eq!(field.broker.seen().hellos, 1);
}

#[tokio::test]
async fn an_api_over_tls_has_to_show_a_certificate_of_its_authority() {
    let field = Field::over_tls().await;
    for api_ca in [None, Some(stranger().into())] {
        let config = VendConfig {
            api_ca,
            ..in_a_second(field.config())
        };
        let error = vend(config, |_| {}).await.unwrap_err();
        assert!(
            error.to_string().contains("invalid peer certificate"),
            "{error}"
        );
    }
    assert!(field.api.asked().is_empty());
    let config = VendConfig {
        api_ca: Some(field.broker.authority.clone().into()),
        ..field.config()
    };
    vend(config, |_| {}).await.unwrap();
}

#[tokio::test]
async fn an_endpoint_of_another_authority_than_the_answers_proves_nothing() {
    let field = Field::new(Vec::new()).await;
    let mut config = in_a_second(field.config());
    config.ca = Some(stranger().into());
    config.timings.refusals = u32::MAX;
    let error = vend(config, |_| {}).await.unwrap_err();
    assert!(
        error.to_string().contains("invalid peer certificate"),
        "{error}"
    );
    let held = field.held();
    assert!(held.current.is_none() && held.pending.is_some());
    vend(field.config(), |_| {}).await.unwrap();
    assert_eq!(field.api.asked().len(), 1, "it is still there to be proven");
}

#[tokio::test]
async fn another_certificate_takes_the_place_of_the_one_before_when_it_has_worked() {
    let field = Field::new(Vec::new()).await;
    let old = field.broker.seen().cloud.credentials();
    keep_current(&field.store(), &old);
    let mut told = Vec::new();
    let outcome = vend_again(field.config(), |progress| told.push(progress.clone()));
    let outcome = outcome.await.unwrap();
    let current = field.held().current.unwrap();
    assert_eq!(outcome.certificate_id, current.certificate_id());
    assert_ne!(
        current.private_key_pem().expose_secret(),
        old.private_key_pem().expose_secret()
    );
    let rotated = Progress::Rotated {
        thing_name: SERIAL.into(),
        certificate_id: outcome.certificate_id,
        replaced: old.certificate_id(),
    };
    assert!(told.contains(&rotated), "{told:?}");
}

#[tokio::test]
async fn a_device_whose_new_token_is_refused_goes_on_with_what_it_has() {
    let refusal = Reply::refusal(409, "TokenSpent", "It was used.", false);
    let field = Field::new(vec![refusal]).await;
    let old = field.broker.seen().cloud.credentials();
    keep_current(&field.store(), &old);
    let error = vend_again(field.config(), |_| {}).await.unwrap_err();
    assert_eq!(error.exit_code(), 2);
    let outcome = vend(field.config(), |_| {}).await.unwrap();
    assert_eq!(outcome.certificate_id, old.certificate_id());
}

#[tokio::test]
async fn a_certificate_that_was_not_vended_is_left_to_the_command_that_got_it() {
    let field = Field::new(Vec::new()).await;
    let (key, certificate) = field.broker.seen().cloud.pair();
    keep_current(
        &field.store(),
        &Credentials::matched(&certificate, &key).unwrap(),
    );
    let error = vend(field.config(), |_| {}).await.unwrap_err();
    assert!(matches!(error, RunError::NoPlace(_)), "{error}");
    assert_eq!(error.exit_code(), 1);
    vend_again(field.config(), |_| {}).await.unwrap();
}

#[tokio::test]
async fn a_vended_device_replaces_its_certificate_over_mqtt_without_the_api() {
    let broker = Broker::rotating(Kind::Chunked, Script::default()).await;
    let folder = tempdir().unwrap();
    broker.give_vended(folder.path());
    let mut config = VendConfig::new(NOWHERE, SERIAL, TOKEN.into(), folder.path());
    config.timings = hurried();
    let outcome = rotate_vended(config.clone(), |_| {}).await.unwrap();
    assert!(outcome.traffic.largest_packet <= 256);
    let proven = vend(config, |_| {}).await.unwrap();
    assert_eq!(proven.certificate_id, outcome.certificate_id);
    assert_eq!(
        proven.certificate_id,
        certificate_id(&broker.seen().cloud.in_force)
    );
}

#[tokio::test]
async fn a_device_that_stays_is_vended_its_certificate_first() {
    let field = Field::new(Vec::new()).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let mut stop = Some(stop);
    let stopped = async {
        let _ = stopped.await;
    };
    stay_vended(field.config(), stopped, |progress| {
        if let Progress::WaitingForAlerts { topic } = progress {
            assert_eq!(topic, "cmd/SN-1/alerts");
            drop(stop.take());
        }
    })
    .await
    .unwrap();
    assert!(field.held().current.is_some());
    assert_eq!(field.api.asked().len(), 1);
}

#[tokio::test]
async fn a_device_that_is_told_to_end_waits_for_no_answer() {
    let field = Field::new(vec![Reply::Silence]).await;
    let began = Instant::now();
    let stop = async {
        while field.api.asked().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    stay_vended(field.config(), stop, |_| {}).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[test]
fn neither_token_nor_key_is_shown_for_debugging() {
    let config = VendConfig::new(NOWHERE, SERIAL, TOKEN.into(), "store");
    assert!(!format!("{config:?}").contains(TOKEN));
    let key = DeviceKey::generate().unwrap();
    let pem = der_to_pem("CERTIFICATE", b"any");
    let credentials = Credentials::unmatched(&pem, key.pem()).unwrap();
    assert!(!format!("{credentials:?}").contains("PRIVATE KEY"));
}
