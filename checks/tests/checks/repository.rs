//! The repository's files.

use crate::text::without_tests;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository: of the clone in which cargo runs, not of the one in which this was compiled. Clones that
/// share a target directory share this program.
pub fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR");
    let package = package.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.join("..")
}

/// The text of a file, named from the root.
pub fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A JSON file, named from the root.
pub fn json(path: impl AsRef<Path>) -> Value {
    let path = path.as_ref();
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files under `directory` with that extension, sorted.
pub fn files(directory: impl AsRef<Path>, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![root().join(directory)];
    while let Some(directory) = directories.pop() {
        let entries = std::fs::read_dir(&directory)
            .unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|end| end == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The name of a file without directory and extension.
pub fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// The workflows' definitions by name: `statemachines/<name>.asl.json`.
pub fn workflows() -> Vec<(String, Value)> {
    files("statemachines", "json")
        .into_iter()
        .map(|path| (stem(&path).trim_end_matches(".asl").to_owned(), json(path)))
        .collect()
}

/// The states of a workflow, those inside of its maps among them.
pub fn states(definition: &Value) -> Vec<(&String, &Value)> {
    let mut found = Vec::new();
    for (name, state) in definition["States"].as_object().into_iter().flatten() {
        found.push((name, state));
        found.extend(states(&state["ItemProcessor"]));
    }
    found
}

/// A package of the workspace.
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its directory from the root, for example `crates/cloud`.
    pub directory: String,
    /// The packages of this workspace that its targets, tests left aside, depend on.
    pub uses: Vec<String>,
    /// Its binaries.
    pub binaries: Vec<String>,
}

/// The workspace's packages, as cargo reads them.
pub fn packages() -> Vec<Package> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let answer = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        answer.status.success(),
        "{}",
        String::from_utf8_lossy(&answer.stderr)
    );
    let metadata: Value = serde_json::from_slice(&answer.stdout).expect("cargo answers JSON");
    let home = metadata["workspace_root"].as_str().unwrap();
    let strings = |values: &Value, wanted: &dyn Fn(&Value) -> bool| -> Vec<String> {
        let values = values.as_array().unwrap().iter();
        let values = values.filter(|value| wanted(value));
        values
            .map(|value| value["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| Package {
            name: package["name"].as_str().unwrap().to_owned(),
            directory: Path::new(package["manifest_path"].as_str().unwrap())
                .parent()
                .and_then(|directory| directory.strip_prefix(home).ok())
                .map(|directory| directory.to_str().unwrap().to_owned())
                .unwrap(),
            uses: strings(&package["dependencies"], &|dependency| {
                dependency["path"].is_string() && dependency["kind"] != "dev"
            }),
            binaries: strings(&package["targets"], &|target| {
                target["kind"].as_array().unwrap().contains(&"bin".into())
            }),
        })
        .collect()
}

/// The packages whose directory is in `room`, for example `functions`.
pub fn packages_in(room: &str) -> Vec<Package> {
    let mut packages = packages();
    packages.retain(|package| Path::new(&package.directory).starts_with(room));
    packages
}

/// The source of an adapter in `crates/cloud`, be it a file or a folder, without its tests.
pub fn adapter_source(adapter: &str) -> String {
    let folder = Path::new("crates/cloud/src").join(adapter);
    if root().join(&folder).is_dir() {
        let parts = files(folder, "rs").into_iter();
        parts
            .map(|part| without_tests(&read(part)).to_owned())
            .collect()
    } else {
        without_tests(&read(folder.with_extension("rs"))).to_owned()
    }
}
