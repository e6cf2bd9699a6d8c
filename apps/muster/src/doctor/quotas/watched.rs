//! Which quotas are looked at: those that docs/operations.md has under "Quotas and ceilings".

/// By the code of the service, the beginnings of their names.
///
/// The names are those that `list-aws-default-service-quotas` gives, as published lists of its answers have them (of 2024 to
/// 2026). AWS IoT's API calls stand there as `CreateThing API TPS`. Codes are not kept here: what AWS answers has them.
pub const SERVICES: [(&str, &[&str]); 7] = [
    (
        "iotcore",
        &[
            "CreateCertificateFromCsr",
            "AttachPolicy",
            "DetachPolicy",
            "CreateThing",
            "UpdateThing",
            "AttachThingPrincipal",
            "UpdateCertificate",
            "DeleteCertificate",
            "DescribeCertificate",
            "RegisterCACertificate",
            "DescribeCACertificate",
            "ListTagsForResource",
            "Fleet Provisioning CreateCertificateFromCsr",
            "Fleet Provisioning RegisterThing",
            "Connect requests per second per account",
            "Rule evaluations per second per AWS account",
        ],
    ),
    ("lambda", &["Concurrent executions"]),
    (
        "states",
        &["StartExecution throttle token refill rate per second"],
    ),
    ("dynamodb", &["Table-level write throughput limit"]),
    (
        "kms",
        &["Cryptographic operations (symmetric) request rate"],
    ),
    ("apigateway", &["Throttle rate"]),
    (
        "events",
        &["PutEvents throttle limit in transactions per second"],
    ),
];

/// The calls that each certificate takes that rotation has renewed, in chunks or by a fleet's template, and that it retires.
pub const ROTATION: [&str; 7] = [
    "CreateCertificateFromCsr",
    "UpdateCertificate",
    "UpdateThing",
    "DeleteCertificate",
    "DetachPolicy",
    "Fleet Provisioning CreateCertificateFromCsr",
    "Fleet Provisioning RegisterThing",
];

/// Whether the words of `name` are the first of a quota's, in whatever case: what AWS writes behind a call's name, such as
/// `API TPS`, may change. Whole words, since there are calls whose names begin with another's: `UpdateCertificateProvider`.
pub fn is_named(name: &str, quota: &str) -> bool {
    let mut words = quota.split_whitespace();
    name.split_whitespace()
        .all(|word| words.next().is_some_and(|is| is.eq_ignore_ascii_case(word)))
}
