//! Things of the account that Muster need not know.

use crate::{Cloud, failure};
use aws_sdk_iot::Client;
use aws_sdk_iot::operation::list_things::builders::ListThingsFluentBuilder;
use muster_documents::Serial;
use muster_onboarding::{CloudFailure, FailureKind};
use std::collections::HashMap;

/// As many things as a page of AWS IoT's has.
const PAGE: i32 = 250;

/// How many things of a certificate are named. Two are enough to know that it is shared, and where it is that of a whole fleet,
/// all would be read for each of its things.
const NAMED: usize = 4;

/// Which things are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// Those of the account and region.
    All,
    /// Those of a thing type.
    OfType(String),
    /// Those with an attribute of this value.
    With {
        /// The attribute.
        attribute: String,
        /// Its value.
        value: String,
    },
    /// Those in a thing group itself; those of its children are not.
    InGroup(String),
}

/// A thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// Its attributes.
    pub attributes: HashMap<String, String>,
    /// Whether it has a thing type.
    pub has_type: bool,
    /// The ids of the certificates that are attached to it.
    pub certificate_ids: Vec<String>,
}

/// The things of the account and region.
#[derive(Debug, Clone)]
pub struct Things {
    client: Client,
}

impl Things {
    /// Those of the account and region of `cloud`.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: Client::new(&cloud.config),
        }
    }

    /// The names of these things.
    pub async fn names(&self, listed: &Listed) -> Result<Vec<String>, CloudFailure> {
        let things = self.client.list_things().max_results(PAGE);
        match listed {
            Listed::All => names_of(things).await,
            Listed::OfType(of) => names_of(things.thing_type_name(of)).await,
            Listed::With { attribute, value } => {
                names_of(things.attribute_name(attribute).attribute_value(value)).await
            }
            Listed::InGroup(group) => self.names_in_group(group).await,
        }
    }

    async fn names_in_group(&self, group: &str) -> Result<Vec<String>, CloudFailure> {
        let mut listed = self
            .client
            .list_things_in_thing_group()
            .thing_group_name(group)
            .max_results(PAGE)
            .into_paginator()
            .items()
            .send();
        let mut names = Vec::new();
        while let Some(name) = listed.next().await {
            names.push(name.map_err(|error| failure("iot:ListThingsInThingGroup", error))?);
        }
        Ok(names)
    }

    /// A thing, and what is attached to it; `None` if there is none of this name.
    pub async fn thing(&self, name: &Serial) -> Result<Option<Thing>, CloudFailure> {
        let described = self.client.describe_thing().thing_name(name.as_str());
        let described = described.send().await;
        let described = match described.map_err(|error| failure("iot:DescribeThing", error)) {
            Err(error) if error.kind == FailureKind::NotFound => return Ok(None),
            other => other?,
        };
        let mut principals = self
            .client
            .list_thing_principals()
            .thing_name(name.as_str())
            .into_paginator()
            .items()
            .send();
        let mut certificate_ids = Vec::new();
        while let Some(principal) = principals.next().await {
            let arn = principal.map_err(|error| failure("iot:ListThingPrincipals", error))?;
            // What else may be attached are identities of Cognito.
            let id = arn.rsplit_once(":cert/").map(|(_, id)| id.to_owned());
            certificate_ids.extend(id);
        }
        Ok(Some(Thing {
            attributes: described.attributes.unwrap_or_default(),
            has_type: described.thing_type_name.is_some(),
            certificate_ids,
        }))
    }

    /// The names of the things that a certificate is attached to, or of four of them: whether it is another's, too, and some of
    /// whose.
    pub async fn things_of(&self, certificate_arn: &str) -> Result<Vec<String>, CloudFailure> {
        let mut listed = self
            .client
            .list_principal_things()
            .principal(certificate_arn)
            .into_paginator()
            .items()
            .send();
        let mut names = Vec::new();
        while names.len() < NAMED
            && let Some(name) = listed.next().await
        {
            names.push(name.map_err(|error| failure("iot:ListPrincipalThings", error))?);
        }
        Ok(names)
    }
}

async fn names_of(things: ListThingsFluentBuilder) -> Result<Vec<String>, CloudFailure> {
    let mut listed = things.into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(thing) = listed.next().await {
        let thing = thing.map_err(|error| failure("iot:ListThings", error))?;
        names.extend(thing.thing_name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::played::play_json;
    use serde_json::json;

    #[tokio::test]
    async fn of_a_certificate_that_a_fleet_shares_four_things_are_named_whatever_page_they_are_on()
    {
        let pages = [
            json!({ "things": [], "nextToken": "1" }),
            json!({ "things": ["a-1", "a-2"], "nextToken": "2" }),
            json!({ "things": ["a-3", "a-4", "a-5"], "nextToken": "3" }),
        ];
        let (cloud, _) = play_json(pages.map(|page| (200, page)).into()).await;
        let named = Things::new(&cloud).things_of("arn").await.unwrap();
        assert_eq!(named, ["a-1", "a-2", "a-3", "a-4"]);
    }
}
