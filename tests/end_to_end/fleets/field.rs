//! A fleet in the field.

use super::set_up;
use super::unpacked::Unpacked;
use crate::support::Stack;
use aws_sdk_iot::types::CertificateStatus;
use edge_client::FleetConfig;
use serde_json::Value;

/// A stack with one fleet, and its bundle.
pub struct Field {
    pub stack: Stack,
    pub unpacked: Unpacked,
}

impl Field {
    pub async fn with(settings: Value) -> Self {
        Self::on(Stack::start(&[]).await, settings).await
    }

    /// On a stack of its own.
    pub async fn on(stack: Stack, settings: Value) -> Self {
        let fleet = set_up(&stack, &settings).await.unwrap();
        let model = fleet.bundles[0].model.as_ref().map(ToString::to_string);
        let unpacked = Unpacked::of(&stack, &fleet, model.as_deref()).await;
        Self { stack, unpacked }
    }

    /// A device that is new.
    pub fn device(&self, serial: &str) -> FleetConfig {
        self.unpacked.device(serial, serial)
    }

    /// The certificates that are in force, claim certificates aside.
    pub async fn in_force(&self) -> Vec<String> {
        let claims = self.stack.target.claims().unwrap().list().await.unwrap();
        let mut active = Vec::new();
        for id in self.stack.certificates().await {
            let described = self.stack.iot().describe_certificate().certificate_id(&id);
            let described = described.send().await.unwrap();
            let status = described.certificate_description().unwrap().status();
            let is_claim = claims.iter().any(|claim| claim.certificate_id == id);
            if !is_claim && status == Some(&CertificateStatus::Active) {
                active.push(id);
            }
        }
        active.sort();
        active
    }

    /// The codes with which a device was refused, as the operator sees them.
    pub async fn codes(&self, serial: &str) -> Vec<String> {
        let (_, timeline) = self.stack.show(serial).await;
        timeline
            .into_iter()
            .filter_map(|entry| entry.code)
            .collect()
    }
}
