//! AWS IoT's certificates and things.

use crate::cloud::{Cloud, failure};
use muster_documents::Serial;
use muster_documents::tasks::Verdict;
use muster_onboarding::ports::{
    CertificateActivation, CertificateRemover, CertificateSwitch, DatedThings,
};
use muster_onboarding::rotation::Day;
use muster_onboarding::{CloudFailure, FailureKind};

impl CertificateSwitch for Cloud {
    async fn deactivate_certificate(&self, certificate_id: &str) -> Result<(), CloudFailure> {
        self.call(|state| {
            if let Some(active) = state.registered.get_mut(certificate_id) {
                *active = false;
            }
            Ok(())
        })
        .await
    }
}

impl CertificateActivation for Cloud {
    async fn settle(&self, certificate_id: &str, verdict: Verdict) -> Result<(), CloudFailure> {
        assert_eq!(verdict, Verdict::Activate);
        self.call(|state| {
            let active = state.registered.get_mut(certificate_id);
            *active.ok_or_else(|| failure(FailureKind::NotFound))? = true;
            Ok(())
        })
        .await
    }
}

impl CertificateRemover for Cloud {
    async fn take_away(
        &self,
        _thing: &Serial,
        certificate_id: &str,
        _certificate_arn: &str,
    ) -> Result<(), CloudFailure> {
        self.call(|state| {
            state.registered.remove(certificate_id);
            Ok(())
        })
        .await
    }
}

impl DatedThings for Cloud {
    async fn date_thing(&self, _thing: &Serial, day: Day) -> Result<(), CloudFailure> {
        self.call(|state| {
            state.thing_date = Some(day);
            Ok(())
        })
        .await
    }
}
