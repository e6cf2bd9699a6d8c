//! The operator's own provisioning templates.

use super::caller::{ask, register, with};
use crate::support::{Failed, Stack, invoke};
use muster::release::release;
use muster_documents::Serial;
use muster_pki::DeviceKey;
use serde_json::{Value, json};

/// Tries to register a CA in vain.
async fn refused(stack: &Stack, body: Value) -> Failed {
    let event = json!({ "body": body });
    let answer = invoke(stack, "CaRegistratorFunction", &event).await;
    answer.unwrap_err()
}

/// As the seed's documents show one: the thing is named by the certificate's id, and the policy is the template's own.
fn of_the_seed() -> String {
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["iot:Connect", "iot:Publish"], "Resource": ["*"] },
    ] });
    json!({
        "Parameters": {
            "AWS::IoT::Certificate::Country": { "Type": "String" },
            "AWS::IoT::Certificate::Id": { "Type": "String" },
        },
        "Resources": {
            "thing": { "Type": "AWS::IoT::Thing", "Properties": {
                "ThingName": { "Ref": "AWS::IoT::Certificate::Id" },
                "AttributePayload": { "version": "v1", "country": { "Ref": "AWS::IoT::Certificate::Country" } },
            } },
            "certificate": { "Type": "AWS::IoT::Certificate", "Properties": {
                "CertificateId": { "Ref": "AWS::IoT::Certificate::Id" }, "Status": "ACTIVE",
            } },
            "policy": { "Type": "AWS::IoT::Policy", "Properties": { "PolicyDocument": policy.to_string() } },
        },
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_of_the_operators_is_what_its_devices_are_provisioned_by() {
    let stack = Stack::start(&[]).await;
    let ca = register(&stack, json!({ "templateBody": of_the_seed() })).await;
    let key = DeviceKey::generate().unwrap();
    let asked = json!({
        "caCertificateId": ca, "csr": key.csr("any").unwrap().pem(),
        "csrSubjects": { "commonName": "sensor-00001", "countryName": "TW" },
    });
    let device = with(&ask(&stack, asked).await.unwrap(), key);
    assert_eq!(device.client_id, device.certificate_id, "as the thing");
    device.knocks(&stack).await;
    assert!(device.works(&stack).await);
    assert_eq!(
        stack.things().await,
        std::slice::from_ref(&device.certificate_id)
    );
    let serial = Serial::new("sensor-00001").unwrap();
    release(&stack.target, &serial).await.unwrap();
    assert_eq!(device.status(&stack).await.as_deref(), Some("REVOKED"));
    let principals = stack.iot().list_thing_principals();
    let principals = principals.thing_name(&device.certificate_id).send().await;
    assert!(principals.unwrap().principals().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_would_let_nobody_in_registers_no_ca() {
    let stack = Stack::start(&[]).await;
    let inactive = of_the_seed().replace("ACTIVE", "INACTIVE");
    let long = format!("{}{}", of_the_seed(), " ".repeat(10_240));
    for template in ["no JSON", "{}", inactive.as_str(), long.as_str()] {
        let error = refused(&stack, json!({ "templateBody": template })).await;
        assert_eq!(error.name, "TemplateInvalid", "{error:?}");
    }
    let error = refused(
        &stack,
        json!({ "templateBody": of_the_seed(), "route": "jitr" }),
    )
    .await;
    assert_eq!(error.name, "TemplateInvalid", "{error:?}");
    let joined = of_the_seed().replace(
        "{\"Ref\":\"AWS::IoT::Certificate::Id\"}},\"Type\":\"AWS::IoT::Thing\"",
        "\"fixed\"},\"Type\":\"AWS::IoT::Thing\"",
    );
    assert_ne!(joined, of_the_seed());
    let error = refused(&stack, json!({ "templateBody": joined })).await;
    assert_eq!(error.name, "TemplateInvalid", "{error:?}");
    let error = refused(&stack, json!({ "route": "other" })).await;
    assert!(error.cause.contains("`jitr` or `jitp`"), "{error:?}");
    let listed = stack.iot().list_ca_certificates().send().await.unwrap();
    assert!(listed.certificates().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_the_template_could_not_be_filled_in_from_is_not_handed_out() {
    let stack = Stack::start(&[]).await;
    let template = of_the_seed().replace("Country", "Organization");
    let ca_with_more = register(&stack, json!({ "templateBody": template })).await;
    let asked =
        json!({ "caCertificateId": ca_with_more, "csrSubjects": { "commonName": "sensor-00001" } });
    let error = ask(&stack, asked).await.unwrap_err();
    assert_eq!(error.name, "SubjectInvalid", "{error:?}");
    assert!(
        error.cause.contains("csrSubjects.organizationName"),
        "{error:?}"
    );
    let spaced = json!({ "commonName": "sensor-00001", "organizationName": "Soft Chef" });
    let asked = json!({ "caCertificateId": ca_with_more, "csrSubjects": spaced });
    let error = ask(&stack, asked).await.unwrap_err();
    assert_eq!(error.name, "SubjectInvalid", "{error:?}");
    let asked = json!({
        "caCertificateId": ca_with_more,
        "csrSubjects": { "commonName": "sensor-00001", "organizationName": "Soft-Chef" },
    });
    ask(&stack, asked).await.unwrap();
    let (device, _) = stack.show("sensor-00001").await;
    assert_eq!(device.unwrap().state, "provisioned");
}
