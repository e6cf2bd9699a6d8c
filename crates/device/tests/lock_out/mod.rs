//! Whatever happens to a device while it rotates, it is not locked out.

mod crashes;
mod schedules;
