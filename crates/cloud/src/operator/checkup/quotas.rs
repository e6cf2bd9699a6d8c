//! What AWS allows an account.

use super::Checkup;
use crate::failure;
use aws_sdk_servicequotas::types::ServiceQuota;
use muster_onboarding::{CloudFailure, FailureKind};

/// As many quotas as a page may have.
const PAGE: i32 = 100;

/// One of a service's quotas.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// `L-…`, by which an increase is requested.
    pub code: String,
    /// As AWS names it.
    pub name: String,
    /// In whatever the quota counts.
    pub value: f64,
    /// Whether Service Quotas takes a request for more; else it is a support case.
    pub adjustable: bool,
}

impl Checkup {
    /// What holds for the account in this region: those quotas of a service for which AWS has a value of the account's own. The
    /// others are at their defaults. None of a service that Service Quotas does not know here.
    pub async fn applied_quotas(&self, service: &str) -> Result<Vec<Quota>, CloudFailure> {
        let listed = self.service_quotas.list_service_quotas();
        let listed = listed.service_code(service).max_results(PAGE);
        let listed = listed.into_paginator().items().send().try_collect().await;
        read(listed.map_err(|error| failure("servicequotas:ListServiceQuotas", error)))
    }

    /// What AWS allows by default in this region, of which not all regions have the same. None of a service that Service Quotas
    /// does not know here.
    pub async fn default_quotas(&self, service: &str) -> Result<Vec<Quota>, CloudFailure> {
        let listed = self.service_quotas.list_aws_default_service_quotas();
        let listed = listed.service_code(service).max_results(PAGE);
        let listed = listed.into_paginator().items().send().try_collect().await;
        read(listed.map_err(|error| failure("servicequotas:ListAWSDefaultServiceQuotas", error)))
    }
}

/// Without those of which AWS cannot say the value.
fn read(listed: Result<Vec<ServiceQuota>, CloudFailure>) -> Result<Vec<Quota>, CloudFailure> {
    let listed = match listed {
        Err(error) if error.kind == FailureKind::NotFound => Vec::new(),
        listed => listed?,
    };
    let read = listed.into_iter().filter_map(|quota| {
        Some(Quota {
            code: quota.quota_code?,
            name: quota.quota_name?,
            value: quota.value?,
            adjustable: quota.adjustable,
        })
    });
    Ok(read.collect())
}
