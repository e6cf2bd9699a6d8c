"""Lists what an account has, kind by kind, as one JSON object of lists. For tests that compare it before and after."""

import json

import boto3
from botocore.config import Config

PATIENT = Config(retries={"max_attempts": 5})


def client(service: str):
    return boto3.client(service, config=PATIENT)


def pages(service: str, operation: str, field: str, name: str | None, **asked) -> list:
    api = client(service)
    if api.can_paginate(operation):
        answers = api.get_paginator(operation).paginate(**asked)
    else:
        answers = [getattr(api, operation)(**asked)]
    found = [one for answer in answers for one in answer.get(field) or []]
    return sorted(one[name] if name else one for one in found)


def keys() -> list:
    """Those that nobody has ordered the deletion of, and for the others in how many days."""
    kms = client("kms")
    described = [kms.describe_key(KeyId=key)["KeyMetadata"] for key in pages("kms", "list_keys", "Keys", "KeyId")]
    ours = [key for key in described if key["KeyManager"] == "CUSTOMER"]
    return sorted(f"{key['KeyState']} {key['KeyId']}" for key in ours)


def account() -> dict:
    return {
        "things": pages("iot", "list_things", "things", "thingName"),
        "thingTypes": pages("iot", "list_thing_types", "thingTypes", "thingTypeName"),
        "thingGroups": pages("iot", "list_thing_groups", "thingGroups", "groupName"),
        "certificates": pages("iot", "list_certificates", "certificates", "certificateId"),
        "authorities": pages("iot", "list_ca_certificates", "certificates", "certificateId"),
        "iotPolicies": pages("iot", "list_policies", "policies", "policyName"),
        "provisioningTemplates": pages("iot", "list_provisioning_templates", "templates", "templateName"),
        "roleAliases": pages("iot", "list_role_aliases", "roleAliases", None),
        "topicRules": pages("iot", "list_topic_rules", "rules", "ruleName"),
        "buckets": pages("s3", "list_buckets", "Buckets", "Name"),
        "tables": pages("dynamodb", "list_tables", "TableNames", None),
        "queues": pages("sqs", "list_queues", "QueueUrls", None),
        "functions": pages("lambda", "list_functions", "Functions", "FunctionName"),
        "eventSources": pages("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
        "stateMachines": pages("stepfunctions", "list_state_machines", "stateMachines", "name"),
        "buses": pages("events", "list_event_buses", "EventBuses", "Name"),
        "eventRules": pages("events", "list_rules", "Rules", "Name"),
        "schedules": pages("scheduler", "list_schedules", "Schedules", "Name"),
        "alarms": pages("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        "logGroups": pages("logs", "describe_log_groups", "logGroups", "logGroupName"),
        "roles": pages("iam", "list_roles", "Roles", "RoleName"),
        "iamPolicies": pages("iam", "list_policies", "Policies", "PolicyName", Scope="Local"),
        "apis": pages("apigateway", "get_rest_apis", "items", "name"),
        "apiKeys": pages("apigateway", "get_api_keys", "items", "name"),
        "usagePlans": pages("apigateway", "get_usage_plans", "items", "name"),
        "keys": keys(),
        "stacks": [
            stack["StackName"]
            for stack in client("cloudformation").list_stacks()["StackSummaries"]
            if stack["StackStatus"] != "DELETE_COMPLETE"
        ],
    }


if __name__ == "__main__":
    print(json.dumps(account()))
