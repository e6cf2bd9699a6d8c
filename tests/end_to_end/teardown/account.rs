//! What an account has, kind by kind.

use crate::support::Stack;
use muster::local::{
    Checkout, Environment, LocalStack, StackDirectory, StackOptions, StackState, find_python,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tokio::process::Command;

/// By kind, everything that AWS lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account(BTreeMap<String, BTreeSet<String>>);

impl Account {
    /// That of an emulator in which nothing was deployed, with what `muster up` itself makes.
    pub async fn before() -> Self {
        let checkout = checkout();
        let folder = tempfile::tempdir().unwrap();
        let template = folder.path().join("template.yaml");
        let nothing = "Resources: { Nothing: { Type: AWS::CloudFormation::WaitConditionHandle } }";
        std::fs::write(&template, nothing).unwrap();
        let mut options = StackOptions::new(&checkout);
        options.template = template;
        let directory = StackDirectory::private(&checkout).unwrap();
        let local = LocalStack::start(&checkout, directory, &options, &|_| {});
        let local = local.await.unwrap();
        let mut account = list(local.state()).await;
        account.0.insert("stacks".to_owned(), BTreeSet::new());
        account
    }

    /// That of a stack.
    pub async fn of(stack: &Stack) -> Self {
        list(stack.local.state()).await
    }

    /// All of a kind.
    pub fn of_kind(&self, kind: &str) -> &BTreeSet<String> {
        &self.0[kind]
    }

    /// Nothing is there but what was before, and keys that are on their way out.
    pub fn assert_only_pending_keys_beside(&self, before: &Self) {
        for (kind, names) in &self.0 {
            let more: Vec<_> = names.difference(&before.0[kind]).collect();
            if kind == "keys" {
                let pending = |key: &&String| key.starts_with("PendingDeletion ");
                assert!(more.len() == 2 && more.iter().all(pending), "{more:?}");
            } else {
                assert!(more.is_empty(), "{kind}: {more:?}");
            }
            let less: Vec<_> = before.0[kind].difference(names).collect();
            assert!(
                less.is_empty(),
                "{kind} that are not there any more: {less:?}"
            );
        }
    }
}

fn checkout() -> Checkout {
    Checkout::above(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

async fn list(state: &StackState) -> Account {
    let listed = run(state, "list.py", &[]).await;
    Account(serde_json::from_value(listed).unwrap())
}

/// Writes shadows of a thing, a classic one and one with a name, or lists those that it has.
pub async fn shadows(stack: &Stack, what: &str, thing: &str) -> Vec<String> {
    let said = run(stack.local.state(), "shadows.py", &[what, thing]).await;
    serde_json::from_value(said).unwrap()
}

/// The emulator's own Python has AWS's SDK, which knows services that nothing else here calls.
async fn run(state: &StackState, script: &str, arguments: &[&str]) -> Value {
    let checkout = checkout();
    let python = find_python().unwrap();
    let requirements = checkout.requirements();
    let environment = Environment::prepare(&checkout, &requirements, &python, |_| {}).await;
    let said = Command::new(environment.unwrap().python())
        .arg(checkout.root().join("tests/account").join(script))
        .args(arguments)
        .envs(state.environment())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert!(said.status.success(), "{said:?}");
    serde_json::from_slice(&said.stdout).unwrap()
}
