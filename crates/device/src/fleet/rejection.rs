//! What AWS IoT says on `rejected`, for a person, and what it means for the device.
//!
//! AWS documents the form of a rejection and not its codes. These are the ones that were seen, and the exceptions of
//! the calls behind them (AWS IoT API reference, `RegisterThing` and the `Create…` calls).

use crate::Refused;
use muster_documents::fleet_provisioning::{Format, Rejection};

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// A certificate for the device's own key.
    Certificate,
    /// A certificate and its key.
    CertificateAndKey,
    /// To be provisioned.
    Provision,
    /// To be provisioned with another certificate in the current one's place.
    Rotate,
}

/// A rejection, understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Explained {
    pub(super) refused: Refused,
    /// The certificate's ownership token is no good any more.
    pub(super) token_is_dead: bool,
    /// This cloud has no such request, or not for this claim certificate.
    pub(super) not_there: bool,
}

/// What lies behind a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Denied,
    TokenDead,
    PayloadInvalid,
    TemplateInvalid,
    ParametersInvalid,
    HookFailed,
    HookAnswerInvalid,
    NotProvisioned,
    CsrInvalid,
    Conflict,
    TooFast,
    CloudFailed,
    NotThere,
    Unknown,
}

/// The causes by the beginnings of their codes, in lower case and without marks: `ThrottlingException` and
/// `THROTTLED` are the same. The first that fits counts.
const CODES: &[(&str, Cause)] = &[
    ("accessdenied", Cause::Denied),
    ("forbidden", Cause::Denied),
    ("unauthorized", Cause::Denied),
    ("notauthorized", Cause::Denied),
    ("invalidcertificateownershiptoken", Cause::TokenDead),
    ("invalidownershiptoken", Cause::TokenDead),
    ("certificateownershiptoken", Cause::TokenDead),
    ("invalidpayload", Cause::PayloadInvalid),
    ("invalidrequest", Cause::PayloadInvalid),
    ("malformed", Cause::PayloadInvalid),
    ("invalidtemplate", Cause::TemplateInvalid),
    ("template", Cause::TemplateInvalid),
    ("invalidparameter", Cause::ParametersInvalid),
    ("missingparameter", Cause::ParametersInvalid),
    ("invocation", Cause::HookFailed),
    ("invalidresult", Cause::HookAnswerInvalid),
    ("provisioningfailed", Cause::NotProvisioned),
    ("resourceregistrationfailure", Cause::NotProvisioned),
    ("invalidcertificatesigningrequest", Cause::CsrInvalid),
    ("invalidcsr", Cause::CsrInvalid),
    ("certificatevalidation", Cause::CsrInvalid),
    ("conflict", Cause::Conflict),
    ("resourceconflict", Cause::Conflict),
    ("throttl", Cause::TooFast),
    ("toomanyrequests", Cause::TooFast),
    ("requestlimit", Cause::TooFast),
    ("limitexceeded", Cause::TooFast),
    ("internal", Cause::CloudFailed),
    ("serviceunavailable", Cause::CloudFailed),
    ("servicefailure", Cause::CloudFailed),
    ("unavailable", Cause::CloudFailed),
    ("timeout", Cause::CloudFailed),
    ("unsupported", Cause::NotThere),
    ("notimplemented", Cause::NotThere),
    ("notsupported", Cause::NotThere),
    ("notfound", Cause::NotThere),
];

/// Statuses that say that there is no such request, where the code doesn't say more.
const NOT_THERE: &[u16] = &[404, 405, 501];

impl Cause {
    fn of(rejection: &Rejection) -> Self {
        let code: String = rejection
            .error_code
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let known = CODES.iter().find(|(begins, _)| code.starts_with(begins));
        match known {
            Some((_, cause)) => *cause,
            None if NOT_THERE.contains(&rejection.status_code) => Self::NotThere,
            None => Self::Unknown,
        }
    }

    /// Whether the same question may be answered otherwise later.
    fn retryable(self, rejection: &Rejection) -> bool {
        let busy = rejection.status_code == 429 || rejection.status_code >= 500;
        match self {
            Self::TokenDead
            | Self::HookFailed
            | Self::HookAnswerInvalid
            | Self::Conflict
            | Self::TooFast
            | Self::CloudFailed => true,
            // What went wrong behind it stands in the message only.
            Self::NotProvisioned => {
                let message = rejection.error_message.to_ascii_lowercase();
                busy || [
                    "throttl",
                    "rate exceeded",
                    "conflict",
                    "internalfailure",
                    "unavailable",
                ]
                .iter()
                .any(|passing| message.contains(passing))
            }
            Self::Unknown => busy,
            _ => false,
        }
    }

    /// What to do about it.
    fn advice(self, question: Question) -> &'static str {
        match (self, question) {
            (Self::Denied, Question::Provision) => {
                "The cloud refused this serial, model, voucher or client id. It tells devices no reason; the operator \
                 sees it with `muster device show SERIAL`."
            }
            (Self::Denied, Question::Rotate) => {
                "The cloud has no rotation for this device now: none is due, or the certificate that it asks with is \
                 not the one in force. It tells devices no reason; the operator sees it with `muster device show \
                 SERIAL`."
            }
            (Self::Denied | Self::NotThere, Question::Certificate) => {
                "The cloud makes no certificate for a key of the device's own here: the policy of the certificate \
                 that it asks with has to allow $aws/certificates/create-from-csr."
            }
            (Self::Denied, Question::CertificateAndKey) => {
                "The device may not ask for a certificate: the policy of the one that it asks with has to allow \
                 $aws/certificates/create-from-csr, or $aws/certificates/create."
            }
            (Self::TokenDead, _) => {
                "The certificate's ownership token is no good any more; it lasts an hour. The device asks for another \
                 certificate."
            }
            (Self::PayloadInvalid, _) => {
                "The cloud could not read the request: take a client of its version, and see whether it takes JSON \
                 or CBOR."
            }
            (Self::TemplateInvalid | Self::NotThere, Question::Rotate) => {
                "The fleet's rotation template is not there, or is switched off: compare rotationTemplate in \
                 config.json with the fleets of this account and region."
            }
            (Self::TemplateInvalid, _) | (Self::NotThere, Question::Provision) => {
                "The fleet's provisioning template is not there, or is switched off: compare provisioningTemplate in \
                 config.json with the fleets of this account and region."
            }
            (Self::ParametersInvalid, Question::Rotate) => {
                "The rotation template takes other parameters than SerialNumber alone: the operator has to look at it."
            }
            (Self::ParametersInvalid, _) => {
                "The template takes other parameters than SerialNumber, ModelType and Voucher, or one that it needs \
                 is missing: see whether the model and the voucher are given."
            }
            (Self::HookFailed, _) => {
                "The cloud's check of the device failed or was too slow. The device asks again."
            }
            (Self::HookAnswerInvalid, _) => {
                "The cloud's check of the device gave no usable answer. The device asks again; if it stays so, the \
                 operator has to look at the template's pre-provisioning hook."
            }
            (Self::NotProvisioned, _) => {
                "The cloud let the device in and could not make its thing: the operator has to look at the template \
                 and at the role that it works with."
            }
            (Self::CsrInvalid, _) => {
                "The cloud does not take the certificate signing request: it has to be for a P-256, P-384 or RSA key."
            }
            (Self::Conflict, _) => {
                "Something else is changing the same thing at this moment. The device asks again."
            }
            (Self::TooFast, _) => {
                "Too many devices ask at once for what the account allows. The device asks again, later each time."
            }
            (Self::CloudFailed, _) => "Something failed in the cloud. The device asks again.",
            (Self::NotThere, _) => "This cloud knows no such request.",
            (Self::Unknown, _) => "",
        }
    }
}

/// Reads a rejection of this question. One that can't be read is one all the same: something was sent to say no.
pub(super) fn explain(format: Format, question: Question, payload: &[u8]) -> Explained {
    let rejection = format.read(payload).unwrap_or_else(|| Rejection {
        error_message: "The refusal can't be read.".into(),
        ..Rejection::default()
    });
    let cause = Cause::of(&rejection);
    let code = match (rejection.error_code.as_str(), rejection.status_code) {
        ("", 0) => String::new(),
        ("", status) => status.to_string(),
        (code, _) => code.to_owned(),
    };
    let said = rejection.error_message.trim();
    let message = match (cause.advice(question), said) {
        (advice, "") => advice.to_owned(),
        ("", said) => said.to_owned(),
        (advice, said) => format!("{advice} The cloud's own words: {said}"),
    };
    let not_there =
        question == Question::Certificate && matches!(cause, Cause::NotThere | Cause::Denied);
    Explained {
        refused: Refused {
            code,
            message,
            retryable: not_there || cause.retryable(&rejection),
        },
        token_is_dead: matches!(question, Question::Provision | Question::Rotate)
            && cause == Cause::TokenDead,
        not_there,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn explained(question: Question, status: u16, code: &str, message: &str) -> Explained {
        let payload = json!({ "statusCode": status, "errorCode": code, "errorMessage": message });
        explain(Format::Json, question, payload.to_string().as_bytes())
    }

    #[test]
    fn each_code_says_what_to_do_and_whether_it_passes() {
        for (code, retryable, says) in [
            ("AccessDenied", false, "`muster device show SERIAL`"),
            ("InvalidCertificateOwnershipToken", true, "lasts an hour"),
            ("InvalidPayload", false, "could not read the request"),
            (
                "InvalidTemplate",
                false,
                "provisioningTemplate in config.json",
            ),
            (
                "InvalidParameters",
                false,
                "SerialNumber, ModelType and Voucher",
            ),
            ("InvocationError", true, "failed or was too slow"),
            ("InvalidResult", true, "pre-provisioning hook"),
            ("ProvisioningFailed", false, "the role that it works with"),
            (
                "ResourceRegistrationFailureException",
                false,
                "the role that it works with",
            ),
            ("InvalidCertificateSigningRequest", false, "P-256"),
            ("InvalidCsr", false, "P-256"),
            ("ResourceConflict", true, "asks again"),
            ("InternalFailure", true, "failed in the cloud"),
            ("InternalError", true, "failed in the cloud"),
            ("ServiceUnavailableException", true, "failed in the cloud"),
            ("Throttling", true, "later each time"),
            ("THROTTLED", true, "later each time"),
            ("LimitExceededException", true, "later each time"),
        ] {
            let Explained { refused, .. } = explained(Question::Provision, 400, code, "Words.");
            assert_eq!(refused.code, code);
            assert_eq!(refused.retryable, retryable, "{code}");
            assert!(
                refused.message.contains(says),
                "{code}: {}",
                refused.message
            );
            assert!(
                refused.message.ends_with("The cloud's own words: Words."),
                "{code}"
            );
        }
    }

    #[test]
    fn an_unknown_code_is_shown_as_it_is_and_passes_only_with_a_status_that_does() {
        for (status, retryable) in [
            (400, false),
            (403, false),
            (429, true),
            (500, true),
            (503, true),
        ] {
            let Explained { refused, .. } =
                explained(Question::Provision, status, "NewReason", "Why.");
            assert_eq!(
                (refused.code.as_str(), refused.message.as_str()),
                ("NewReason", "Why.")
            );
            assert_eq!(refused.retryable, retryable, "{status}");
        }
    }

    #[test]
    fn a_failure_behind_the_template_passes_if_its_message_says_so() {
        let failed = |message| explained(Question::Provision, 400, "ProvisioningFailed", message);
        assert!(
            failed("Rate exceeded (Error Code: ThrottlingException)")
                .refused
                .retryable
        );
        assert!(!failed("Thing type probe does not exist").refused.retryable);
    }

    #[test]
    fn a_cloud_without_requests_for_own_keys_is_told_from_one_that_says_no() {
        for (status, code) in [
            (403, "AccessDenied"),
            (404, "NotFound"),
            (501, ""),
            (400, "UnsupportedOperation"),
        ] {
            assert!(
                explained(Question::Certificate, status, code, "").not_there,
                "{code}"
            );
            assert!(
                !explained(Question::CertificateAndKey, status, code, "").not_there,
                "{code}"
            );
        }
        assert!(!explained(Question::Certificate, 400, "InvalidCsr", "").not_there);
    }

    #[test]
    fn noise_is_a_refusal_for_good() {
        for format in [Format::Json, Format::Cbor] {
            let Explained { refused, .. } = explain(format, Question::Provision, b"\xff\x00");
            assert!(!refused.retryable && refused.message == "The refusal can't be read.");
        }
    }
}
