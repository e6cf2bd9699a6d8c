//! Configuration comes from the environment, is read once at init, and what is missing is named.

use crate::PaceLimits;
use muster_documents::TopicPrefixes;
use muster_onboarding::Place;
use muster_onboarding::claims::SurgeRule;
use muster_onboarding::ports::OverdueAction;
use muster_onboarding::rotation::RotationPolicy;
use muster_onboarding::shadows::{KeyPattern, KeyRule, MalformedPattern, ShadowRules};
use std::collections::BTreeMap;

/// The names of the environment variables that `template.yaml` sets. Each stands here only.
pub mod variables {
    /// The ledger's table.
    pub const LEDGER_TABLE: &str = "LEDGER_TABLE";
    /// The prefix of the provisioning topics.
    pub const TOPIC_PREFIX: &str = "TOPIC_PREFIX";
    /// The prefix of the topics for rotation.
    pub const ROTATION_TOPIC_PREFIX: &str = "ROTATION_TOPIC_PREFIX";
    /// `on` if keys are made for devices that cannot make their own.
    pub const LEGACY_MODE: &str = "LEGACY_MODE";
    /// The IoT policy of provisioned devices.
    pub const DEVICE_POLICY: &str = "DEVICE_POLICY";
    /// The role that AWS IoT takes on for just-in-time provisioning.
    pub const PROVISIONING_ROLE_ARN: &str = "PROVISIONING_ROLE_ARN";
    /// The KMS key that seals private keys on their way.
    pub const KEY_ID: &str = "KEY_ID";
    /// The workflow that an intake starts.
    pub const STATE_MACHINE_ARN: &str = "STATE_MACHINE_ARN";
    /// The workflow that claim-intake starts for devices that renew their certificates.
    pub const ROTATION_STATE_MACHINE_ARN: &str = "ROTATION_STATE_MACHINE_ARN";
    /// The workflows that hold devices, with commas between.
    pub const STATE_MACHINE_ARNS: &str = "STATE_MACHINE_ARNS";
    /// The verifiers' names, with commas between.
    pub const VERIFIER_NAMES: &str = "VERIFIER_NAMES";
    /// Their ARNs, in the same order.
    pub const VERIFIER_ARNS: &str = "VERIFIER_ARNS";
    /// The bucket that keeps the files of certificate authorities.
    pub const VAULT_BUCKET: &str = "VAULT_BUCKET";
    /// What the names of these files begin with.
    pub const VAULT_PREFIX: &str = "VAULT_PREFIX";
    /// The pre-provisioning hook's ARN.
    pub const HOOK_ARN: &str = "HOOK_ARN";
    /// The role whose credentials Greengrass core devices get.
    pub const TOKEN_EXCHANGE_ROLE_ARN: &str = "TOKEN_EXCHANGE_ROLE_ARN";
    /// Where devices connect, `host` or `host:port`, where it is not the account's own endpoint.
    pub const DEVICE_ENDPOINT: &str = "DEVICE_ENDPOINT";
    /// The stack's name.
    pub const STACK_NAME: &str = "STACK_NAME";
    /// The account's number.
    pub const ACCOUNT_ID: &str = "ACCOUNT_ID";
    /// The region, which Lambda sets.
    pub const AWS_REGION: &str = "AWS_REGION";
    /// `aws`, or the name of another partition.
    pub const PARTITION: &str = "PARTITION";
    /// The name of the bus of events.
    pub const EVENT_BUS: &str = "EVENT_BUS";
    /// The queue of connections.
    pub const CONNECTION_QUEUE_URL: &str = "CONNECTION_QUEUE_URL";
    /// The queue of things' changes.
    pub const REGISTRY_QUEUE_URL: &str = "REGISTRY_QUEUE_URL";
    /// The queue of registrations.
    pub const REGISTRATION_QUEUE_URL: &str = "REGISTRATION_QUEUE_URL";
    /// How many requests of a claim certificate in an hour are never a surge.
    pub const CLAIM_SURGE_MINIMUM: &str = "CLAIM_SURGE_MINIMUM";
    /// How many times the average of the day before is no surge yet.
    pub const CLAIM_SURGE_FACTOR: &str = "CLAIM_SURGE_FACTOR";
    /// `on` if a surge shuts the claim certificate.
    pub const CLAIM_SURGE_SHUTS: &str = "CLAIM_SURGE_SHUTS";
    /// How long the ledger keeps a device's timeline, in days.
    pub const TIMELINE_DAYS: &str = "TIMELINE_DAYS";
    /// How old a certificate gets before it has to be renewed, in days.
    pub const ROTATION_AGE_DAYS: &str = "ROTATION_AGE_DAYS";
    /// How long a device has from its first notice to its deadline, in days.
    pub const ROTATION_GRACE_DAYS: &str = "ROTATION_GRACE_DAYS";
    /// How long a new certificate may go without a connection, in days.
    pub const ROTATION_PROOF_DAYS: &str = "ROTATION_PROOF_DAYS";
    /// How long a retired certificate stays, in days.
    pub const ROTATION_RETENTION_DAYS: &str = "ROTATION_RETENTION_DAYS";
    /// What is done to a device whose deadline has passed: `quarantine`, `deactivate` or `alert`.
    pub const ROTATION_OVERDUE_ACTION: &str = "ROTATION_OVERDUE_ACTION";
    /// The IoT policy of devices in quarantine.
    pub const QUARANTINE_POLICY: &str = "QUARANTINE_POLICY";
    /// The KMS key that makes tokens' hashes.
    pub const TOKEN_KEY_ID: &str = "TOKEN_KEY_ID";
    /// How many requests of one address that show no proof are taken in a minute.
    pub const REQUESTS_PER_SOURCE: &str = "REQUESTS_PER_SOURCE";
    /// How many requests of one serial are taken in a minute.
    pub const REQUESTS_PER_SERIAL: &str = "REQUESTS_PER_SERIAL";
    /// The keys of their shadows that devices may read over HTTPS: patterns with commas between.
    pub const SHADOW_READ_ALLOW: &str = "SHADOW_READ_ALLOW";
    /// Those that they may not.
    pub const SHADOW_READ_DENY: &str = "SHADOW_READ_DENY";
    /// The keys that they may write.
    pub const SHADOW_WRITE_ALLOW: &str = "SHADOW_WRITE_ALLOW";
    /// Those that they may not.
    pub const SHADOW_WRITE_DENY: &str = "SHADOW_WRITE_DENY";
    /// The log level; `info` where it is not set.
    pub const LOG_LEVEL: &str = "LOG_LEVEL";
}

/// Why a function does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// It isn't set.
    #[error(
        "the environment variable {0} is not set: check the function's Environment in template.yaml"
    )]
    Missing(&'static str),
    /// It is set to something else.
    #[error("the environment variable {name} is {value:?}; it has to be {expected}")]
    Malformed {
        /// Which.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

/// Where the variables come from.
#[derive(Debug, Clone, Copy)]
pub struct Configuration<F>(F);

impl Configuration<fn(&'static str) -> Option<String>> {
    /// The process's environment.
    pub fn from_environment() -> Self {
        Self(|name| std::env::var(name).ok())
    }
}

impl<F: Fn(&'static str) -> Option<String>> Configuration<F> {
    /// Any other source, for tests.
    pub fn from_source(source: F) -> Self {
        Self(source)
    }

    /// A variable that has to be there.
    pub fn required(&self, name: &'static str) -> Result<String, ConfigurationError> {
        (self.0)(name)
            .filter(|value| !value.is_empty())
            .ok_or(ConfigurationError::Missing(name))
    }

    /// A variable that may be empty.
    pub fn optional(&self, name: &'static str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// Two lists with commas between, of which the first names what stands in the second; both empty where there is
    /// nothing. CloudFormation joins lists, but cannot pair them.
    pub fn pairs(
        &self,
        names: &'static str,
        values: &'static str,
    ) -> Result<BTreeMap<String, String>, ConfigurationError> {
        let read = |name| {
            let text = (self.0)(name).unwrap_or_default();
            let items = text.split(',').map(|item| item.trim().to_owned());
            items.filter(|item| !item.is_empty()).collect::<Vec<_>>()
        };
        let (keys, found) = (read(names), read(values));
        if keys.len() != found.len() {
            return Err(ConfigurationError::Malformed {
                name: names,
                value: keys.join(","),
                expected: "as many names as there are ARNs",
            });
        }
        Ok(keys.into_iter().zip(found).collect())
    }

    /// A list with commas between its entries. It has to be set, and may be empty.
    pub fn list(&self, name: &'static str) -> Result<Vec<String>, ConfigurationError> {
        let text = (self.0)(name).ok_or(ConfigurationError::Missing(name))?;
        let entries = text.split(',').map(str::trim);
        Ok(entries
            .filter(|entry| !entry.is_empty())
            .map(str::to_owned)
            .collect())
    }

    /// A whole number.
    pub fn number(&self, name: &'static str) -> Result<i64, ConfigurationError> {
        let value = self.required(name)?;
        value.parse().map_err(|_| ConfigurationError::Malformed {
            name,
            value,
            expected: "a whole number",
        })
    }

    /// A switch: `on` or `off`.
    pub fn switch(&self, name: &'static str) -> Result<bool, ConfigurationError> {
        match self.required(name)?.as_str() {
            "on" => Ok(true),
            "off" => Ok(false),
            other => Err(ConfigurationError::Malformed {
                name,
                value: other.to_owned(),
                expected: "on or off",
            }),
        }
    }
}

/// Where the stack is that the function belongs to.
pub fn place<F: Fn(&'static str) -> Option<String>>(
    configuration: &Configuration<F>,
) -> Result<Place, ConfigurationError> {
    Ok(Place {
        partition: configuration.required(variables::PARTITION)?,
        region: configuration.required(variables::AWS_REGION)?,
        account: configuration.required(variables::ACCOUNT_ID)?,
        stack: configuration.required(variables::STACK_NAME)?,
    })
}

/// The prefixes of the topics on which certificates travel in chunks.
pub fn topic_prefixes<F: Fn(&'static str) -> Option<String>>(
    configuration: &Configuration<F>,
) -> Result<TopicPrefixes, ConfigurationError> {
    Ok(TopicPrefixes {
        provisioning: configuration.required(variables::TOPIC_PREFIX)?,
        rotation: configuration.required(variables::ROTATION_TOPIC_PREFIX)?,
    })
}

/// How many requests of a device or an address are taken.
pub fn pace_limits<F: Fn(&'static str) -> Option<String>>(
    configuration: &Configuration<F>,
) -> Result<PaceLimits, ConfigurationError> {
    Ok(PaceLimits {
        per_source: configuration.number(variables::REQUESTS_PER_SOURCE)?,
        per_serial: configuration.number(variables::REQUESTS_PER_SERIAL)?,
    })
}

/// When a claim certificate is used too much, and what is done then.
pub fn surge_rule<F: Fn(&'static str) -> Option<String>>(
    configuration: &Configuration<F>,
) -> Result<SurgeRule, ConfigurationError> {
    Ok(SurgeRule {
        minimum: configuration.number(variables::CLAIM_SURGE_MINIMUM)?,
        factor: configuration.number(variables::CLAIM_SURGE_FACTOR)?,
        shuts: configuration.switch(variables::CLAIM_SURGE_SHUTS)?,
    })
}

/// Which keys of their shadows devices may read and write.
pub fn shadow_rules<F: Fn(&'static str) -> Option<String>>(
    configuration: &Configuration<F>,
) -> Result<ShadowRules, ConfigurationError> {
    let patterns = |name| {
        let texts = configuration.list(name)?.into_iter();
        let read = |text: String| {
            text.parse()
                .map_err(|_: MalformedPattern| ConfigurationError::Malformed {
                    name,
                    value: text,
                    expected: "keys with dots between, and ** only as the last of them",
                })
        };
        texts.map(read).collect::<Result<Vec<KeyPattern>, _>>()
    };
    Ok(ShadowRules {
        read: KeyRule {
            allow: patterns(variables::SHADOW_READ_ALLOW)?,
            deny: patterns(variables::SHADOW_READ_DENY)?,
        },
        write: KeyRule {
            allow: patterns(variables::SHADOW_WRITE_ALLOW)?,
            deny: patterns(variables::SHADOW_WRITE_DENY)?,
        },
    })
}

/// What is done to a device whose deadline has passed.
pub fn overdue_action<F: Fn(&'static str) -> Option<String>>(
    configuration: &Configuration<F>,
) -> Result<OverdueAction, ConfigurationError> {
    let name = variables::ROTATION_OVERDUE_ACTION;
    let value = configuration.required(name)?;
    OverdueAction::named(&value).ok_or(ConfigurationError::Malformed {
        name,
        value,
        expected: "quarantine, deactivate or alert",
    })
}

/// When certificates have to be renewed.
pub fn rotation_policy<F: Fn(&'static str) -> Option<String>>(
    configuration: &Configuration<F>,
) -> Result<RotationPolicy, ConfigurationError> {
    Ok(RotationPolicy {
        age: configuration.number(variables::ROTATION_AGE_DAYS)?,
        grace: configuration.number(variables::ROTATION_GRACE_DAYS)?,
        proof: configuration.number(variables::ROTATION_PROOF_DAYS)?,
        retention: configuration.number(variables::ROTATION_RETENTION_DAYS)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        let configuration =
            Configuration::from_source(|name| (name == "LEGACY_MODE").then(|| "yes".into()));
        let missing = configuration.required(variables::LEDGER_TABLE).unwrap_err();
        assert!(missing.to_string().contains("LEDGER_TABLE"));
        let uneven = Configuration::from_source(|name| {
            Some(if name == "VERIFIER_NAMES" { "a,b" } else { "c" }.into())
        });
        assert!(
            uneven
                .pairs(variables::VERIFIER_NAMES, variables::VERIFIER_ARNS)
                .is_err()
        );
        let malformed = configuration.switch(variables::LEGACY_MODE).unwrap_err();
        assert!(
            malformed.to_string().contains("LEGACY_MODE")
                && malformed.to_string().contains("on or off")
        );
    }

    #[test]
    fn a_list_may_be_empty_but_not_missing() {
        let configuration = Configuration::from_source(|name| match name {
            "VERIFIER_NAMES" => Some("allow-list, second,".into()),
            "VAULT_PREFIX" => Some(String::new()),
            _ => None,
        });
        let names = configuration.list(variables::VERIFIER_NAMES).unwrap();
        assert_eq!(names, ["allow-list", "second"]);
        assert!(
            configuration
                .list(variables::VAULT_PREFIX)
                .unwrap()
                .is_empty()
        );
        assert!(configuration.list(variables::KEY_ID).is_err());
    }

    #[test]
    fn a_pattern_that_is_none_is_named_before_a_request_meets_it() {
        let rules = |deny: &'static str| {
            shadow_rules(&Configuration::from_source(move |name| {
                let text = if name.ends_with("DENY") { deny } else { "**" };
                Some(text.into())
            }))
        };
        assert!(rules("").unwrap().read.deny.is_empty());
        assert_eq!(rules("led.pin, net.*").unwrap().write.deny.len(), 2);
        let malformed = rules("led.").unwrap_err().to_string();
        assert!(
            malformed.contains("SHADOW_READ_DENY") && malformed.contains("led."),
            "{malformed}"
        );
    }
}
