//! Provisioning templates: what AWS IoT provisions for a device that comes in just in time.
//!
//! Nothing tells a device that its template failed, nor the operator unless AWS IoT's logs are on. So what can be known
//! beforehand is checked when the CA is registered, and when a certificate is signed.

mod policy;

use muster_documents::MAX_TEMPLATE_CHARACTERS;
use muster_documents::fleet_provisioning::parameters::SERIAL_NUMBER;
use muster_pki::CaSubject;
use serde_json::{Value, json};

/// What AWS IoT fills in from the certificate begins with this (AWS IoT developer guide, "JITP provisioning").
const FROM_CERTIFICATE: &str = "AWS::IoT::Certificate::";

/// The parameter that stands for the certificate that is provisioned.
const CERTIFICATE_ID: &str = "AWS::IoT::Certificate::Id";
/// The parameter that stands for its common name.
const COMMON_NAME: &str = "AWS::IoT::Certificate::CommonName";

/// The types of a template's resources.
const CERTIFICATE: &str = "AWS::IoT::Certificate";
const THING: &str = "AWS::IoT::Thing";
const POLICY: &str = "AWS::IoT::Policy";

/// The country of a device that names none, nor does its CA: unknown, by the codes that ISO 3166 leaves to its users
/// and as CLDR uses this one.
const UNKNOWN_COUNTRY: &str = "ZZ";

/// What a thing's attribute may hold beside letters and digits (AWS IoT, `AttributePayload`).
const ATTRIBUTE_MARKS: &str = "_.,@/:#=[]-";

/// Muster's own template: it names the thing by the certificate's common name, records country, certificate id and
/// version, and attaches the device policy. A thing that is there already keeps its attributes.
const DEFAULT_TEMPLATE: &str = include_str!("../../../policies/templates/jitp.json");

/// Why AWS IoT cannot provision with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Longer than [`MAX_TEMPLATE_CHARACTERS`].
    #[error("templateBody has {0} characters; AWS IoT takes {MAX_TEMPLATE_CHARACTERS}.")]
    TooLong(usize),
    /// Not JSON, or not an object with `Resources`.
    #[error("templateBody is no provisioning template: {0}.")]
    Unreadable(String),
    /// A parameter that nothing fills in.
    #[error(
        "templateBody declares the parameter {0}, which nothing fills in when a device connects: parameters are those of the \
         certificate, {FROM_CERTIFICATE}…, or have a Default."
    )]
    Unfilled(String),
    /// Not exactly one resource is the certificate, and makes it active: it would stay pending.
    #[error(
        "templateBody has to have one resource of type AWS::IoT::Certificate, with {{\"Ref\": \"{CERTIFICATE_ID}\"}} as its \
         CertificateId and ACTIVE as its Status: no device would ever come in."
    )]
    NeverActive,
    /// Its thing would not be the one that the hook has looked at.
    #[error(
        "templateBody has to have one resource of type AWS::IoT::Thing, with {{\"Ref\": \"{SERIAL_NUMBER}\"}} as its ThingName: \
         that is the device which is let in."
    )]
    OtherThing,
    /// A policy in it cannot be read, or allows more than any device needs.
    #[error(
        "templateBody has a PolicyDocument that {0}. Name what devices may do, and where: a device of the fleet needs \
         devices/${{iot:Connection.Thing.ThingName}}/* and cmd/${{iot:Connection.Thing.ThingName}}/*."
    )]
    PolicyTooWide(&'static str),
}

/// What a template calls the things that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// The certificate's common name, as Muster's own template does.
    CommonName,
    /// The certificate's id.
    CertificateId,
}

/// A certificate lacks what its CA's template is filled in with, or has what AWS IoT could not take from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "The CA's provisioning template takes {parameter} from the certificate, so AWS IoT would not let this device in. {advice}"
)]
pub struct MissingField {
    /// The template's parameter.
    pub parameter: String,
    /// What to do.
    pub advice: String,
}

/// Muster's own template, which attaches this policy.
pub fn default_template(device_policy: &str) -> String {
    let mut template: Value = serde_json::from_str(DEFAULT_TEMPLATE).unwrap_or_default();
    template["Resources"]["policy"]["Properties"]["PolicyName"] = json!(device_policy);
    template.to_string()
}

/// Checks an operator's template as far as its form goes.
///
/// # Errors
/// [`TemplateError`].
pub fn check_template(body: &str) -> Result<(), TemplateError> {
    let template = readable(body)?;
    let parameters = template["Parameters"].as_object().into_iter().flatten();
    let mut unfilled = parameters.filter(|(name, declared)| {
        !name.starts_with(FROM_CERTIFICATE) && declared.get("Default").is_none()
    });
    if let Some((name, _)) = unfilled.next() {
        return Err(TemplateError::Unfilled(name.clone()));
    }
    active_certificate(&template)
}

fn readable(body: &str) -> Result<Value, TemplateError> {
    let characters = body.chars().count();
    if characters > MAX_TEMPLATE_CHARACTERS {
        return Err(TemplateError::TooLong(characters));
    }
    let template: Value =
        serde_json::from_str(body).map_err(|error| TemplateError::Unreadable(error.to_string()))?;
    if !template["Resources"].is_object() {
        return Err(TemplateError::Unreadable("it has no Resources".to_owned()));
    }
    Ok(template)
}

/// The properties of all resources of a type.
fn resources_of<'a>(template: &'a Value, kind: &str) -> impl Iterator<Item = &'a Value> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    resources
        .filter(move |(_, resource)| resource["Type"] == kind)
        .map(|(_, resource)| &resource["Properties"])
}

/// AWS IoT takes one certificate, and activates it if told so.
fn active_certificate(template: &Value) -> Result<(), TemplateError> {
    let active = |properties: &Value| {
        let status = properties["Status"].as_str();
        properties["CertificateId"]["Ref"] == CERTIFICATE_ID
            && status.is_some_and(|status| status.eq_ignore_ascii_case("active"))
    };
    let mut certificates = resources_of(template, CERTIFICATE);
    match (certificates.next(), certificates.next()) {
        (Some(properties), None) if active(properties) => Ok(()),
        _ => Err(TemplateError::NeverActive),
    }
}

/// Checks an operator's template for a fleet as far as its form goes. Its thing has to be the device that the
/// pre-provisioning hook has let in.
///
/// # Errors
/// [`TemplateError`].
pub fn check_fleet_template(body: &str) -> Result<(), TemplateError> {
    let template = readable(body)?;
    active_certificate(&template)?;
    let mut things = resources_of(&template, THING);
    match (things.next(), things.next()) {
        (Some(thing), None) if thing["ThingName"]["Ref"] == SERIAL_NUMBER => {}
        _ => return Err(TemplateError::OtherThing),
    }
    resources_of(&template, POLICY)
        .filter_map(|policy| policy.get("PolicyDocument"))
        .try_for_each(policy::narrow)
}

/// What the template calls its thing; `None` where it is neither of the two, or there is none.
pub fn naming(template: &str) -> Option<Naming> {
    let template: Value = serde_json::from_str(template).ok()?;
    let mut things =
        resources_of(&template, THING).map(|properties| &properties["ThingName"]["Ref"]);
    match (things.next()?.as_str()?, things.next()) {
        (COMMON_NAME, None) => Some(Naming::CommonName),
        (CERTIFICATE_ID, None) => Some(Naming::CertificateId),
        _ => None,
    }
}

/// Completes a device's name by what the template takes from its certificate: AWS IoT refuses a device whose certificate
/// lacks a field that the template declares. A country that is missing is the CA's, or `ZZ`, for unknown.
///
/// # Errors
/// [`MissingField`], for any other field.
pub fn complete(
    subject: CaSubject,
    template: &str,
    ca_country: Option<&str>,
) -> Result<CaSubject, MissingField> {
    let template: Value = serde_json::from_str(template).unwrap_or_default();
    let mut subject = subject;
    for parameter in template["Parameters"].as_object().into_iter().flatten() {
        let (name, _) = parameter;
        let Some(field) = name.strip_prefix(FROM_CERTIFICATE) else {
            continue;
        };
        let missing = |advice: &str| MissingField {
            parameter: name.clone(),
            advice: advice.to_owned(),
        };
        let needed = |value: &Option<String>, named: &str| match value {
            Some(value) if becomes_attribute(&template, name) && !is_attribute(value) => {
                Err(missing(&format!(
                    "It becomes an attribute of the thing, which takes letters, digits and {ATTRIBUTE_MARKS} only, and no \
                     spaces: give another csrSubjects.{named}."
                )))
            }
            Some(_) => Ok(()),
            None => Err(missing(&format!("Give csrSubjects.{named}."))),
        };
        match field {
            "Id" | "CommonName" => {}
            "Country" => {
                let country = ca_country.unwrap_or(UNKNOWN_COUNTRY);
                subject.country.get_or_insert_with(|| country.to_owned());
            }
            "Organization" => needed(&subject.organization, "organizationName")?,
            "OrganizationalUnit" => needed(&subject.organizational_unit, "organizationUnitName")?,
            "StateName" => needed(&subject.state, "stateName")?,
            _ => {
                return Err(missing(
                    "Muster puts no such field into certificates: register a CA whose template does without it.",
                ));
            }
        }
    }
    Ok(subject)
}

/// Whether a thing gets the parameter as it is, as one of its attributes.
fn becomes_attribute(template: &Value, parameter: &str) -> bool {
    let resources = template["Resources"].as_object().into_iter().flatten();
    let mut attributes = resources
        .filter_map(|(_, resource)| resource["Properties"]["AttributePayload"].as_object());
    attributes.any(|all| all.values().any(|value| value["Ref"] == parameter))
}

fn is_attribute(value: &str) -> bool {
    let taken = |c: char| c.is_ascii_alphanumeric() || ATTRIBUTE_MARKS.contains(c);
    value.chars().all(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::MADE_BY_TEMPLATE;

    fn device() -> CaSubject {
        CaSubject {
            common_name: "sensor-1".to_owned(),
            ..CaSubject::default()
        }
    }

    #[test]
    fn the_default_template_names_the_thing_by_its_common_name_and_attaches_the_policy_it_is_given()
    {
        let template = default_template("Stack-DevicePolicy-1");
        check_template(&template).unwrap();
        assert_eq!(naming(&template), Some(Naming::CommonName));
        let joined = template.replace(
            "{\"Ref\":\"AWS::IoT::Certificate::CommonName\"}",
            "{\"Fn::Join\":[\"-\",[\"plant\",{\"Ref\":\"AWS::IoT::Certificate::CommonName\"}]]}",
        );
        assert_ne!(joined, template);
        assert_eq!(naming(&joined), None);
        let template: Value = serde_json::from_str(&template).unwrap();
        let resources = &template["Resources"];
        assert_eq!(
            resources["thing"]["Properties"]["ThingName"]["Ref"],
            "AWS::IoT::Certificate::CommonName"
        );
        let attributes = &resources["thing"]["Properties"]["AttributePayload"];
        assert_eq!(attributes[MADE_BY_TEMPLATE.0], MADE_BY_TEMPLATE.1);
        assert_eq!(
            resources["policy"]["Properties"],
            json!({ "PolicyName": "Stack-DevicePolicy-1" })
        );
    }

    #[test]
    fn a_device_gets_the_country_of_its_ca_where_it_has_none() {
        let template = default_template("policy");
        let country = |subject, ca| complete(subject, &template, ca).unwrap().country.unwrap();
        assert_eq!(country(device(), Some("TW")), "TW");
        assert_eq!(country(device(), None), "ZZ");
        let own = CaSubject {
            country: Some("DE".to_owned()),
            ..device()
        };
        assert_eq!(country(own, Some("TW")), "DE");
    }

    #[test]
    fn what_else_a_template_needs_is_asked_for_by_its_name() {
        for (field, said) in [
            ("Organization", "csrSubjects.organizationName"),
            ("OrganizationalUnit", "csrSubjects.organizationUnitName"),
            ("StateName", "csrSubjects.stateName"),
            ("SerialNumber", "does without it"),
        ] {
            let name = format!("{FROM_CERTIFICATE}{field}");
            let template = json!({ "Parameters": { name: { "Type": "String" } } }).to_string();
            let error = complete(device(), &template, None).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
        let others = json!({ "Parameters": { "AWS::IoT::Certificate::Id": {}, "Fleet": {} } });
        assert_eq!(complete(device(), &others.to_string(), None), Ok(device()));
    }

    #[test]
    fn what_no_attribute_can_hold_is_refused_where_it_becomes_one() {
        let name = format!("{FROM_CERTIFICATE}Organization");
        let with = |attribute: Value| {
            json!({
                "Parameters": { name.clone(): { "Type": "String" } },
                "Resources": { "thing": { "Properties": { "AttributePayload": { "maker": attribute } } } },
            })
            .to_string()
        };
        let of = |maker: &str| CaSubject {
            organization: Some(maker.to_owned()),
            ..device()
        };
        let taken = with(json!({ "Ref": name }));
        assert!(complete(of("Soft-Chef"), &taken, None).is_ok());
        let error = complete(of("Soft Chef"), &taken, None).unwrap_err();
        assert!(error.to_string().contains("no spaces"), "{error}");
        assert!(complete(of("Soft Chef"), &with(json!("fixed")), None).is_ok());
    }

    #[test]
    fn a_fleets_template_makes_the_very_thing_that_the_hook_lets_in() {
        let with = |thing: Value| {
            let certificate =
                json!({ "CertificateId": { "Ref": CERTIFICATE_ID }, "Status": "Active" });
            let template = json!({ "Resources": {
                "certificate": { "Type": CERTIFICATE, "Properties": certificate },
                "thing": { "Type": THING, "Properties": { "ThingName": thing } },
            } });
            check_fleet_template(&template.to_string())
        };
        assert_eq!(with(json!({ "Ref": "SerialNumber" })), Ok(()));
        for other in [json!({ "Ref": "DeviceSerial" }), json!("gateway")] {
            assert_eq!(with(other), Err(TemplateError::OtherThing));
        }
    }

    #[test]
    fn a_template_that_lets_nobody_in_is_refused() {
        for body in ["", "[]", "{}", "no JSON", r#"{"Resources": []}"#] {
            let error = check_template(body).unwrap_err();
            assert!(matches!(error, TemplateError::Unreadable(_)), "{body}");
        }
        let certificate = |status: &str, id: &str| {
            let properties = json!({ "CertificateId": { "Ref": id }, "Status": status });
            json!({ "Type": "AWS::IoT::Certificate", "Properties": properties })
        };
        let check =
            |resources: Value| check_template(&json!({ "Resources": resources }).to_string());
        let good = certificate("Active", CERTIFICATE_ID);
        assert_eq!(check(json!({ "c": good })), Ok(()));
        for (parameter, taken) in [
            (json!({ "Type": "String", "Default": "x" }), true),
            (json!({ "Type": "String" }), false),
        ] {
            let template =
                json!({ "Parameters": { "Fleet": parameter }, "Resources": { "c": good } });
            assert_eq!(check_template(&template.to_string()).is_ok(), taken);
        }
        for resources in [
            json!({}),
            json!({ "t": { "Type": "AWS::IoT::Thing" } }),
            json!({ "c": { "Type": "AWS::IoT::Certificate" } }),
            json!({ "c": certificate("INACTIVE", CERTIFICATE_ID) }),
            json!({ "c": certificate("ACTIVE", "SerialNumber") }),
            json!({ "c": good, "d": good }),
        ] {
            assert_eq!(check(resources), Err(TemplateError::NeverActive));
        }
        assert_eq!(
            check_template(&"x".repeat(10_241)),
            Err(TemplateError::TooLong(10_241))
        );
    }
}
