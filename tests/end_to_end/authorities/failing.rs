//! A step that fails in between: what was done before it is undone.

use super::{authorities, register, vault};
use crate::support::Stack;
use serde_json::json;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Has the vault refuse a file of each CA, or take all again.
pub async fn refuse(stack: &Stack, file: Option<&str>) {
    let (s3, bucket) = (stack.s3(), stack.output("VaultBucketName"));
    let Some(file) = file else {
        let deleted = s3.delete_bucket_policy().bucket(bucket).send();
        deleted.await.unwrap();
        return;
    };
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
        "Resource": format!("arn:aws:s3:::{bucket}/*/{file}"),
    }] });
    let put = s3.put_bucket_policy().bucket(bucket);
    put.policy(policy.to_string()).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_stored_leaves_neither_the_ca_nor_the_files_before_it() {
    let stack = Stack::start(&[]).await;
    for file in [
        "ca.cert.pem",
        "ca.public_key.pem",
        "ca.private_key.enc",
        "ca.json",
    ] {
        refuse(&stack, Some(file)).await;
        let error = register(&stack, json!({})).await.unwrap_err();
        assert_eq!(error.name, "AccessDenied", "{error:?}");
        assert!(error.cause.contains("s3:PutObject"), "{error:?}");
        assert!(!error.cause.contains("Undoing"), "{error:?}");
        assert_eq!(authorities(&stack).await, Vec::<String>::new(), "{file}");
        assert!(vault(&stack).await.is_empty(), "{file}");
    }
    refuse(&stack, None).await;
    register(&stack, json!({})).await.unwrap();
}

/// The template with one more statement in the registrator's role, beside what it names.
fn template(directory: &Path, denied: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().unwrap();
    for room in ["dashboard.yaml", "functions", "policies", "statemachines"] {
        symlink(root.join(room), directory.join(room)).unwrap();
    }
    let template = std::fs::read_to_string(root.join("template.yaml")).unwrap();
    let marks = "            - Sid: MakeKeysOfAuthorities\n";
    assert!(template.contains(marks));
    let statement =
        format!("            - {{ Effect: Deny, Action: [{denied}], Resource: \"*\" }}\n");
    let template = template.replace(marks, &format!("{statement}{marks}"));
    std::fs::write(directory.join("template.yaml"), template).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ca_that_cannot_be_activated_is_taken_away_with_its_files() {
    let directory = tempfile::tempdir().unwrap();
    template(directory.path(), "iot:UpdateCACertificate");
    let template = directory.path().join("template.yaml");
    let stack = Stack::start_template(Some(&template), &[]).await;
    let error = register(&stack, json!({})).await.unwrap_err();
    assert_eq!(error.name, "AccessDenied", "{error:?}");
    assert!(error.cause.contains("iot:UpdateCACertificate"), "{error:?}");
    assert_eq!(authorities(&stack).await, Vec::<String>::new());
    assert!(vault(&stack).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_that_fails_names_the_ca_that_is_left_and_reports_what_failed_first() {
    let directory = tempfile::tempdir().unwrap();
    let denied = "\"iot:DeleteCACertificate\", \"s3:PutObject\"";
    template(directory.path(), denied);
    let template = directory.path().join("template.yaml");
    let stack = Stack::start_template(Some(&template), &[]).await;
    let error = register(&stack, json!({})).await.unwrap_err();
    assert_eq!(error.name, "UndoFailed", "{error:?}");
    let left = authorities(&stack).await;
    assert_eq!(left.len(), 1);
    for said in ["s3:PutObject", "iot:DeleteCACertificate", left[0].as_str()] {
        assert!(error.cause.contains(said), "{said}: {error:?}");
    }
    let described = stack.iot().describe_ca_certificate();
    let described = described.certificate_id(&left[0]).send().await.unwrap();
    let status = described.certificate_description().unwrap().status();
    assert_eq!(
        status.map(aws_sdk_iot::types::CaCertificateStatus::as_str),
        Some("INACTIVE"),
        "it admits nobody"
    );
}
