//! The name of who a certificate is about (RFC 5280, section 4.1.2.6).

use rcgen::string::PrintableString;
use rcgen::{DistinguishedName, DnType, DnValue};

use crate::key::MAX_COMMON_NAME_CHARACTERS;

/// Why a name cannot stand in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// The common name is empty, or nothing but white space.
    #[error("The common name is empty; a certificate needs one.")]
    NoCommonName,
    /// A field has more characters than RFC 5280 (appendix A.1) allows.
    #[error("The {field} has {characters} characters; a certificate's can have {most}.")]
    TooLong {
        /// The field, as people call it.
        field: &'static str,
        /// The characters it has.
        characters: usize,
        /// The most that it may have.
        most: usize,
    },
    /// A field holds a line end, a tab or another control character.
    #[error("The {field} holds a control character, such as a line end or a tab.")]
    ControlCharacter {
        /// The field, as people call it.
        field: &'static str,
    },
    /// The country is not two letters from A to Z.
    #[error("The country has to be the two letters of ISO 3166, such as DE.")]
    Country,
}

/// The name of a certificate authority, or of a device that one certifies. Optional fields that are empty are left out
/// of the certificate. Lengths are in characters (RFC 5280, appendix A.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaSubject {
    /// Its common name: 1 to 64 characters.
    pub common_name: String,
    /// The country's two letters (ISO 3166).
    pub country: Option<String>,
    /// The state or province: at most 128 characters.
    pub state: Option<String>,
    /// The city: at most 128 characters.
    pub locality: Option<String>,
    /// The organization: at most 64 characters.
    pub organization: Option<String>,
    /// The unit of the organization: at most 64 characters.
    pub organizational_unit: Option<String>,
}

impl CaSubject {
    /// Whether a certificate can carry the name.
    ///
    /// # Errors
    /// [`SubjectError`], which names the first field that is wrong.
    pub fn validate(&self) -> Result<(), SubjectError> {
        self.distinguished_name().map(|_| ())
    }

    /// The name from the country down to the common name, which is the order that RFC 4514 reads backwards.
    pub(crate) fn distinguished_name(&self) -> Result<DistinguishedName, SubjectError> {
        if self.common_name.trim().is_empty() {
            return Err(SubjectError::NoCommonName);
        }
        let mut name = DistinguishedName::new();
        if let Some(country) = filled(self.country.as_deref()) {
            name.push(DnType::CountryName, country_code(country)?);
        }
        let state = DnType::StateOrProvinceName;
        let unit = DnType::OrganizationalUnitName;
        let fields = [
            ("state", 128, state, self.state.as_deref()),
            (
                "locality",
                128,
                DnType::LocalityName,
                self.locality.as_deref(),
            ),
            (
                "organization",
                64,
                DnType::OrganizationName,
                self.organization.as_deref(),
            ),
            (
                "organizational unit",
                64,
                unit,
                self.organizational_unit.as_deref(),
            ),
            (
                "common name",
                MAX_COMMON_NAME_CHARACTERS,
                DnType::CommonName,
                Some(self.common_name.as_str()),
            ),
        ];
        for (field, most, kind, value) in fields {
            if let Some(value) = filled(value) {
                check(field, most, value)?;
                name.push(kind, value);
            }
        }
        Ok(name)
    }
}

/// The field's text, unless it is empty or nothing but white space.
fn filled(value: Option<&str>) -> Option<&str> {
    value.filter(|value| !value.trim().is_empty())
}

/// The country, which is the one field that RFC 5280 has no UTF-8 in.
fn country_code(country: &str) -> Result<DnValue, SubjectError> {
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(SubjectError::Country);
    }
    PrintableString::try_from(country)
        .map(DnValue::PrintableString)
        .map_err(|_| SubjectError::Country)
}

fn check(field: &'static str, most: usize, value: &str) -> Result<(), SubjectError> {
    if value.chars().any(char::is_control) {
        return Err(SubjectError::ControlCharacter { field });
    }
    match value.chars().count() {
        characters if characters > most => Err(SubjectError::TooLong {
            field,
            characters,
            most,
        }),
        _ => Ok(()),
    }
}
