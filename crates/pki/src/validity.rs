//! The time in which a certificate is valid (RFC 5280, section 4.1.2.5).

use rcgen::CertificateParams;
use x509_parser::time::ASN1Time;

use crate::ca_error::CaError;

/// 1950-01-01T00:00:00Z, the first second that RFC 5280 has a form for.
const FIRST_UNIX: i64 = -631_152_000;
/// 9999-12-31T23:59:59Z, which says that there is no end.
const LAST_UNIX: i64 = 253_402_300_799;

/// The first and the last second of a certificate, in seconds since 1970-01-01T00:00:00Z. Certificates can be valid
/// from 1950 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second in which the certificate is valid.
    pub not_before_unix: i64,
    /// The last second in which it is valid.
    pub not_after_unix: i64,
}

/// How far back certificates begin, in seconds: clocks differ.
const CLOCK_SKEW: i64 = 300;
const DAY: i64 = 86_400;

impl Validity {
    /// So many days from now on, in seconds since 1970, and the five minutes before.
    pub fn of_days(now_unix: i64, days: i64) -> Self {
        Self {
            not_before_unix: now_unix - CLOCK_SKEW,
            not_after_unix: now_unix + days * DAY,
        }
    }

    /// The part of this time that lies in the other.
    pub(crate) fn within(self, outer: Self) -> Result<Self, CaError> {
        self.check()?;
        let cut = Self {
            not_before_unix: self.not_before_unix.max(outer.not_before_unix),
            not_after_unix: self.not_after_unix.min(outer.not_after_unix),
        };
        cut.check().map_err(|_| CaError::OutsideCaValidity)?;
        Ok(cut)
    }

    /// Makes it the validity of the certificate that these are for.
    pub(crate) fn set(self, params: &mut CertificateParams) -> Result<(), CaError> {
        self.check()?;
        let time = |unix| ASN1Time::from_timestamp(unix).map_err(|_| CaError::Validity);
        params.not_before = time(self.not_before_unix)?.to_datetime();
        params.not_after = time(self.not_after_unix)?.to_datetime();
        Ok(())
    }

    fn check(self) -> Result<(), CaError> {
        let ordered = self.not_before_unix <= self.not_after_unix;
        let written = self.not_before_unix >= FIRST_UNIX && self.not_after_unix <= LAST_UNIX;
        (ordered && written).then_some(()).ok_or(CaError::Validity)
    }
}
