//! An answer that says no.

use super::VendingAnswer;
use crate::Refused;
use secrecy::ExposeSecret;
use serde::Deserialize;

/// The most of a sentence that is shown, in characters.
const LONGEST_MESSAGE: usize = 500;

/// What the API says, or the gateway before it, which says less.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wire {
    code: String,
    message: String,
    retryable: Option<bool>,
}

/// Reads an answer that is not a certificate. Where it doesn't say whether to ask again, its status does: too many
/// requests, too slow a request and what went wrong on the other side pass, anything else doesn't.
pub(super) fn read(answer: &VendingAnswer) -> Refused {
    let status = answer.status;
    let wire: Wire = serde_json::from_slice(answer.body.expose_secret()).unwrap_or_default();
    let passes = matches!(status, 408 | 425 | 429 | 500..);
    Refused {
        code: readable(&wire.code),
        message: match readable(&wire.message) {
            _ if status < 400 => format!(
                "The API sends the device elsewhere (status {status}), and a token goes nowhere but where it was meant to: \
                 give the API's own address."
            ),
            message if message.is_empty() => {
                format!("The API answered with the status {status} and no reason.")
            }
            message => message,
        },
        // A redirect is no refusal of the API's.
        retryable: status >= 400 && wire.retryable.unwrap_or(passes),
    }
}

/// A text from elsewhere as it may be shown on a terminal.
fn readable(text: &str) -> String {
    let shown = text.chars().filter(|character| !character.is_control());
    shown.take(LONGEST_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> Refused {
        read(&VendingAnswer {
            status,
            retry_after: None,
            body: body.as_bytes().to_vec().into(),
        })
    }

    #[test]
    fn the_apis_own_word_counts_more_than_its_status() {
        let body = r#"{"code": "TokenRefused", "message": "No.", "retryable": false}"#;
        for status in [401, 429, 503] {
            let refused = refusal(status, body);
            assert_eq!(
                (refused.code.as_str(), refused.message.as_str()),
                ("TokenRefused", "No.")
            );
            assert!(!refused.retryable);
        }
        let body = r#"{"code": "ProvisioningInProgress", "message": "Wait.", "retryable": true}"#;
        assert!(refusal(409, body).retryable);
    }

    #[test]
    fn where_only_the_gateway_speaks_the_status_decides() {
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(refusal(status, r#"{"message": "Endpoint request timed out"}"#).retryable);
        }
        for status in [400, 401, 403, 404, 409, 413, 415] {
            let refused = refusal(status, "<html>");
            assert!(!refused.retryable);
            assert!(
                refused.message.contains(&status.to_string()),
                "{}",
                refused.message
            );
        }
    }

    #[test]
    fn a_redirect_is_for_good_whatever_it_says() {
        let refused = refusal(
            307,
            r#"{"code": "X", "message": "Go there.", "retryable": true}"#,
        );
        assert!(!refused.retryable);
        assert!(
            refused.message.contains("status 307"),
            "{}",
            refused.message
        );
    }

    #[test]
    fn what_is_shown_is_short_and_does_nothing_to_a_terminal() {
        let long = "x".repeat(10_000);
        let body = format!("{{\"code\": \"A\\u001b[2J\\nB\", \"message\": \"{long}\"}}");
        let refused = refusal(400, &body);
        assert_eq!(refused.code, "A[2JB");
        assert_eq!(refused.message.len(), LONGEST_MESSAGE);
    }
}
