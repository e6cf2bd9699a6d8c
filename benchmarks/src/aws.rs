//! AWS as far as the functions call it: the least valid answer to each call, at once, so that what is measured is
//! the functions' own share.

use crate::http::{Answer, Server, WholeRequest, answer};
use crate::tls::Tls;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use muster_onboarding::default_template;
use serde_json::{Value, json};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What the services know of.
#[derive(Debug, Clone)]
pub struct World {
    /// What the ledger answers to `GetItem`, and to who changes an item and asks what it was before.
    pub item: Value,
    /// What it answers to every other `GetItem`, if the function reads twice and finds something else then.
    pub then: Option<Value>,
    /// What it answers to `Query` and to `Scan`.
    pub found: Vec<Value>,
    /// What AWS IoT lists, things or certificates.
    pub listed: Vec<Value>,
    /// What the ledger answers to `BatchGetItem`, whatever keys are asked for.
    pub batch: Vec<Value>,
    /// What AWS IoT issues, in PEM.
    pub certificate_pem: String,
    /// Its id.
    pub certificate_id: String,
    /// Whether a CA has signed it, and not AWS IoT.
    pub brought: bool,
    /// A CA whose devices AWS IoT provisions, where a function signs or registers one.
    pub authority: Option<Authority>,
    /// A claim certificate whose files are in the vault, by its id.
    pub claim: Option<String>,
}

/// A CA that Muster has made.
#[derive(Debug, Clone)]
pub struct Authority {
    /// Its certificate, PEM.
    pub certificate_pem: String,
    /// Its private key, PKCS#8 DER.
    pub private_key: Vec<u8>,
}

/// The services' end.
pub struct Aws {
    /// The server.
    pub server: Server,
    tally: Arc<Tally>,
}

#[derive(Default)]
struct Tally {
    calls: AtomicUsize,
    items_read: AtomicUsize,
    unknown: Mutex<Option<String>>,
}

impl Aws {
    /// Starts it.
    pub async fn start(world: World, tls: &Tls) -> io::Result<Self> {
        let tally = Arc::new(Tally::default());
        let (world, counting) = (Arc::new(world), Arc::clone(&tally));
        let server = Server::start(Some(tls.acceptor.clone()), move |request| {
            let (world, tally) = (Arc::clone(&world), Arc::clone(&counting));
            async move { world.answer(&request, &tally) }
        })
        .await?;
        Ok(Self { server, tally })
    }

    /// Signed calls so far. What a function sends unsigned, to have its connections open, is no call.
    pub fn calls(&self) -> usize {
        self.tally.calls.load(Ordering::Relaxed)
    }

    /// A call that has no answer here, which makes a measurement worthless.
    pub fn unknown(&self) -> Option<String> {
        self.tally
            .unknown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl World {
    fn answer(&self, request: &WholeRequest, tally: &Tally) -> Answer {
        if !request.headers().contains_key("authorization") {
            return answer(404, "{}");
        }
        tally.calls.fetch_add(1, Ordering::Relaxed);
        if request.uri().path().starts_with(VAULT) {
            return self.vault(request);
        }
        let target = request
            .headers()
            .get("x-amz-target")
            .and_then(|target| target.to_str().ok());
        let found = match target {
            Some(target) => self.by_target(target, request.body(), tally),
            None => self.by_path(request.method(), request.uri().path()),
        };
        found.map_or_else(
            || {
                let unknown = format!(
                    "{} {} {}",
                    request.method(),
                    request.uri(),
                    target.unwrap_or_default()
                );
                *tally.unknown.lock().unwrap_or_else(PoisonError::into_inner) = Some(unknown);
                answer(404, "{}")
            },
            |body| answer(200, body.to_string()),
        )
    }

    /// The services with a JSON protocol: `DynamoDB`, Step Functions, KMS.
    fn by_target(&self, target: &str, body: &[u8], tally: &Tally) -> Option<Value> {
        let (_, action) = target.rsplit_once('.')?;
        Some(match action {
            "GetItem" => {
                let again = tally.items_read.fetch_add(1, Ordering::Relaxed) % 2 == 1;
                let then = self.then.as_ref().filter(|_| again);
                json!({ "Item": then.unwrap_or(&self.item) })
            }
            "UpdateItem" if contains(body, b"ALL_OLD") => json!({ "Attributes": self.item }),
            "PutItem" | "UpdateItem" | "DeleteItem" | "TransactWriteItems" | "SendTaskSuccess" => {
                json!({})
            }
            "BatchGetItem" => json!({ "Responses": { "ledger": self.batch } }),
            "PutEvents" => json!({ "FailedEntryCount": 0, "Entries": [{ "EventId": "e" }] }),
            "Query" | "Scan" => json!({
                "Items": self.found, "Count": self.found.len(), "ScannedCount": self.found.len(),
            }),
            "StartExecution" => {
                json!({ "executionArn": "arn:aws:states:eu-central-1:1:execution:m:e", "startDate": 1.5 })
            }
            "DescribeExecution" => json!({
                "executionArn": "arn:aws:states:eu-central-1:1:execution:m:e", "status": "SUCCEEDED", "output": "{}",
                "stateMachineArn": "arn:aws:states:eu-central-1:1:stateMachine:m", "startDate": 1.5,
            }),
            "StartSyncExecution" => json!({
                "executionArn": "arn:aws:states:eu-central-1:1:express:m:e:1", "startDate": 1.5, "stopDate": 2.5,
                "status": "SUCCEEDED", "output": json!({ "certificateId": self.certificate_id }).to_string(),
            }),
            "GenerateMac" => {
                json!({ "KeyId": "k", "Mac": STANDARD.encode(TOKEN_MAC), "MacAlgorithm": "HMAC_SHA_256" })
            }
            "Encrypt" => json!({ "KeyId": "k", "CiphertextBlob": STANDARD.encode([7u8; 400]) }),
            "Decrypt" if self.authority.is_some() => json!({
                "KeyId": "k", "Plaintext": STANDARD.encode(&self.authority.as_ref()?.private_key),
            }),
            "GenerateDataKeyPair" => json!({
                "KeyId": "k", "PrivateKeyCiphertextBlob": STANDARD.encode([7u8; 400]),
                "PrivateKeyPlaintext": STANDARD.encode(&self.authority.as_ref()?.private_key),
            }),
            "Decrypt" => json!({ "KeyId": "k", "Plaintext": STANDARD.encode("x".repeat(240)) }),
            _ => return None,
        })
    }

    /// The services with a REST protocol: AWS IoT and its data plane.
    fn by_path(&self, method: &Method, path: &str) -> Option<Value> {
        let mut parts = path.trim_start_matches('/').split('/');
        let rest = (method.as_str(), parts.next()?, parts.clone().count());
        Some(match rest {
            ("POST", "certificates", _) => json!({
                "certificateId": self.certificate_id,
                "certificateArn": format!("arn:aws:iot:eu-central-1:123456789012:cert/{}", self.certificate_id),
                "certificatePem": self.certificate_pem,
            }),
            ("GET", "certificates", 0) => json!({ "certificates": self.listed }),
            ("GET", "things", 0) => json!({ "things": self.listed }),
            ("GET", "certificates", 1) => json!({ "certificateDescription": {
                "certificateId": self.certificate_id, "status": "PENDING_ACTIVATION", "ownedBy": "123456789012",
                "certificateArn": format!("arn:aws:iot:eu-central-1:123456789012:cert/{}", self.certificate_id),
                "certificatePem": self.certificate_pem, "caCertificateId": self.brought.then(|| "c".repeat(64)),
            } }),
            ("POST", "attached-policies", 1) => json!({ "policies": [{ "policyName": "device" }] }),
            ("GET", "cacertificate", 1) => json!({
                "certificateDescription": {
                    "certificateArn": "arn:aws:iot:eu-central-1:123456789012:cacert/c", "status": "ACTIVE",
                    "certificatePem": self.authority.as_ref().map(|ca| &ca.certificate_pem),
                },
                "registrationConfig": self.authority.as_ref().map(|_| json!({ "templateBody": default_template("device") })),
            }),
            ("POST", "certificate", _) => json!({
                "certificateId": self.certificate_id,
                "certificateArn": format!("arn:aws:iot:eu-central-1:123456789012:cert/{}", self.certificate_id),
            }),
            ("POST", "cacertificate", 0) => json!({
                "certificateId": "c".repeat(64), "certificateArn": "arn:aws:iot:eu-central-1:123456789012:cacert/c",
            }),
            ("GET", "registrationcode", 0) => json!({ "registrationCode": "a".repeat(64) }),
            ("GET", "endpoint", 0) => {
                json!({ "endpointAddress": "a-ats.iot.eu-central-1.amazonaws.com" })
            }
            ("GET", "tags", 0) => json!({ "tags": [{ "Key": "madeBy", "Value": "muster" }] }),
            ("GET", "things", 1) => json!({
                "thingName": parts.next()?, "thingId": "5b3a", "version": 1,
                "attributes": { "madeBy": "muster", "cert_issuance": "20260101" },
            }),
            ("GET", "things", 2) => json!({
                "state": { "reported": { "firmware": "1.4.2", "led": { "on": true, "pin": 7 } } },
                "version": 7, "timestamp": 1_767_225_600,
            }),
            ("POST", "things", 1) => {
                json!({ "thingName": parts.next()?, "thingId": "5b3a", "thingArn": "a" })
            }
            ("PUT" | "DELETE", "cacertificate" | "certificates" | "things", _)
            | ("PUT" | "POST", "target-policies", 1)
            | ("PATCH", "things", 1)
            | ("POST", "topics", _) => json!({}),
            _ => return None,
        })
    }

    /// S3: no CA has a revocation list in the vault, and each has its key.
    fn vault(&self, request: &WholeRequest) -> Answer {
        let asked = request.uri().query().unwrap_or_default();
        let prefix = asked
            .split('&')
            .find_map(|part| part.strip_prefix("prefix="));
        match prefix {
            Some(prefix)
                if prefix.ends_with("ca.private_key.enc")
                    || self.claim.as_ref().is_some_and(|id| prefix.contains(id)) =>
            {
                let key = prefix.replace("%2F", "/");
                answer(
                    200,
                    format!(
                        "<ListBucketResult><Contents><Key>{key}</Key></Contents></ListBucketResult>"
                    ),
                )
            }
            Some(_) => answer(200, "<ListBucketResult></ListBucketResult>"),
            None => answer(200, "a sealed key"),
        }
    }
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

/// What KMS makes of every token.
pub const TOKEN_MAC: [u8; 32] = [7; 32];

/// Where the vault's bucket is.
const VAULT: &str = "/vault";
