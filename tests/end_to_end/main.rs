//! Real devices over mutual TLS, through the deployed template, on local stacks of the tests' own.

mod provisioning;
mod support;
