//! Real devices over mutual TLS, through the deployed template, on local stacks of the tests' own.

mod alarms;
mod api;
mod attacks;
mod authorities;
mod demo;
mod dlq;
mod doctor;
mod fleets;
mod hook;
mod jitp;
mod jitr;
mod leaks;
mod metrics;
mod packets;
mod player;
mod provisioning;
mod reconciliation;
mod redelivery;
mod redeploy;
mod refusals;
mod rotation;
mod support;
mod teardown;
mod vending;
mod ways;
mod workflow;
