//! Checks of what no compiler sees. They read the repository's files and need neither network nor AWS.

mod alarms;
mod all_resources;
mod api;
mod arrows;
mod dead_letters;
mod device_api;
mod documents;
mod environment;
mod error_names;
mod glob;
mod ledger;
mod log_fields;
mod metrics;
mod permissions;
mod pipeline;
mod pipeline_roles;
mod policies;
mod policy;
mod repository;
mod roles;
mod schema;
mod stems;
mod template;
mod text;
mod topic_rules;
mod workflows;
