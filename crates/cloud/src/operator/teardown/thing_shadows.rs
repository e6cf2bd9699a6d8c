//! AWS IoT's data plane: all shadows of a thing.

use crate::{Cloud, failure};
use aws_sdk_iotdataplane::Client;
use muster_onboarding::{CloudFailure, FailureKind};

/// The shadows of things, which are kept apart from the registry.
#[derive(Debug, Clone)]
pub struct AllShadows {
    client: Client,
}

impl AllShadows {
    /// Those of this account and region, through its default endpoint.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: Client::new(&cloud.config),
        }
    }

    /// Deletes the classic shadow of a thing and all that have names. Done already is done.
    pub async fn delete(&self, thing: &str) -> Result<(), CloudFailure> {
        for name in self.names(thing).await? {
            self.delete_one(thing, Some(name)).await?;
        }
        self.delete_one(thing, None).await
    }

    async fn names(&self, thing: &str) -> Result<Vec<String>, CloudFailure> {
        let (mut names, mut after) = (Vec::new(), None);
        loop {
            let page = self
                .client
                .list_named_shadows_for_thing()
                .thing_name(thing)
                .set_next_token(after.take())
                .send()
                .await
                .map_err(|error| failure("iot:ListNamedShadowsForThing", error));
            let page = match page {
                Err(error) if error.kind == FailureKind::NotFound => return Ok(names),
                page => page?,
            };
            names.extend(page.results.unwrap_or_default());
            after = page.next_token;
            if after.is_none() {
                return Ok(names);
            }
        }
    }

    async fn delete_one(&self, thing: &str, name: Option<String>) -> Result<(), CloudFailure> {
        let deleted = self
            .client
            .delete_thing_shadow()
            .thing_name(thing)
            .set_shadow_name(name)
            .send()
            .await
            .map_err(|error| failure("iot:DeleteThingShadow", error));
        CloudFailure::unless_not_found(deleted.map(drop))
    }
}
