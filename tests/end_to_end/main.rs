//! Real devices over mutual TLS, through the deployed template, on local stacks of the tests' own.

mod player;
mod attacks;
mod packets;
mod provisioning;
mod refusals;
mod support;
mod workflow;
