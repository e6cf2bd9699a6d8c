use super::*;
use muster_documents::Serial;
use muster_lambda::NamedError;
use muster_onboarding::ports::{Counted, HeldDevice, TokenRecord};
use muster_onboarding::tokens::token_digest;
use muster_pki::{DeviceKey, certificate_id};
use std::collections::BTreeMap;
use std::sync::Mutex;

const MAC: [u8; 32] = [7; 32];
const TOKEN: &str = "7QX2A-00000-00000-00000-000000";
const NOW: i64 = 1000;

/// The cloud, with one token.
#[derive(Default)]
struct Cloud {
    requests: Mutex<BTreeMap<String, i64>>,
    tasks: Mutex<Vec<Value>>,
    outcome: Mutex<Option<ExpressOutcome>>,
    held: Mutex<HeldDevice>,
}

fn sensor() -> Serial {
    Serial::new("sensor-1").unwrap()
}

impl TokenLedger for &Cloud {
    async fn token(&self, serial: &Serial) -> Result<Option<TokenRecord>, CloudFailure> {
        Ok((*serial == sensor()).then(|| TokenRecord {
            mac: MAC.to_vec(),
            opens: Opens::Certificate,
            expires_at: NOW + 1,
        }))
    }

    async fn count_request_of(&self, who: Counted<'_>, _: i64) -> Result<i64, CloudFailure> {
        let mut requests = self.requests.lock().unwrap();
        let count = requests.entry(format!("{who:?}")).or_default();
        *count += 1;
        Ok(*count)
    }
}

impl TokenKey for &Cloud {
    async fn token_mac(&self, digest: &str) -> Result<Vec<u8>, CloudFailure> {
        let right = token_digest(&sensor(), &TOKEN.to_owned().into());
        Ok(if digest == right { MAC } else { [8; 32] }.to_vec())
    }
}

impl DeviceRecords for &Cloud {
    async fn held(&self, _: &Serial) -> Result<Option<HeldDevice>, CloudFailure> {
        Ok(Some(self.held.lock().unwrap().clone()))
    }
}

impl ExpressWorkflow for &Cloud {
    async fn run_express(&self, name: &str, input: &Value) -> Result<ExpressOutcome, CloudFailure> {
        assert!(name.starts_with("vend-"), "{name}");
        self.tasks.lock().unwrap().push(input.clone());
        let told = self.outcome.lock().unwrap().clone();
        Ok(told.unwrap_or_else(|| {
            // It makes the certificate, as far as this function sees.
            let der = vec![1, 2, 3];
            let id = certificate_id(&der);
            self.held.lock().unwrap().current = Some(Certificate {
                id: id.clone(),
                arn: format!("arn:cert/{id}"),
                der,
            });
            ExpressOutcome::Done(json!({ "certificateId": id }))
        }))
    }
}

impl DataEndpoint for &Cloud {
    async fn data_endpoint(&self) -> Result<String, CloudFailure> {
        Ok("iot.example".to_owned())
    }
}

impl FileStore for &Cloud {
    async fn keep_object(&self, _: &str, _: Vec<u8>) -> Result<(), CloudFailure> {
        unreachable!("nothing is kept")
    }

    async fn list_objects(&self, _: &str) -> Result<Vec<String>, CloudFailure> {
        unreachable!("nothing is listed")
    }

    async fn remove_object(&self, _: &str) -> Result<(), CloudFailure> {
        unreachable!("nothing is removed")
    }

    async fn read_object(&self, _: &str) -> Result<Option<Vec<u8>>, CloudFailure> {
        Ok(None)
    }
}

impl Cloud {
    async fn ask(&self, event: Value) -> Result<Value, VendError> {
        let world = World {
            ledger: self,
            key: self,
            workflow: self,
            address: Address::new(self, self, None),
            limits: PaceLimits {
                per_source: 4,
                per_serial: 3,
            },
        };
        world.answer(NOW, &DeviceRequest::new(event)).await
    }

    async fn post(&self, body: Value) -> Result<Value, VendError> {
        let body = body.to_string();
        self.ask(json!({
            "httpMethod": "POST", "resource": "/certificates", "body": body, "requestContext": {},
        }))
        .await
    }

    fn tasks(&self) -> Vec<Value> {
        self.tasks.lock().unwrap().clone()
    }
}

fn name(answer: Result<Value, VendError>) -> &'static str {
    answer.map_or_else(|error| error.name(), |_| "given")
}

#[tokio::test]
async fn a_device_with_a_key_is_given_a_certificate_and_no_key() {
    let cloud = Cloud::default();
    let key = DeviceKey::generate().unwrap();
    let csr = key.csr("sensor-1").unwrap();
    let answer = cloud
        .post(json!({ "serialNumber": "sensor-1", "deviceToken": TOKEN, "csr": csr.pem() }))
        .await
        .unwrap();
    assert_eq!(answer["certificateId"].as_str().unwrap().len(), 64);
    assert!(
        answer["certificatePem"]
            .as_str()
            .unwrap()
            .contains("BEGIN CERTIFICATE")
    );
    assert!(
        answer["RootCA"]
            .as_str()
            .unwrap()
            .contains("BEGIN CERTIFICATE")
    );
    assert_eq!(answer["endpoint"], "iot.example");
    assert_eq!(answer["thingName"], "sensor-1");
    assert!(answer.get("keyPair").is_none());
    let task = &cloud.tasks()[0];
    assert_eq!(task["fingerprint"], key.fingerprint());
    assert_eq!(task["keyless"], false);
    assert!(!task.to_string().contains(TOKEN));
}

#[tokio::test]
async fn a_device_without_a_key_is_given_one_that_nobody_else_is_told() {
    let cloud = Cloud::default();
    let answer = cloud
        .ask(json!({
            "httpMethod": "GET", "resource": "/getcert", "requestContext": {},
            "queryStringParameters": { "serialNumber": "sensor-1", "deviceToken": TOKEN },
        }))
        .await
        .unwrap();
    let private = answer["keyPair"]["PrivateKey"].as_str().unwrap().to_owned();
    let key = DeviceKey::from_pem(&private.clone().into()).unwrap();
    assert_eq!(answer["keyPair"]["PublicKey"], key.public_key_pem());
    let task = &cloud.tasks()[0];
    assert_eq!(task["fingerprint"], key.fingerprint());
    assert_eq!(task["keyless"], true);
    assert!(!task.to_string().contains("PRIVATE"));
}

#[tokio::test]
async fn whoever_has_no_token_starts_nothing() {
    for (serial, token) in [
        ("sensor-1", Some("wrong")),
        ("sensor-1", Some("")),
        ("sensor-1", None),
        ("nobody", Some(TOKEN)),
    ] {
        let cloud = Cloud::default();
        let mut body = json!({ "serialNumber": serial });
        if let Some(token) = token {
            body["deviceToken"] = json!(token);
        }
        let refused = cloud.post(body).await;
        let error = refused.unwrap_err();
        assert_eq!(error.name(), "TokenRefused", "{serial} {token:?}");
        let counted = error.measurement().unwrap();
        let route = ("Route", "vending".to_owned());
        let reason = ("Reason", "TokenRefused".to_owned());
        assert_eq!(counted.dimensions, [route, reason]);
        assert!(!error.to_string().contains(serial));
        assert!(cloud.tasks().is_empty());
    }
}

#[tokio::test]
async fn what_is_no_request_is_told_so_without_repeating_it() {
    let csr = || DeviceKey::generate().unwrap().csr("sensor-1").unwrap();
    let mut forged = csr().der().to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    for (body, expected) in [
        (json!("7QX2A"), "InputInvalid"),
        (json!([TOKEN]), "InputInvalid"),
        (json!({ "deviceToken": TOKEN }), "InputInvalid"),
        (
            json!({ "serialNumber": "sensor-1", "deviceToken": TOKEN, "csr": null }),
            "InputInvalid",
        ),
        (
            json!({ "serialNumber": 7, "deviceToken": TOKEN }),
            "InputInvalid",
        ),
        (
            json!({ "serialNumber": "sensor-1", "deviceToken": TOKEN, "more": 1 }),
            "InputInvalid",
        ),
        (
            json!({ "serialNumber": "a b", "deviceToken": TOKEN }),
            "InputInvalid",
        ),
        (
            json!({ "serialNumber": "sensor-1", "deviceToken": TOKEN, "csr": "7" }),
            "CsrUnreadable",
        ),
        (
            json!({ "serialNumber": "sensor-1", "deviceToken": TOKEN, "csr": STANDARD.encode(forged) }),
            "CsrSignatureInvalid",
        ),
    ] {
        let cloud = Cloud::default();
        let error = cloud.post(body.clone()).await.unwrap_err();
        assert_eq!(error.name(), expected, "{body}");
        assert!(!error.to_string().contains(TOKEN), "{error}");
        assert!(error.retry_after().is_none());
        assert!(cloud.tasks().is_empty() && cloud.requests.lock().unwrap().is_empty());
    }
    let elsewhere =
        json!({ "httpMethod": "DELETE", "resource": "/certificates", "requestContext": {} });
    assert_eq!(name(Cloud::default().ask(elsewhere).await), "NotFound");
}

#[tokio::test]
async fn what_the_workflow_says_is_what_the_device_is_told() {
    let refusal = |code: &str, retryable: bool| {
        ExpressOutcome::Done(
            json!({ "refusal": { "code": code, "message": "m", "retryable": retryable } }),
        )
    };
    let failed = |error: &str| ExpressOutcome::Failed(error.to_owned());
    for (outcome, expected, retry_after) in [
        (refusal("TokenSpent", false), "TokenSpent", None),
        (
            refusal("ProvisioningInProgress", true),
            "ProvisioningInProgress",
            Some(60),
        ),
        (failed("Throttled"), "Throttled", Some(10)),
        (failed("UndoFailed"), "ProvisioningFailed", Some(10)),
        (ExpressOutcome::Unfinished, "VendingUnfinished", Some(10)),
        (
            ExpressOutcome::Done(json!({})),
            "ProvisioningFailed",
            Some(10),
        ),
        (
            ExpressOutcome::Done(json!({ "certificateId": "gone" })),
            "CloudUnavailable",
            Some(10),
        ),
    ] {
        let cloud = Cloud::default();
        *cloud.outcome.lock().unwrap() = Some(outcome);
        let error = cloud
            .post(json!({ "serialNumber": "sensor-1", "deviceToken": TOKEN }))
            .await;
        let error = error.unwrap_err();
        assert_eq!(error.name(), expected);
        assert_eq!(error.retry_after(), retry_after, "{expected}");
        assert_eq!(error.measurement(), None, "the bus counts it: {expected}");
    }
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let cloud = Cloud::default();
    for _ in 0..3 {
        let asked = cloud
            .post(json!({ "serialNumber": "sensor-1", "deviceToken": TOKEN }))
            .await;
        assert_eq!(name(asked), "given");
    }
    let error = cloud
        .post(json!({ "serialNumber": "sensor-1", "deviceToken": TOKEN }))
        .await;
    let error = error.unwrap_err();
    assert_eq!((error.name(), error.retry_after()), ("Throttled", Some(20)));
    assert!(error.measurement().is_some());
    assert_eq!(cloud.tasks().len(), 3);
}

#[tokio::test]
async fn the_description_needs_no_token_and_names_every_path() {
    let asked = json!({ "httpMethod": "GET", "resource": "/openapi.json", "requestContext": {} });
    let description = Cloud::default().ask(asked).await.unwrap();
    for path in ["/certificates", "/getcert", "/shadow", "/openapi.json"] {
        assert!(description["paths"][path].is_object(), "{path}");
    }
}

#[test]
fn the_workflow_says_to_whoever_is_not_let_in_what_this_function_says() {
    let workflow = include_str!("../../../statemachines/certificate-vending.asl.json");
    let said = muster_lambda::NotAuthenticated::TokenRefused.to_string();
    assert_eq!(workflow.matches("'TokenRefused'").count(), 2);
    assert_eq!(workflow.matches(&said).count(), 2);
}
