"""Plays CodePipeline and CodeBuild, which the local stack has not got: from a push to a deployed stack.

pipeline.yaml is deployed, all but the pipeline itself. Then its stages are gone through as that file has them, with the
roles that it makes: the repository is cloned, the commands of buildspec.yaml are run in the clone, CloudFormation makes a
change set of what came out, shows it and executes it. A second push changes a parameter, and goes the same way. At last the
stack of pipeline.yaml is deleted.

Its arguments are the repository that was pushed to, the branch, the checkout that was pushed from, and a directory to work in.
"""

import collections
import filecmp
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import boto3
from botocore.exceptions import ClientError, WaiterError
from samtranslator.yaml_helper import yaml_parse

PIPELINE_STACK = "pipeline"
TAG = "pushed"
# What runs this program. It cannot be run by it again.
TESTS = ".ci/run"
# Where the emulator differs: it has no pipelines, and this policy refuses whoever comes without TLS, as all do here.
STANDIN_FOR, ABSENT = "Pipeline", "ArtifactsPolicy"
# What the emulator does not take of the template, here and in `muster up`.
OVERLAY = Path(__file__).parent.parent / "local/overlay.json"
# What this program does, it does with these roles, which trust services of AWS only.
PLAYED_ROLES = ["BuildRole", "PipelineRole"]
# What the second push changes.
CHANGED = {"Enrolment": "open"}


def say(line: str) -> None:
    print(line, flush=True)


def clone(repository: str, branch: str, checkout: Path, source: Path) -> None:
    subprocess.run(["git", "clone", "--quiet", "--branch", branch, repository, source], check=True)
    # cargo goes by times: what is the same as in the checkout, and was compiled there, need not be compiled again.
    for file in source.rglob("*"):
        original = checkout / file.relative_to(source)
        if file.is_file() and original.is_file() and filecmp.cmp(file, original, shallow=False):
            shutil.copystat(original, file)


class Cloud:
    """The emulator, as its root or with a role."""

    def __init__(self, session: boto3.Session) -> None:
        self.session = session
        self.cloudformation = session.client("cloudformation")

    def with_role(self, arn: str, name: str) -> "Cloud":
        answer = self.session.client("sts").assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
        return Cloud(boto3.Session(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]))

    def wait_for(self, event: str, stack: str, **names: str) -> None:
        try:
            self.cloudformation.get_waiter(event).wait(
                StackName=stack, **names, WaiterConfig={"Delay": 1, "MaxAttempts": 180}
            )
        except WaiterError as error:
            reasons = [str(error.last_response.get("StatusReason", ""))]
            for line in self.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]:
                if line["ResourceStatus"].endswith("FAILED"):
                    reasons.append(f"{line['LogicalResourceId']}: {line.get('ResourceStatusReason')}")
            sys.exit(f"{stack} did not come to {event}:\n" + "\n".join(reasons))

    def has(self, stack: str) -> bool:
        try:
            return bool(self.cloudformation.describe_stacks(StackName=stack)["Stacks"])
        except ClientError:
            return False

    def resource(self, stack: str, logical_id: str) -> str:
        answer = self.cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=logical_id)
        return answer["StackResourceDetail"]["PhysicalResourceId"]


def deploy_pipeline(cloud: Cloud, source: Path, branch: str) -> dict:
    """Deploys pipeline.yaml, and answers the pipeline's properties with all references filled in."""
    template = yaml_parse((source / "pipeline.yaml").read_text())
    resources = template["Resources"]
    del resources[ABSENT]
    # A resource of a type that is there keeps the properties: a definition of a workflow may be anything here.
    resources[STANDIN_FOR] = {
        "Type": "AWS::StepFunctions::StateMachine",
        "DependsOn": resources[STANDIN_FOR]["DependsOn"],
        "Properties": {
            "RoleArn": {"Fn::GetAtt": ["PipelineRole", "Arn"]},
            "Definition": resources[STANDIN_FOR]["Properties"],
        },
    }
    for role in PLAYED_ROLES:
        trust = resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        trust.append({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": {"Ref": "AWS::AccountId"}}})
    parameters = {"CodeRepositoryName": "muster", "CodeRepositoryBranch": branch, "ResourceTag": TAG, "Approval": "on"}
    cloud.cloudformation.create_stack(
        StackName=PIPELINE_STACK,
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    cloud.wait_for("stack_create_complete", PIPELINE_STACK)
    made = cloud.cloudformation.describe_stack_resources(StackName=PIPELINE_STACK)["StackResources"]
    say(f"pipeline.yaml is deployed: {len(made)} resources, all but {ABSENT}; {STANDIN_FOR} is played by this program")
    kept = cloud.session.client("stepfunctions").describe_state_machine(
        stateMachineArn=cloud.resource(PIPELINE_STACK, STANDIN_FOR)
    )
    return json.loads(kept["definition"])


def build(cloud: Cloud, configuration: dict, source: Path) -> None:
    """Runs the commands of buildspec.yaml as the build's role, in the environment that the project has."""
    (project,) = cloud.session.client("codebuild").batch_get_projects(names=[configuration["ProjectName"]])["projects"]
    role = cloud.with_role(project["serviceRole"], "build")
    credentials = role.session.get_credentials()
    spec = yaml_parse((source / project["source"]["buildspec"]).read_text())
    environment = {
        **os.environ,
        **{variable["name"]: variable["value"] for variable in project["environment"]["environmentVariables"]},
        **spec["env"]["variables"],
        # On AWS this machine's and Lambda's architectures are the same.
        "MUSTER_ARCHITECTURE": "local",
        # What was compiled for the tests with these is not compiled again without.
        "CARGO_INCREMENTAL": os.environ.get("CARGO_INCREMENTAL", "1"),
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token,
    }
    for phase, part in spec["phases"].items():
        for command in part["commands"]:
            if command == TESTS:
                say(f"    {phase}: {command} (it runs this)")
                continue
            say(f"    {phase}: {command}")
            started = time.monotonic()
            ended = subprocess.run(command, shell=True, executable="/bin/bash", cwd=source, env=environment)
            if ended.returncode:
                sys.exit(f"{command} failed, and so does the build")
            say(f"      took {time.monotonic() - started:.0f} s")
    for name in spec["artifacts"]["files"]:
        if not (source / spec["artifacts"]["base-directory"] / name).is_file():
            sys.exit(f"buildspec.yaml promises {name}, and the build has not made it")


def push_a_parameter(source: Path, branch: str) -> None:
    """What an operator does who changes a parameter, and nothing else."""
    (source / "parameters.json").write_text(json.dumps({"Parameters": CHANGED}))
    author = ["-c", "user.name=ci", "-c", "user.email=ci@localhost", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *author, "commit", "--quiet", "--all", "--message", f"{CHANGED}"], cwd=source, check=True)
    subprocess.run(["git", "push", "--quiet", "origin", branch], cwd=source, check=True)


def make_change_set(cloud: Cloud, configuration: dict, built: Path) -> None:
    settings = json.loads((built / configuration["TemplateConfiguration"].split("::")[1]).read_text())
    parameters = {**settings["Parameters"], **json.loads(configuration["ParameterOverrides"])}
    template = yaml_parse((built / configuration["TemplatePath"].split("::")[1]).read_text())
    for name in json.loads(OVERLAY.read_text())["absent"]:
        del template["Resources"][name]
    # CloudFormation takes no template of this size but from a bucket.
    bucket, key = cloud.bucket, f"{TAG}/Built/packaged.yaml"
    s3 = cloud.session.client("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(template))
    names = {"StackName": configuration["StackName"], "ChangeSetName": configuration["ChangeSetName"]}
    there = cloud.has(names["StackName"])
    if there:
        cloud.cloudformation.delete_change_set(**names)
    cloud.cloudformation.create_change_set(
        **names,
        ChangeSetType="UPDATE" if there else "CREATE",
        TemplateURL=f"{s3.meta.endpoint_url}/{bucket}/{key}",
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Tags=[{"Key": key, "Value": value} for key, value in settings["Tags"].items()],
        Capabilities=configuration["Capabilities"].split(","),
        RoleARN=configuration["RoleArn"],
    )
    cloud.wait_for("change_set_create_complete", names["StackName"], ChangeSetName=names["ChangeSetName"])
    changes = []
    for page in cloud.cloudformation.get_paginator("describe_change_set").paginate(**names):
        changes += [change["ResourceChange"] for change in page["Changes"]]
    say(f"    {len(changes)} changes of {names['StackName']}, with {parameters} and tags {settings['Tags']}:")
    counts = collections.Counter((change["Action"], change["ResourceType"]) for change in changes)
    for (action, kind), count in sorted(counts.items()):
        say(f"      {action} {count:3} {kind}")
    if not changes:
        sys.exit("the change set has no changes")


def execute_change_set(cloud: Cloud, configuration: dict) -> None:
    stack = configuration["StackName"]
    (before,) = cloud.cloudformation.describe_stacks(StackName=stack)["Stacks"]
    done = "stack_create_complete" if before["StackStatus"] == "REVIEW_IN_PROGRESS" else "stack_update_complete"
    cloud.cloudformation.execute_change_set(StackName=stack, ChangeSetName=configuration["ChangeSetName"])
    cloud.wait_for(done, stack)
    (made,) = cloud.cloudformation.describe_stacks(StackName=stack)["Stacks"]
    say(f"    {stack}: {made['StackStatus']}, {len(made['Outputs'])} outputs")


def play(cloud: Cloud, pipeline: dict, source: Path) -> None:
    role = cloud.with_role(pipeline["RoleArn"], "pipeline")
    role.bucket = pipeline["ArtifactStore"]["Location"]
    for stage in pipeline["Stages"]:
        for action in sorted(stage["Actions"], key=lambda action: action.get("RunOrder", 1)):
            provider, configuration = action["ActionTypeId"]["Provider"], action["Configuration"]
            say(f"==> {stage['Name']}/{action['Name']} ({provider})")
            if provider == "CodeCommit":
                commit = subprocess.check_output(["git", "log", "-1", "--format=%h %s"], cwd=source, text=True)
                say(f"    {configuration['RepositoryName']}, {configuration['BranchName']}: {commit.strip()}")
            elif provider == "CodeBuild":
                build(cloud, configuration, source)
            elif provider == "Manual":
                say(f"    {configuration['CustomData']} It is approved here.")
            elif configuration["ActionMode"] == "CHANGE_SET_REPLACE":
                make_change_set(role, configuration, source / "target/deploy")
            elif configuration["ActionMode"] == "CHANGE_SET_EXECUTE":
                execute_change_set(role, configuration)
            else:
                sys.exit(f"this program does not know {provider}")


def delete_pipeline(cloud: Cloud) -> None:
    bucket, s3 = cloud.resource(PIPELINE_STACK, "Artifacts"), cloud.session.client("s3")
    # Written twice and deleted, so that there are older versions and a delete marker.
    for _ in range(2):
        s3.put_object(Bucket=bucket, Key="cache", Body=b"a cache")
    s3.delete_object(Bucket=bucket, Key="cache")
    found = s3.list_object_versions(Bucket=bucket)
    versions, markers = len(found["Versions"]), len(found["DeleteMarkers"])
    cloud.cloudformation.delete_stack(StackName=PIPELINE_STACK)
    cloud.wait_for("stack_delete_complete", PIPELINE_STACK)
    if bucket in [one["Name"] for one in s3.list_buckets()["Buckets"]]:
        sys.exit(f"the pipeline's stack is deleted, and its bucket {bucket} stays")
    say(f"the pipeline's stack is deleted, with its bucket and the {versions} versions and {markers} delete markers in it")


def main() -> None:
    repository, branch, checkout, work = sys.argv[1:]
    source = Path(work) / "source"
    clone(repository, branch, Path(checkout), source)
    cloud = Cloud(boto3.Session())
    pipeline = deploy_pipeline(cloud, source, branch)
    play(cloud, pipeline, source)
    push_a_parameter(source, branch)
    play(cloud, pipeline, source)
    delete_pipeline(cloud)


main()
