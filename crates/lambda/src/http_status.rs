//! Which status of HTTP an error's name is answered with (RFC 9110, RFC 6585).

/// The statuses, each with the names that it stands for. What a function behind the API can report is here.
const STATUSES: &[(u16, &[&str])] = &[
    // What was asked for is wrong, and asking again changes nothing.
    (
        400,
        &[
            "InputInvalid",
            "SubjectInvalid",
            "LifetimeInvalid",
            "CaInvalid",
            "FleetInvalid",
            "TemplateInvalid",
            "VerifierUnknown",
            "CommonNameMalformed",
            "CsrRefused",
            "CsrSignatureInvalid",
            "CsrUnreadable",
            "KeyTooWeak",
            "KeyUnsupported",
            "ShadowKeyRefused",
        ],
    ),
    (401, &["TokenRefused"]),
    (403, &["NotVerified"]),
    (
        404,
        &["CaUnknown", "FleetUnknown", "NotFound", "ShadowUnknown"],
    ),
    // It does not go together with what is there.
    (
        409,
        &[
            "AlreadyProvisioned",
            "CaAlreadyRegistered",
            "CaDisabled",
            "CaExpired",
            "CaKeyElsewhere",
            "FleetBusy",
            "FleetInUse",
            "FleetRefused",
            "FleetTaken",
            "ProvisioningInProgress",
            "SerialUnknown",
            "ShadowConflict",
            "ThingExists",
            "TokenSpent",
        ],
    ),
    (413, &["RequestTooLarge"]),
    (415, &["ContentTypeUnsupported"]),
    (429, &["Throttled"]),
    // The work goes on.
    (503, &["FleetUnfinished", "VendingUnfinished"]),
    (
        UNEXPECTED,
        &[
            "AccessDenied",
            "CloudRefused",
            "CloudUnavailable",
            "FleetFailed",
            "FunctionPanicked",
            "KeyFailed",
            "OutputInvalid",
            "ProvisioningFailed",
            "UndoFailed",
            "VerifierFailed",
        ],
    ),
];

/// The cloud's side failed; and what no caller should ever meet.
const UNEXPECTED: u16 = 500;

/// The status of an answer that reports `name`.
pub(crate) fn status(name: &str) -> u16 {
    let found = STATUSES.iter().find(|(_, names)| names.contains(&name));
    found.map_or(UNEXPECTED, |(status, _)| *status)
}

/// Whether an answer that reports `name` refuses what was asked. `Throttled` does not say: AWS's throttles have that name, and
/// whoever limits callers itself says so ([`NamedError::refuses`](crate::NamedError::refuses)).
pub fn is_refusal(name: &str) -> bool {
    status(name) < UNEXPECTED && name != "Throttled"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_stands_once_and_an_unknown_one_is_a_500() {
        let mut names: Vec<_> = STATUSES.iter().flat_map(|(_, names)| *names).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
        assert_eq!(status("VerifierUnknown"), 400);
        assert_eq!(status("CaAlreadyRegistered"), 409);
        assert_eq!(status("SomethingNew"), 500);
    }
}
