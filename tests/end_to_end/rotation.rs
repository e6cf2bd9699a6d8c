//! Certificates are renewed, and no device is ever locked out.

mod fleets_template;
mod operator;
mod yard;
