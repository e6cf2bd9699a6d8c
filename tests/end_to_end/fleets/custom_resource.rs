//! A fleet as a custom resource of CloudFormation: made, changed and deleted with its stack, and always answered.

use super::account::account;
use super::{set_up, slow_down};
use crate::support::{Stack, wait_until};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{Stack as Deployed, StackStatus};
use serde_json::{Value, json};

/// The stack with the resource.
const NAME: &str = "plant";

struct Formation<'a> {
    client: Client,
    stack: &'a Stack,
}

impl<'a> Formation<'a> {
    fn of(stack: &'a Stack) -> Self {
        Self {
            client: Client::new(&stack.target.cloud.config),
            stack,
        }
    }

    fn template(&self, mut properties: Value) -> String {
        properties["ServiceToken"] = json!(self.stack.output("FleetGeneratorFunctionArn"));
        let fleet = json!({ "Type": "Custom::Fleet", "Properties": properties });
        let output = json!({ "Value": { "Fn::GetAtt": ["Fleet", "ClaimCertificateId"] } });
        json!({ "Resources": { "Fleet": fleet }, "Outputs": { "Claim": output } }).to_string()
    }

    async fn create(&self, properties: Value) -> Deployed {
        let created = self.client.create_stack().stack_name(NAME);
        let created = created.template_body(self.template(properties)).send();
        created.await.unwrap();
        self.settled().await
    }

    async fn update(&self, properties: Value) -> Deployed {
        let updated = self.client.update_stack().stack_name(NAME);
        let updated = updated.template_body(self.template(properties)).send();
        updated.await.unwrap();
        self.settled().await
    }

    async fn delete(&self) {
        let deleted = self.client.delete_stack().stack_name(NAME).send();
        deleted.await.unwrap();
        wait_until("the stack to be gone", || async {
            match self.describe().await {
                None => Some(()),
                Some(stack) => {
                    let status = stack.stack_status();
                    assert_ne!(status, Some(&StackStatus::DeleteFailed), "{stack:?}");
                    (status == Some(&StackStatus::DeleteComplete)).then_some(())
                }
            }
        })
        .await;
    }

    async fn describe(&self) -> Option<Deployed> {
        let described = self.client.describe_stacks().stack_name(NAME).send();
        described.await.ok()?.stacks().first().cloned()
    }

    async fn settled(&self) -> Deployed {
        wait_until("the stack to settle", || async {
            let stack = self.describe().await?;
            let status = stack.stack_status()?.as_str().to_owned();
            (!status.ends_with("IN_PROGRESS")).then_some(stack)
        })
        .await
    }
}

fn claim_of(stack: &Deployed) -> &str {
    stack.outputs()[0].output_value().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_comes_changes_and_goes_with_its_stack() {
    let stack = Stack::start(&[]).await;
    let before = account(&stack).await;
    let formation = Formation::of(&stack);
    let first = json!({ "TemplateName": "gateways", "Models": ["a"], "ClaimLifetimeDays": 30 });
    let made = formation.create(first.clone()).await;
    assert_eq!(
        made.stack_status(),
        Some(&StackStatus::CreateComplete),
        "{made:?}"
    );
    let now = account(&stack).await;
    assert!(now.contains_key("file bundles/gateways/a.zip"));
    assert!(now.contains_key(&format!("certificate {}", claim_of(&made))));

    let second = json!({ "TemplateName": "gateways", "Models": ["a", { "Name": "b" }] });
    let changed = formation.update(second).await;
    assert_eq!(
        changed.stack_status(),
        Some(&StackStatus::UpdateComplete),
        "{changed:?}"
    );
    assert_eq!(claim_of(&changed), claim_of(&made));
    assert!(
        account(&stack)
            .await
            .contains_key("file bundles/gateways/b.zip")
    );

    let renamed = formation.update(json!({ "TemplateName": "sensors" })).await;
    assert_eq!(
        renamed.stack_status(),
        Some(&StackStatus::UpdateComplete),
        "{renamed:?}"
    );
    wait_until("the fleet of the old name to be gone", || async {
        let now = account(&stack).await;
        (!now.contains_key("template gateways")).then_some(())
    })
    .await;
    assert!(account(&stack).await.contains_key("template sensors"));

    formation.delete().await;
    assert_eq!(account(&stack).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_that_fails_says_why_at_once_and_takes_nobodys_fleet_away() {
    let stack = Stack::start(&[]).await;
    set_up(&stack, &json!({ "templateName": "theirs" }))
        .await
        .unwrap();
    let before = account(&stack).await;
    for (properties, said) in [
        (json!({ "TemplateName": "theirs" }), "FleetTaken"),
        (json!({ "TemplateName": "a b" }), "InputInvalid"),
        (json!({}), "InputInvalid"),
        (
            json!({ "TemplateName": "f", "GreengrassV2": true }),
            "FleetInvalid",
        ),
    ] {
        let formation = Formation::of(&stack);
        let failed = formation.create(properties).await;
        let status = failed.stack_status().unwrap().as_str();
        assert!(
            status.starts_with("ROLLBACK") || status.ends_with("FAILED"),
            "{status}"
        );
        let events = formation.client.describe_stack_events().stack_name(NAME);
        let events = events.send().await.unwrap();
        let reasons: Vec<_> = events
            .stack_events()
            .iter()
            .filter_map(|event| event.resource_status_reason())
            .collect();
        assert!(
            reasons.iter().any(|reason| reason.contains(said)),
            "{said}: {reasons:?}"
        );
        formation.delete().await;
        assert_eq!(account(&stack).await, before, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_that_is_deleted_while_its_fleet_is_changed_waits_for_it() {
    let stack = Stack::start(&[]).await;
    let before = account(&stack).await;
    let formation = Formation::of(&stack);
    formation
        .create(json!({ "TemplateName": "gateways" }))
        .await;
    slow_down(&stack, 6).await;
    let change = json!({ "templateName": "gateways", "models": ["a"] });
    let changed = async {
        let changed = set_up(&stack, &change).await;
        assert!(changed.is_ok(), "{changed:?}");
    };
    let deleted = async {
        wait_until("the change to be under way", || async {
            let fleet = account(&stack).await;
            fleet["item fleets gateways"]
                .contains("changing")
                .then_some(())
        })
        .await;
        formation.delete().await;
    };
    tokio::join!(changed, deleted);
    assert_eq!(account(&stack).await, before);
}
