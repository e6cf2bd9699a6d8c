//! Certificates are renewed, and no device is ever locked out.

mod chunked;
mod fleets_template;
mod yard;
