//! What operators and their systems are told. It changes no answer: what cannot be told is in the log.

use crate::World;
use muster_documents::Refusal;
use muster_documents::fleet_provisioning::HookRequest;
use muster_onboarding::CloudFailure;
use muster_onboarding::fleets::{serial, timeline_key};
use muster_onboarding::ports::{
    AdmissionLedger, AdmittedDevice, BusEvent, EventBus, NextCertificate, RefusedDevice,
};
use serde_json::json;

/// `mode` of the events of devices that come in by fleet provisioning.
const MODE: &str = "fleet";

impl<L: AdmissionLedger, C, T, D, V, B: EventBus, Q> World<L, C, T, D, V, B, Q> {
    /// The timeline has it already.
    pub(crate) async fn tell_admission(&self, device: &AdmittedDevice) {
        self.tell_bus(&BusEvent {
            name: "DeviceAdmitted",
            detail: json!({
                "serial": device.serial, "clientId": device.client_id, "mode": MODE, "execution": null,
                "thingName": device.serial, "certificateId": device.certificate.id, "fleet": device.fleet,
                "claimCertificateId": device.claim_certificate_id,
            }),
        })
        .await;
    }

    /// The timeline has it already.
    pub(crate) async fn tell_rotation(&self, next: &NextCertificate) {
        self.tell_bus(&BusEvent {
            name: "RotationAdmitted",
            detail: json!({
                "serial": next.serial, "clientId": next.client_id, "mode": MODE, "execution": null,
                "thingName": next.serial, "certificateId": next.certificate.id, "fleet": next.fleet,
                "inForce": next.in_force,
            }),
        })
        .await;
    }

    pub(crate) async fn tell_refusal(&self, now: i64, request: &HookRequest, refusal: Refusal) {
        let event = BusEvent {
            name: "DeviceRejected",
            detail: json!({
                "serial": serial(request).ok(), "clientId": request.client_id, "mode": MODE, "execution": null,
                "code": refusal.code, "message": refusal.message, "templateArn": request.template_arn,
                "claimCertificateId": request.claim_certificate_id,
            }),
        };
        let refused = RefusedDevice {
            ledger_key: timeline_key(request),
            client_id: request.client_id.clone(),
            certificate_id: request.certificate_id.clone(),
            refusal,
            at: now,
        };
        let (recorded, ()) = tokio::join!(
            self.ledger.record_rejection(&refused),
            self.tell_bus(&event)
        );
        lost("the timeline lacks a refusal", recorded);
    }

    async fn tell_bus(&self, event: &BusEvent) {
        lost("the bus lacks an event", self.bus.tell(event).await);
    }
}

fn lost(what: &'static str, result: Result<(), CloudFailure>) {
    if let Err(failure) = result {
        tracing::warn!(target: "muster", cause = %failure, "{what}");
    }
}
