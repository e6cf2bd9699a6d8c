//! CloudFormation: a stack with its parts, there or deleted, and its end.

use crate::{Cloud, failure};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::{ResourceStatus, Stack, StackEvent, StackStatus};
use muster_onboarding::CloudFailure;
use std::collections::BTreeMap;
use std::fmt::Debug;

/// What the statuses of a stack begin with whose deletion was begun. It may list what it still has, and no more.
const DELETED: &str = "DELETE_";

/// A stack, or what CloudFormation remembers of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundStack {
    /// Its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// As CloudFormation names it, `CREATE_COMPLETE` for example.
    pub status: String,
    /// Why it has this status, if that is said.
    pub reason: Option<String>,
    /// Whether it is protected from being deleted.
    pub protected: bool,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// What it is made of. Of a deleted one, what it was made of.
    pub parts: Vec<StackPart>,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackPart {
    /// What the template calls it.
    pub logical_id: String,
    /// Its type, `AWS::SQS::Queue` for example.
    pub kind: String,
    /// What the service calls it; empty if it was never made.
    pub physical_id: String,
    /// As CloudFormation names it.
    pub status: String,
    /// Why it has this status, if that is said.
    pub reason: Option<String>,
}

impl FoundStack {
    /// The account that it is in.
    pub fn account(&self) -> &str {
        self.id.split(':').nth(4).unwrap_or_default()
    }

    /// The region that it is in.
    pub fn region(&self) -> &str {
        self.id.split(':').nth(3).unwrap_or_default()
    }

    /// Whether it is deleted. What it was to leave behind may be there.
    pub fn is_deleted(&self) -> bool {
        self.status == StackStatus::DeleteComplete.as_str()
    }

    /// What the service calls the resource of this name and type; `None` if the stack has made none.
    pub fn part(&self, logical_id: &str, kind: &str) -> Option<&str> {
        let found = self.parts.iter().find(|part| part.logical_id == logical_id);
        let found = found.filter(|part| part.kind == kind && !part.physical_id.is_empty());
        found.map(|part| &*part.physical_id)
    }

    /// What the services call all resources of a type.
    pub fn parts_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        let made = self
            .parts
            .iter()
            .filter(|part| !part.physical_id.is_empty());
        made.filter(move |part| part.kind == kind)
            .map(|part| &*part.physical_id)
    }
}

/// The stacks of an account and region.
#[derive(Debug, Clone)]
pub struct Stacks {
    client: Client,
}

impl Stacks {
    /// Those of this account and region.
    pub fn new(cloud: &Cloud) -> Self {
        Self {
            client: Client::new(&cloud.config),
        }
    }

    /// The stack of this name; the last one that was deleted, if there is none. CloudFormation remembers deleted ones for 90
    /// days.
    pub async fn find(&self, name: &str) -> Result<Option<FoundStack>, CloudFailure> {
        if let Some(found) = self.look(name).await? {
            return Ok(Some(found));
        }
        match self.last_deleted(name).await? {
            Some(id) => self.look(&id).await,
            None => Ok(None),
        }
    }

    /// How a stack stands now, by its ARN or, unless it is deleted, its name.
    pub async fn look(&self, stack: &str) -> Result<Option<FoundStack>, CloudFailure> {
        let Some(described) = self.describe(stack).await? else {
            return Ok(None);
        };
        let mut found = found(described);
        found.parts = if found.status.starts_with(DELETED) {
            self.parts_that_were(&found.id).await?
        } else {
            self.parts(&found.id).await?
        };
        Ok(Some(found))
    }

    /// Has a stack deleted. That takes its time.
    pub async fn delete(&self, id: &str) -> Result<(), CloudFailure> {
        let begun = self.client.delete_stack().stack_name(id).send().await;
        begun
            .map(drop)
            .map_err(|error| failure("cloudformation:DeleteStack", error))
    }

    async fn describe(&self, name: &str) -> Result<Option<Stack>, CloudFailure> {
        let described = self.client.describe_stacks().stack_name(name).send().await;
        match described {
            Ok(described) => Ok(described.stacks.unwrap_or_default().into_iter().next()),
            Err(error) if is_unknown(&error) => Ok(None),
            Err(error) => Err(failure("cloudformation:DescribeStacks", error)),
        }
    }

    async fn parts(&self, name: &str) -> Result<Vec<StackPart>, CloudFailure> {
        let mut listed = self
            .client
            .list_stack_resources()
            .stack_name(name)
            .into_paginator()
            .items()
            .send();
        let mut parts = Vec::new();
        while let Some(one) = listed.next().await {
            let one = one.map_err(|error| failure("cloudformation:ListStackResources", error))?;
            let status = one.resource_status.as_ref().map(ResourceStatus::as_str);
            parts.push(StackPart {
                status: status.unwrap_or_default().to_owned(),
                logical_id: one.logical_resource_id.unwrap_or_default(),
                kind: one.resource_type.unwrap_or_default(),
                physical_id: one.physical_resource_id.unwrap_or_default(),
                reason: one.resource_status_reason,
            });
        }
        Ok(parts)
    }

    async fn last_deleted(&self, name: &str) -> Result<Option<String>, CloudFailure> {
        let mut listed = self
            .client
            .list_stacks()
            .stack_status_filter(StackStatus::DeleteComplete)
            .into_paginator()
            .items()
            .send();
        let mut last = None;
        while let Some(one) = listed.next().await {
            let one = one.map_err(|error| failure("cloudformation:ListStacks", error))?;
            if one.stack_name() == Some(name) {
                let made = one
                    .creation_time()
                    .map(aws_sdk_cloudformation::primitives::DateTime::secs);
                last = last.max(made.zip(one.stack_id));
            }
        }
        Ok(last.map(|(_, id)| id))
    }

    /// From what happened to a stack: each resource as it was left.
    async fn parts_that_were(&self, id: &str) -> Result<Vec<StackPart>, CloudFailure> {
        let mut listed = self
            .client
            .describe_stack_events()
            .stack_name(id)
            .into_paginator()
            .items()
            .send();
        let mut parts = BTreeMap::new();
        // The newest come first.
        while let Some(event) = listed.next().await {
            let event =
                event.map_err(|error| failure("cloudformation:DescribeStackEvents", error))?;
            if let Some(part) = part_of(event) {
                parts.entry(part.logical_id.clone()).or_insert(part);
            }
        }
        Ok(parts.into_values().collect())
    }
}

fn part_of(event: StackEvent) -> Option<StackPart> {
    let kind = event.resource_type?;
    if kind == "AWS::CloudFormation::Stack" {
        return None;
    }
    let status = event.resource_status.as_ref().map(ResourceStatus::as_str);
    Some(StackPart {
        status: status.unwrap_or_default().to_owned(),
        logical_id: event.logical_resource_id?,
        kind,
        physical_id: event.physical_resource_id.unwrap_or_default(),
        reason: event.resource_status_reason,
    })
}

fn found(stack: Stack) -> FoundStack {
    let outputs = stack.outputs.unwrap_or_default().into_iter();
    let status = stack.stack_status.as_ref().map(StackStatus::as_str);
    FoundStack {
        status: status.unwrap_or_default().to_owned(),
        id: stack.stack_id.unwrap_or_default(),
        name: stack.stack_name.unwrap_or_default(),
        reason: stack.stack_status_reason,
        protected: stack.enable_termination_protection.unwrap_or_default(),
        outputs: outputs
            .filter_map(|output| Some((output.output_key?, output.output_value?)))
            .collect(),
        parts: Vec::new(),
    }
}

/// CloudFormation has no error of its own for a stack that is not there.
fn is_unknown<E: ProvideErrorMetadata + Debug, R: Debug>(error: &SdkError<E, R>) -> bool {
    let error = error.as_service_error().map(ProvideErrorMetadata::meta);
    error.is_some_and(|error| {
        error.code() == Some("ValidationError")
            && error
                .message()
                .is_some_and(|message| message.ends_with("does not exist"))
    })
}
