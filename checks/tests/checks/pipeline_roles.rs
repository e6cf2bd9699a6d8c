//! The pipeline's roles can do what deploying `template.yaml` takes, and no more.

use crate::pipeline::pipeline;
use crate::repository::read;
use crate::template::{list, resources, statements, template};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

type Actions = BTreeSet<String>;

/// What each resource type of the template takes at least: to make it and to delete it, SAM's types with what they become.
const TYPES: &[(&str, &[&str])] = &[
    ("AWS::ApiGateway::ApiKey", APIS),
    ("AWS::ApiGateway::BasePathMapping", APIS),
    (
        "AWS::ApiGateway::DomainName",
        &["apigateway:POST", "apigateway:AddCertificateToDomain"],
    ),
    ("AWS::ApiGateway::UsagePlan", APIS),
    ("AWS::ApiGateway::UsagePlanKey", APIS),
    (
        "AWS::CloudWatch::Alarm",
        &["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"],
    ),
    (
        "AWS::CloudWatch::Dashboard",
        &["cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards"],
    ),
    (
        "AWS::DynamoDB::Table",
        &[
            "dynamodb:CreateTable",
            "dynamodb:DeleteTable",
            "dynamodb:UpdateTimeToLive",
            "dynamodb:UpdateContinuousBackups",
            "kms:CreateGrant",
        ],
    ),
    (
        "AWS::Events::EventBus",
        &["events:CreateEventBus", "events:DeleteEventBus"],
    ),
    (
        "AWS::IAM::Policy",
        &["iam:PutRolePolicy", "iam:DeleteRolePolicy"],
    ),
    ("AWS::IAM::Role", ROLES),
    (
        "AWS::IoT::Policy",
        &["iot:CreatePolicy", "iot:DeletePolicy"],
    ),
    (
        "AWS::IoT::TopicRule",
        &["iot:CreateTopicRule", "iot:DeleteTopicRule", "iam:PassRole"],
    ),
    (
        "AWS::KMS::Key",
        &["kms:CreateKey", "kms:EnableKeyRotation", "kms:PutKeyPolicy"],
    ),
    (
        "AWS::Lambda::EventSourceMapping",
        &[
            "lambda:CreateEventSourceMapping",
            "lambda:GetEventSourceMapping",
            "lambda:UpdateEventSourceMapping",
            "lambda:DeleteEventSourceMapping",
        ],
    ),
    (
        "AWS::Lambda::Permission",
        &["lambda:AddPermission", "lambda:RemovePermission"],
    ),
    (
        "AWS::Logs::LogGroup",
        &[
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup",
            "logs:PutRetentionPolicy",
        ],
    ),
    ("AWS::S3::Bucket", &["s3:CreateBucket", "s3:DeleteBucket"]),
    (
        "AWS::S3::BucketPolicy",
        &["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"],
    ),
    ("AWS::SQS::Queue", &["sqs:CreateQueue", "sqs:DeleteQueue"]),
    (
        "AWS::Scheduler::Schedule",
        &["scheduler:CreateSchedule", "scheduler:DeleteSchedule"],
    ),
    (
        "AWS::Scheduler::ScheduleGroup",
        &[
            "scheduler:CreateScheduleGroup",
            "scheduler:DeleteScheduleGroup",
        ],
    ),
    ("AWS::Serverless::Api", APIS),
    (
        "AWS::Serverless::Function",
        &[
            "lambda:CreateFunction",
            "lambda:DeleteFunction",
            "iam:CreateRole",
            "iam:PassRole",
            "s3:GetObject",
            "cloudformation:CreateChangeSet",
        ],
    ),
    (
        "AWS::Serverless::StateMachine",
        &[
            "states:CreateStateMachine",
            "states:DeleteStateMachine",
            "iam:PassRole",
        ],
    ),
    (
        "AWS::WAFv2::WebACL",
        &["wafv2:CreateWebACL", "wafv2:DeleteWebACL"],
    ),
    (
        "AWS::WAFv2::WebACLAssociation",
        &["wafv2:AssociateWebACL", "apigateway:SetWebACL"],
    ),
];
const APIS: &[&str] = &["apigateway:POST", "apigateway:PATCH", "apigateway:DELETE"];
const ROLES: &[&str] = &["iam:CreateRole", "iam:DeleteRole", "iam:AttachRolePolicy"];

/// What AWS's own policies allow that SAM gives to functions: `AWSLambdaBasicExecutionRole`, and `AWSXrayWriteOnlyAccess`
/// (`AWSXRayDaemonWriteAccess` in partitions that lack it), to workflows too.
const OF_SAM: [&str; 8] = [
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:GetSamplingRules",
    "xray:GetSamplingStatisticSummaries",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// The IAM policy documents of a template, each with the resource that it is of.
fn documents(template: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for kind in ["AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"] {
        for (name, properties) in resources(template, kind) {
            found.push((name, properties["PolicyDocument"].clone()));
        }
    }
    for (name, properties) in resources(template, "AWS::IAM::Role") {
        for policy in list(&properties["Policies"]) {
            found.push((name.clone(), policy["PolicyDocument"].clone()));
        }
    }
    found
}

/// The statements of a document, both of those between which a condition decides.
fn statements_of(document: &Value) -> Vec<&Value> {
    let statements = list(&document["Statement"]).into_iter();
    statements
        .flat_map(|statement| match &statement["Fn::If"] {
            Value::Array(parts) => parts[1..].iter().collect(),
            _ => vec![statement],
        })
        .filter(|statement| statement["Effect"].is_string())
        .collect()
}

fn actions<'a>(statements: impl IntoIterator<Item = &'a Value>) -> Actions {
    let statements = statements.into_iter();
    statements
        .flat_map(|statement| list(&statement["Action"]))
        .map(|action| action.as_str().expect("an action").to_owned())
        .collect()
}

fn document_of(documents: &[(String, Value)], name: &str) -> Value {
    let mut found = documents.iter().filter(|(of, _)| of == name);
    found
        .next()
        .unwrap_or_else(|| panic!("no {name}"))
        .1
        .clone()
}

/// What CloudFormation may do when it deploys.
fn deployment(pipeline: &Value) -> Actions {
    let documents = documents(pipeline);
    let role = &pipeline["Resources"]["DeploymentRole"]["Properties"];
    let policies = list(&role["ManagedPolicyArns"]).into_iter();
    policies
        .map(|policy| policy["Ref"].as_str().expect("a policy of this file's"))
        .flat_map(|policy| actions(statements_of(&document_of(&documents, policy))))
        .collect()
}

#[test]
fn no_role_of_the_pipeline_has_a_policy_of_aws_or_an_action_with_a_wildcard() {
    let pipeline = pipeline();
    for (name, role) in resources(&pipeline, "AWS::IAM::Role") {
        for policy in list(&role["ManagedPolicyArns"]) {
            assert!(policy["Ref"].is_string(), "{name} has {policy}");
        }
    }
    for (name, document) in documents(&pipeline) {
        for statement in statements_of(&document) {
            assert_eq!(statement["Effect"], "Allow", "{name}");
            assert!(
                statement["Sid"].is_string(),
                "{name}: what for? {statement}"
            );
            for action in actions([statement]) {
                assert!(!action.contains(['*', '?']), "{name} allows {action}");
            }
        }
    }
}

#[test]
fn every_resource_that_is_all_resources_has_its_reason_above() {
    let text = read("pipeline.yaml");
    let lines: Vec<_> = text.lines().collect();
    let all = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.trim() == "Resource: \"*\"");
    let mut count = 0;
    for (at, _) in all {
        count += 1;
        let above = lines[at - 1].trim();
        assert!(above.starts_with("# "), "line {} of pipeline.yaml", at + 1);
    }
    // None hides in a list or in another spelling.
    let documents = documents(&pipeline());
    let statements = documents.iter().flat_map(|(_, d)| statements_of(d));
    let found = statements.filter(|s| list(&s["Resource"]).contains(&&Value::from("*")));
    assert_eq!(found.count(), count);
}

/// What SAM makes of a function's events takes as well.
#[test]
fn the_deployment_role_can_make_and_delete_what_hands_events_to_functions() {
    let allowed = deployment(&pipeline());
    for (name, function) in resources(&template(), "AWS::Serverless::Function") {
        for event in function["Events"].as_object().into_iter().flatten() {
            let needs: &[&str] = match event.1["Type"].as_str().unwrap() {
                "EventBridgeRule" => &[
                    "events:PutRule",
                    "events:DeleteRule",
                    "events:PutTargets",
                    "events:RemoveTargets",
                    "lambda:AddPermission",
                ],
                "Api" => &["lambda:AddPermission"],
                other => panic!("{name} has an event of the type {other}, which nobody knows here"),
            };
            for action in needs {
                assert!(allowed.contains(*action), "{name} needs {action}");
            }
        }
    }
}

#[test]
fn the_deployment_role_can_make_and_delete_each_type_of_the_template_and_uses_no_other_service() {
    let allowed = deployment(&pipeline());
    let needs: BTreeMap<_, _> = TYPES.iter().copied().collect();
    let template = template();
    let types: BTreeSet<_> = template["Resources"]
        .as_object()
        .unwrap()
        .values()
        .map(|resource| resource["Type"].as_str().unwrap())
        .collect();
    assert_eq!(types, needs.keys().copied().collect());
    for (kind, actions) in &needs {
        for action in *actions {
            assert!(allowed.contains(*action), "{kind} takes {action}");
        }
    }
    let services = |actions: &mut dyn Iterator<Item = &str>| -> BTreeSet<String> {
        actions
            .map(|action| action.split(':').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        services(&mut allowed.iter().map(String::as_str)),
        services(&mut needs.values().flat_map(|actions| actions.iter().copied()))
    );
}

#[test]
fn roles_are_made_with_the_boundary_only_and_not_among_the_pipelines_own() {
    let pipeline = pipeline();
    let document = document_of(&documents(&pipeline), "DeployFunctions");
    // Those for which IAM has no condition on the boundary, and which give no permissions.
    let unbounded: Actions = [
        "iam:CreateServiceLinkedRole",
        "iam:DeleteRole",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "iam:PassRole",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
    ]
    .map(str::to_owned)
    .into();
    for statement in statements_of(&document) {
        let of_iam: Actions = actions([statement]);
        if !of_iam.iter().any(|action| action.starts_with("iam:")) {
            continue;
        }
        let condition = &statement["Condition"]["StringEquals"];
        if of_iam.contains("iam:CreateRole") {
            assert_eq!(condition["iam:PermissionsBoundary"]["Ref"], "Boundary");
        } else {
            assert!(of_iam.is_subset(&unbounded), "{statement}");
        }
        if of_iam.contains("iam:PassRole") {
            assert!(condition["iam:PassedToService"].is_array(), "{statement}");
        }
        let place = statement["Resource"]["Fn::Sub"].as_str().unwrap();
        assert!(
            place.ends_with(":role/${ResourceTag}-*") || place.contains(":role/aws-service-role/"),
            "{place}"
        );
    }
    for kind in ["AWS::IAM::Role", "AWS::IAM::ManagedPolicy"] {
        for (name, properties) in resources(&pipeline, kind) {
            assert_eq!(properties["Path"], "/muster-pipeline/", "{name}");
        }
    }
}

#[test]
fn every_role_of_the_stack_takes_the_boundary() {
    let template = template();
    let bound = serde_json::json!(
        {"Fn::If": ["BoundaryNamed", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}
    );
    assert_eq!(
        template["Globals"]["Function"]["PermissionsBoundary"],
        bound
    );
    for kind in ["AWS::IAM::Role", "AWS::Serverless::StateMachine"] {
        for (name, properties) in resources(&template, kind) {
            assert_eq!(properties["PermissionsBoundary"], bound, "{name}");
        }
    }
}

#[test]
fn the_boundary_allows_what_the_stacks_roles_may_do_and_nothing_else() {
    let template = template();
    let mut wanted: Actions = OF_SAM.map(str::to_owned).into();
    for kind in ["AWS::Serverless::Function", "AWS::Serverless::StateMachine"] {
        for (_, properties) in resources(&template, kind) {
            wanted.extend(actions(statements(&properties)));
        }
    }
    for (_, document) in documents(&template) {
        wanted.extend(actions(statements_of(&document)));
    }
    let boundary = document_of(&documents(&pipeline()), "Boundary");
    assert_eq!(actions(statements_of(&boundary)), wanted);
}

#[test]
fn cloudformation_names_what_the_pipelines_roles_know_by_name() {
    let template = template();
    let properties = [
        "AlarmName",
        "BucketName",
        "FunctionName",
        "LogGroupName",
        "QueueName",
        "RoleName",
        "RuleName",
        "TableName",
    ];
    for (name, resource) in template["Resources"].as_object().unwrap() {
        // These name the function that they are for.
        let of_a_function = ["AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission"];
        if !of_a_function.contains(&resource["Type"].as_str().unwrap()) {
            for property in properties {
                let named = &resource["Properties"][property];
                let by_the_stack = named["Fn::Sub"]
                    .as_str()
                    .is_some_and(|name| name.starts_with("${AWS::StackName}-"));
                assert!(named.is_null() || by_the_stack, "{name} has {property}");
            }
        }
    }
    // And those whose ARNs say more than the prefix.
    for (name, dashboard) in resources(&template, "AWS::CloudWatch::Dashboard") {
        let named = &dashboard["DashboardName"]["Fn::Sub"];
        assert_eq!(named, "${AWS::StackName}-${AWS::Region}", "{name}");
    }
    for (name, group) in resources(&template, "AWS::Scheduler::ScheduleGroup") {
        assert_eq!(
            group["Name"]["Fn::Sub"], "${AWS::StackName}-daily",
            "{name}"
        );
    }
    for (name, bus) in resources(&template, "AWS::Events::EventBus") {
        assert_eq!(bus["Name"]["Fn::Sub"], "${AWS::StackName}-events", "{name}");
    }
    let buckets = resources(&template, "AWS::S3::Bucket").into_iter();
    assert_eq!(buckets.map(|(name, _)| name).collect::<Vec<_>>(), ["Vault"]);
    for kind in [
        "AWS::Serverless::StateMachine",
        "AWS::StepFunctions::StateMachine",
    ] {
        for (name, _) in resources(&template, kind) {
            assert!(name.ends_with("StateMachine"), "{name}");
        }
    }
}
