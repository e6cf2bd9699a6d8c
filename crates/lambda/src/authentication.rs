//! Who may come in with a token, and how often anybody may try. The work is the same for a serial that has none, one that nobody has issued a token for, and
//! one whose token is another.

use crate::error::NamedError;
use muster_documents::Serial;
use muster_onboarding::CloudFailure;
use muster_onboarding::ports::{Counted, TokenKey, TokenLedger};
use muster_onboarding::tokens::{Opens, fits, token_digest};
use secrecy::SecretString;

/// How many requests a minute are taken.
#[derive(Debug, Clone, Copy)]
pub struct PaceLimits {
    /// Of one address, with what is no proof.
    pub per_source: i64,
    /// Of one serial: with its token, and with others.
    pub per_serial: i64,
}

/// Why nobody came in.
#[derive(Debug, thiserror::Error)]
pub enum NotAuthenticated {
    /// The token is not the serial's, is over, or is not for this.
    #[error("This serial and this token do not open this. Ask the operator for a token for it.")]
    TokenRefused,
    /// Too many requests of one address or serial.
    #[error("Too many requests in a minute. Ask again in {0} seconds.")]
    TooOften(u32),
    /// A call failed.
    #[error(transparent)]
    Cloud(#[from] CloudFailure),
}

impl NamedError for NotAuthenticated {
    fn name(&self) -> &'static str {
        match self {
            Self::TokenRefused => "TokenRefused",
            Self::TooOften(_) => "Throttled",
            Self::Cloud(failure) => NamedError::name(failure),
        }
    }

    fn told(&self) -> Option<String> {
        match self {
            Self::Cloud(failure) => failure.told(),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TokenRefused => None,
            Self::TooOften(seconds) => Some(*seconds),
            Self::Cloud(failure) => failure.retry_after(),
        }
    }

    fn refuses(&self) -> bool {
        !matches!(self, Self::Cloud(_))
    }
}

/// What a device shows.
#[expect(missing_debug_implementations, reason = "it has a token in it")]
pub struct Shown<'a> {
    /// Who it says that it is.
    pub serial: &'a Serial,
    /// Its token.
    pub token: &'a SecretString,
    /// The address that it asks from.
    pub source: &'a str,
}

/// Lets a device in by its token at the time `now`, in seconds since 1970; answers the token's keyed hash.
///
/// Requests with a wrong token are counted apart from those with the right one, so that a stranger who asks for a serial
/// all the time does not shut its device out.
///
/// # Errors
/// [`NotAuthenticated`].
pub async fn authenticate(
    ledger: &impl TokenLedger,
    key: &impl TokenKey,
    limits: PaceLimits,
    door: Opens,
    shown: Shown<'_>,
    now: i64,
) -> Result<Vec<u8>, NotAuthenticated> {
    let Shown {
        serial,
        token,
        source,
    } = shown;
    let proof = async {
        let digest = token_digest(serial, token);
        let (mac, record) = futures_util::join!(key.token_mac(&digest), ledger.token(serial));
        let (mac, record) = (mac?, record?);
        Ok(fits(record.as_ref(), &mac, door, now).then_some(mac))
    };
    paced(ledger, limits, serial, source, now, proof).await
}

/// Lets a device in by its `proof`, whatever that looks at, as often as the limits say: `None` is no proof. Only those without
/// one count for the address that they come from, so that nobody shuts out the devices that share it.
///
/// # Errors
/// [`NotAuthenticated`].
pub async fn paced<T>(
    ledger: &impl TokenLedger,
    limits: PaceLimits,
    serial: &Serial,
    source: &str,
    now: i64,
    proof: impl Future<Output = Result<Option<T>, CloudFailure>>,
) -> Result<T, NotAuthenticated> {
    let Some(proven) = proof.await? else {
        let (of_source, of_serial) = futures_util::join!(
            ledger.count_request_of(Counted::Source(source), now),
            ledger.count_request_of(Counted::Wrong(serial), now)
        );
        let over = of_source? > limits.per_source || of_serial? > limits.per_serial;
        return Err(if over {
            too_often(now)
        } else {
            NotAuthenticated::TokenRefused
        });
    };
    let asked = ledger.count_request_of(Counted::Right(serial), now).await?;
    if asked > limits.per_serial {
        return Err(too_often(now));
    }
    Ok(proven)
}

/// Until the minute is over.
fn too_often(now: i64) -> NotAuthenticated {
    let left = 60 - now.rem_euclid(60);
    NotAuthenticated::TooOften(u32::try_from(left).unwrap_or(60))
}

#[cfg(test)]
mod tests;
