//! The ways on which a device comes by its certificates, and with what settings.

use crate::claim::Claim;
use crate::device::{Device, Purpose};
use crate::fleet::Fleet;
use crate::vending::Vending;
use crate::way::Way;
use crate::{Entropy, FleetDeviceSettings, Held, Settings, VendingSettings};
use std::time::Duration;

/// The way on which a device comes by its first certificate.
#[derive(Debug, Clone)]
pub enum Route {
    /// Muster's claim provisioning.
    Claim(Settings),
    /// AWS IoT's fleet provisioning.
    Fleet(FleetDeviceSettings),
    /// Vending over HTTPS, with a token.
    Vending(VendingSettings),
}

/// The way on which a device replaces its certificate: [`Settings::rotation`] and [`FleetDeviceSettings::rotation`]
/// make it.
#[derive(Debug, Clone)]
pub struct RotationRoute(pub(crate) Route);

impl From<Settings> for Route {
    fn from(settings: Settings) -> Self {
        Self::Claim(settings)
    }
}

impl From<FleetDeviceSettings> for Route {
    fn from(settings: FleetDeviceSettings) -> Self {
        Self::Fleet(settings)
    }
}

impl From<VendingSettings> for Route {
    fn from(settings: VendingSettings) -> Self {
        Self::Vending(settings)
    }
}

impl Route {
    pub(crate) fn device(
        &self,
        purpose: Purpose,
        held: Held,
        entropy: Box<dyn Entropy + Send>,
        now: Duration,
    ) -> Device {
        let (client_id, thing_name, timings) = match self {
            Self::Claim(settings) => (&settings.client_id, &settings.thing_name, &settings.timings),
            Self::Fleet(settings) => (&settings.client_id, &settings.serial, &settings.timings),
            Self::Vending(settings) => (&settings.client_id, &settings.serial, &settings.timings),
        };
        let names = (client_id.clone(), thing_name.clone());
        Device::new(purpose, names, timings.clone(), held, entropy, now)
    }

    pub(crate) fn way(self) -> Box<dyn Way + Send> {
        match self {
            Self::Claim(settings) => Box::new(Claim::new(settings)),
            Self::Fleet(settings) => Box::new(Fleet::new(settings)),
            Self::Vending(settings) => Box::new(Vending::new(settings)),
        }
    }
}
