//! Replaces the template's paths to local files by places in S3, as `aws cloudformation package` does.
//!
//! The template itself stays as it is: what is deployed locally differs from what is deployed on AWS in nothing but
//! these places. The emulator runs the SAM transform (`aws-sam-translator`), which takes `CodeUri` and `DefinitionUri`
//! only as places in S3, `{Bucket, Key}`, like AWS's own.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The bucket that packaged files are put in.
pub const BUCKET: &str = "muster-artifacts";

/// What a place in S3 is filled from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Artifact {
    /// A zip with a `bootstrap` that runs the binary of this function of the workspace.
    Function(String),
    /// A zip of this directory.
    Directory(PathBuf),
    /// This file, as it is.
    File(PathBuf),
    /// This state machine's definition, as the emulator takes it.
    Definition(PathBuf),
}

/// A template that can be deployed once its artifacts are in the bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    /// The template with places in S3, in long-form JSON.
    pub template: Value,
    /// What to put under each key of the bucket.
    pub artifacts: BTreeMap<String, Artifact>,
}

/// A path of the template that leads nowhere.
#[derive(Debug, thiserror::Error)]
#[error(
    "{resource} has {property}: {path}, which is neither a file or directory beside the template nor named after a \
     function of the workspace (functions/<name>)"
)]
pub struct UnknownPath {
    resource: String,
    property: &'static str,
    path: String,
}

impl Package {
    /// Whether the template has a parameter of this name.
    pub fn has_parameter(&self, name: &str) -> bool {
        self.template["Parameters"].get(name).is_some()
    }

    /// The names of the workspace's functions that have to be built.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.artifacts
            .values()
            .filter_map(|artifact| match artifact {
                Artifact::Function(name) => Some(name.as_str()),
                _ => None,
            })
    }
}

/// Packages `template`, whose paths are relative to `beside`, in the workspace at `root`.
pub fn package(mut template: Value, beside: &Path, root: &Path) -> Result<Package, UnknownPath> {
    let mut artifacts = BTreeMap::new();
    let resources = template["Resources"].as_object_mut().into_iter().flatten();
    for (resource, description) in resources {
        let property = match description["Type"].as_str() {
            Some("AWS::Serverless::Function") => "CodeUri",
            Some("AWS::Serverless::StateMachine") => "DefinitionUri",
            _ => {
                includes(resource, description, beside, &mut artifacts)?;
                continue;
            }
        };
        let Some(place) = description
            .get_mut("Properties")
            .and_then(|properties| properties.get_mut(property))
        else {
            continue;
        };
        let Some(path) = local_path(place) else {
            continue;
        };
        let artifact =
            artifact(&path, beside, root).ok_or_else(|| unknown(resource, property, &path))?;
        let artifact = match artifact {
            Artifact::File(path) if property == "DefinitionUri" => Artifact::Definition(path),
            other => other,
        };
        let key = key(resource, &artifact);
        *place = json!({ "Bucket": BUCKET, "Key": &key });
        artifacts.insert(key, artifact);
    }
    Ok(Package {
        template,
        artifacts,
    })
}

/// Replaces the paths of the files that CloudFormation is to include anywhere in `value`.
fn includes(
    resource: &str,
    value: &mut Value,
    beside: &Path,
    artifacts: &mut BTreeMap<String, Artifact>,
) -> Result<(), UnknownPath> {
    if let Some(location) = value.pointer_mut("/Fn::Transform/Parameters/Location")
        && let Some(path) = local_path(location)
    {
        let file = beside.join(&path);
        if !file.is_file() {
            return Err(unknown(resource, "AWS::Include", &path));
        }
        let artifact = Artifact::File(file);
        let key = key(resource, &artifact);
        *location = format!("s3://{BUCKET}/{key}").into();
        artifacts.insert(key, artifact);
    }
    match value {
        Value::Array(items) => items
            .iter_mut()
            .try_for_each(|item| includes(resource, item, beside, artifacts)),
        Value::Object(entries) => entries
            .values_mut()
            .try_for_each(|item| includes(resource, item, beside, artifacts)),
        _ => Ok(()),
    }
}

fn local_path(place: &Value) -> Option<String> {
    place
        .as_str()
        .filter(|path| !path.starts_with("s3://"))
        .map(str::to_owned)
}

fn unknown(resource: &str, property: &'static str, path: &str) -> UnknownPath {
    UnknownPath {
        resource: resource.to_owned(),
        property,
        path: path.to_owned(),
    }
}

/// A path whose last part is a function's name means that function, wherever the production build puts its binary.
fn artifact(path: &str, beside: &Path, root: &Path) -> Option<Artifact> {
    let name = Path::new(path).file_stem()?.to_str()?;
    if root
        .join("functions")
        .join(name)
        .join("Cargo.toml")
        .is_file()
    {
        return Some(Artifact::Function(name.to_owned()));
    }
    let local = beside.join(path);
    if local.is_dir() {
        Some(Artifact::Directory(local))
    } else if local.is_file() {
        Some(Artifact::File(local))
    } else {
        None
    }
}

fn key(resource: &str, artifact: &Artifact) -> String {
    match artifact {
        Artifact::Function(name) => format!("{name}.zip"),
        Artifact::Directory(_) => format!("{resource}.zip"),
        Artifact::File(path) | Artifact::Definition(path) => {
            format!(
                "{resource}-{}",
                path.file_name().unwrap_or_default().to_string_lossy()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let function = root.path().join("functions/claim-intake");
        std::fs::create_dir_all(&function).unwrap();
        std::fs::write(function.join("Cargo.toml"), "").unwrap();
        std::fs::create_dir(root.path().join("statemachines")).unwrap();
        std::fs::write(root.path().join("statemachines/claim.asl.json"), "{}").unwrap();
        root
    }

    fn template(kind: &str, property: &str, path: &str) -> Value {
        json!({"Resources": {"It": {"Type": kind, "Properties": {property: path, "Timeout": 5}}}})
    }

    #[test]
    fn a_functions_code_is_the_binary_that_its_path_ends_in() {
        let root = workspace();
        for path in [
            "functions/claim-intake/",
            "target/lambda/claim-intake",
            "target/lambda/claim-intake.zip",
        ] {
            let template = template("AWS::Serverless::Function", "CodeUri", path);
            let package = package(template, root.path(), root.path()).unwrap();

            assert_eq!(package.functions().collect::<Vec<_>>(), ["claim-intake"]);
            assert_eq!(
                package.template["Resources"]["It"]["Properties"],
                json!({"CodeUri": {"Bucket": BUCKET, "Key": "claim-intake.zip"}, "Timeout": 5})
            );
        }
    }

    #[test]
    fn a_definition_is_uploaded() {
        let root = workspace();
        let template = template(
            "AWS::Serverless::StateMachine",
            "DefinitionUri",
            "statemachines/claim.asl.json",
        );
        let package = package(template, root.path(), root.path()).unwrap();

        let file = root.path().join("statemachines/claim.asl.json");
        assert_eq!(
            package.artifacts,
            BTreeMap::from([("It-claim.asl.json".to_owned(), Artifact::Definition(file))])
        );
    }

    #[test]
    fn an_included_file_is_uploaded_and_included_from_s3() {
        let root = workspace();
        let include = |location: &str| {
            json!({"Resources": {"It": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": {
                "Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": location}}
            }}}}})
        };
        let package = package(
            include("statemachines/claim.asl.json"),
            root.path(),
            root.path(),
        )
        .unwrap();

        assert_eq!(
            package.template,
            include(&format!("s3://{BUCKET}/It-claim.asl.json"))
        );
        assert!(package.artifacts.contains_key("It-claim.asl.json"));
    }

    #[test]
    fn places_in_s3_and_inline_code_stay() {
        let root = workspace();
        for template in [
            template("AWS::Serverless::Function", "CodeUri", "s3://bucket/key"),
            template("AWS::Serverless::Function", "InlineCode", "pass"),
            template("AWS::SQS::Queue", "QueueName", "claim-intake"),
        ] {
            let package = package(template.clone(), root.path(), root.path()).unwrap();
            assert_eq!(
                package,
                Package {
                    template,
                    artifacts: BTreeMap::new()
                }
            );
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_is_refused_with_the_resources_name() {
        let root = workspace();
        let template = template("AWS::Serverless::Function", "CodeUri", "functions/no-such");
        let refused = package(template, root.path(), root.path())
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("It has CodeUri: functions/no-such"),
            "{refused}"
        );
    }
}
