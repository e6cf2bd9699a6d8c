//! The name in a certificate, from what a caller asks for.

use muster_documents::CsrSubjects;
use muster_pki::CaSubject;

/// The name that is asked for. Fields that are empty are left out; the common name is then `otherwise`.
pub fn subject(asked: CsrSubjects, otherwise: impl FnOnce() -> String) -> CaSubject {
    let filled = |text: String| Some(text).filter(|text| !text.is_empty());
    CaSubject {
        common_name: filled(asked.common_name).unwrap_or_else(otherwise),
        country: filled(asked.country_name),
        state: filled(asked.state_name),
        locality: filled(asked.locality_name),
        organization: filled(asked.organization_name),
        organizational_unit: filled(asked.organization_unit_name),
    }
}
