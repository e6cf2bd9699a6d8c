//! What claim certificates and devices may do, worked out from the policies' own text.

use crate::glob::Reading;
use crate::policy::{Place, allows, policy, statements};
use crate::repository::{files, root, stem};
use crate::template::{list, resources, template};
use serde_json::Value;
use std::path::PathBuf;

/// Both policies of a claim certificate.
fn claim(place: &Place) -> [Value; 2] {
    [policy("claim", place), policy("claim-client-ids", place)]
}

fn may_connect(client_id: &str, reading: Reading) -> bool {
    let place = Place::ordinary();
    let resource = place.arn(&format!("client/{client_id}"));
    allows(&claim(&place), client_id, "iot:Connect", &resource, reading)
}

fn claim_allows(client_id: &str, action: &str, resource: &str) -> bool {
    let place = Place::ordinary();
    allows(
        &claim(&place),
        client_id,
        action,
        &place.arn(resource),
        Reading::Aws,
    )
}

/// The policies that the template makes. Provisioning templates, and what functions fill in for each fleet, are in folders
/// of their own.
fn policy_files() -> Vec<PathBuf> {
    let others = ["policies/templates", "policies/fleet"].map(|folder| root().join(folder));
    let files = files("policies", "json").into_iter();
    let other = |file: &PathBuf| others.iter().any(|folder| file.starts_with(folder));
    files.filter(|file| !other(file)).collect()
}

#[test]
fn every_policy_fits_into_aws_iots_2048_characters() {
    // The longest names of each partition that the documents name, and the longest prefix that the template takes.
    for (partition, region) in [("aws", "ap-southeast-2"), ("aws-cn", "cn-northwest-1")] {
        let place = Place {
            partition,
            region,
            prefix: "p".repeat(40),
            rotation_prefix: "r".repeat(40),
        };
        for file in policy_files() {
            let length = policy(&stem(&file), &place).to_string().len();
            assert!(
                length <= 2048,
                "{} has {length} characters in {partition}",
                file.display()
            );
        }
    }
}

#[test]
fn the_template_makes_each_policy_once_and_few_enough_for_one_certificate() {
    let template = template();
    let deployed = resources(&template, "AWS::IoT::Policy");
    let mut sources: Vec<_> = deployed
        .iter()
        .map(|(_, policy)| {
            let include = &policy["PolicyDocument"]["Fn::Transform"];
            include["Parameters"]["Location"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    sources.sort();
    let mut there: Vec<_> = policy_files()
        .iter()
        .map(|file| format!("policies/{}.json", stem(file)))
        .collect();
    there.sort();
    assert_eq!(sources, there);
    assert!(
        sources.len() <= 10,
        "AWS IoT attaches at most 10 policies to a certificate"
    );
}

#[test]
fn a_claim_holder_cannot_take_a_client_id_that_aws_iot_would_misread() {
    let dangerous = [
        "+", "#", "*", "?", "$", "/", "v*", "??????", "a/b", "a*b", "a?b", "a+b", "a#b", "a$b",
        "*a", "?a", "+a", "#a", "/a", "$aws", "a+", "a*", "a/", "",
    ];
    for client_id in dangerous {
        assert!(
            !may_connect(client_id, Reading::Aws),
            "{client_id:?} may connect"
        );
    }
}

#[test]
fn the_worst_client_ids_are_stopped_even_where_the_escapes_are_not_read() {
    for client_id in [
        "+", "#", "*", "?", "v*", "??????", "a/b", "a+b", "a#b", "a*", "victi?", "",
    ] {
        assert!(
            !may_connect(client_id, Reading::Plain),
            "{client_id:?} may connect"
        );
    }
}

#[test]
fn a_claim_holder_must_end_its_client_id_with_a_letter_or_a_digit() {
    for end in (' '..='~').chain(['ü', '\u{1}']) {
        let client_id = format!("sensor{end}");
        assert_eq!(
            may_connect(&client_id, Reading::Aws),
            end.is_ascii_alphanumeric(),
            "{client_id:?}"
        );
    }
}

#[test]
fn ordinary_client_ids_may_connect() {
    let longest = "x".repeat(128);
    for client_id in [
        "a",
        "7",
        "nrf-352656100123456",
        "AA:BB:CC:00:11:22",
        "site_4.pump-2",
        &longest,
    ] {
        for reading in [Reading::Aws, Reading::Plain] {
            assert!(
                may_connect(client_id, reading),
                "{client_id:?} may not connect"
            );
        }
    }
}

#[test]
fn a_claim_holder_reaches_its_own_four_topics() {
    for (action, resource) in [
        ("iot:Publish", "topic/provision/sensor-1/json"),
        ("iot:Publish", "topic/provision/sensor-1/ack"),
        ("iot:Subscribe", "topicfilter/provision/sensor-1/accepted"),
        ("iot:Subscribe", "topicfilter/provision/sensor-1/rejected"),
        ("iot:Receive", "topic/provision/sensor-1/accepted"),
        ("iot:Receive", "topic/provision/sensor-1/rejected"),
    ] {
        assert!(
            claim_allows("sensor-1", action, resource),
            "{action} {resource}"
        );
    }
}

#[test]
fn a_claim_holder_reaches_nothing_else() {
    for (action, resource) in [
        ("iot:Publish", "topic/provision/sensor-2/json"),
        ("iot:Publish", "topic/provision/sensor-1/accepted"),
        ("iot:Publish", "topic/devices/sensor-1/hello"),
        ("iot:Publish", "topic/$aws/things/sensor-1/shadow/update"),
        ("iot:Subscribe", "topicfilter/provision/sensor-2/accepted"),
        ("iot:Subscribe", "topicfilter/provision/+/accepted"),
        ("iot:Subscribe", "topicfilter/provision/#"),
        ("iot:Subscribe", "topicfilter/provision/sensor-1/#"),
        ("iot:Subscribe", "topicfilter/provision/sensor-1/+"),
        ("iot:Subscribe", "topicfilter/#"),
        ("iot:Receive", "topic/provision/sensor-2/accepted"),
        ("iot:Receive", "topic/provision/sensor-1/json"),
        ("iot:Connect", "client/sensor-1/extra"),
    ] {
        assert!(
            !claim_allows("sensor-1", action, resource),
            "{action} {resource}"
        );
    }
}

#[test]
fn the_claim_policies_allow_connecting_and_the_four_topics_and_nothing_more() {
    let place = Place::ordinary();
    let own =
        |kind: &str, leaf: &str| place.arn(&format!("{kind}/provision/${{iot:ClientId}}/{leaf}"));
    let wanted = [
        ("iot:Connect", vec![place.arn("client/*")]),
        (
            "iot:Publish",
            vec![own("topic", "json"), own("topic", "ack")],
        ),
        (
            "iot:Subscribe",
            vec![
                own("topicfilter", "accepted"),
                own("topicfilter", "rejected"),
            ],
        ),
        (
            "iot:Receive",
            vec![own("topic", "accepted"), own("topic", "rejected")],
        ),
    ];
    let policies = claim(&place);
    let allowed: Vec<_> = statements(&policies)
        .into_iter()
        .filter(|statement| statement["Effect"] == "Allow")
        .map(|statement| {
            let resources = list(&statement["Resource"]).into_iter();
            let resources = resources.map(|resource| resource.as_str().unwrap().to_owned());
            (
                statement["Action"].as_str().unwrap(),
                resources.collect::<Vec<_>>(),
            )
        })
        .collect();
    assert_eq!(allowed, wanted);
}

/// What a device in quarantine may do, besides what every device may ask of AWS IoT.
#[test]
fn a_device_in_quarantine_connects_and_rotates_and_does_nothing_else() {
    let place = Place::ordinary();
    let quarantine = [policy("quarantine", &place)];
    let thing = "${iot:Connection.Thing.ThingName}";
    let may = |action: &str, resource: &str| {
        let resource = place.arn(resource);
        allows(&quarantine, "sensor-1", action, &resource, Reading::Aws)
    };
    let templates = "$aws/provisioning-templates";
    for (action, resource) in [
        ("iot:Connect", format!("client/{thing}")),
        ("iot:Subscribe", format!("topicfilter/cmd/{thing}/alerts")),
        ("iot:Receive", format!("topic/cmd/{thing}/alerts")),
        ("iot:Publish", format!("topic/rotate/{thing}/json")),
        ("iot:Publish", format!("topic/rotate/{thing}/ack")),
        (
            "iot:Subscribe",
            format!("topicfilter/rotate/{thing}/accepted"),
        ),
        ("iot:Receive", format!("topic/rotate/{thing}/rejected")),
        (
            "iot:Publish",
            "topic/$aws/certificates/create-from-csr/json".to_owned(),
        ),
        (
            "iot:Publish",
            "topic/$aws/certificates/create/cbor".to_owned(),
        ),
        (
            "iot:Receive",
            "topic/$aws/certificates/create-from-csr/json/accepted".to_owned(),
        ),
        (
            "iot:Subscribe",
            "topicfilter/$aws/certificates/create/json/rejected".to_owned(),
        ),
        (
            "iot:Publish",
            format!("topic/{templates}/plant-7-rotation/provision/json"),
        ),
        (
            "iot:Subscribe",
            format!("topicfilter/{templates}/plant-7-rotation/provision/json/accepted"),
        ),
        (
            "iot:Receive",
            format!("topic/{templates}/plant-7-rotation/provision/cbor/rejected"),
        ),
    ] {
        assert!(may(action, &resource), "{action} {resource}");
    }
    for (action, resource) in [
        ("iot:Connect", "client/sensor-2".to_owned()),
        ("iot:Publish", format!("topic/devices/{thing}/hello")),
        (
            "iot:Subscribe",
            format!("topicfilter/devices/{thing}/orders"),
        ),
        ("iot:Receive", format!("topic/cmd/{thing}/reboot")),
        ("iot:Publish", format!("topic/cmd/{thing}/alerts")),
        ("iot:Receive", "topic/cmd/sensor-2/alerts".to_owned()),
        ("iot:Publish", format!("topic/rotate/{thing}/accepted")),
        ("iot:Publish", "topic/rotate/sensor-2/json".to_owned()),
        ("iot:Publish", format!("topic/provision/{thing}/json")),
        (
            "iot:Publish",
            format!("topic/{templates}/plant-7/provision/json"),
        ),
        (
            "iot:Publish",
            format!("topic/$aws/things/{thing}/shadow/update"),
        ),
        ("iot:AssumeRoleWithCertificate", "rolealias/any".to_owned()),
    ] {
        assert!(!may(action, &resource), "{action} {resource}");
    }
}

#[test]
fn a_device_is_bound_to_its_things_name() {
    let place = Place::ordinary();
    let devices = [policy("device", &place)];
    for statement in statements(&devices) {
        assert_eq!(statement["Effect"], "Allow");
        for resource in list(&statement["Resource"]) {
            let resource = resource.as_str().unwrap();
            assert!(
                resource.contains("${iot:Connection.Thing.ThingName}"),
                "{resource} is everybody's"
            );
        }
    }
}
