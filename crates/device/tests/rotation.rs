//! Devices that replace their certificates, in whatever weather.

mod lock_out;
mod support;
