"""The function of pipeline.yaml that empties the bucket: it deletes all there is, and always answers CloudFormation."""

import json
import types
import unittest
from pathlib import Path
from unittest import mock

from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = yaml_parse((Path(__file__).parent.parent / "pipeline.yaml").read_text())
CODE = TEMPLATE["Resources"]["EmptierFunction"]["Properties"]["Code"]["ZipFile"]
PLENTY_MS = 600_000


class Bucket:
    """As much of S3 as the function calls."""

    def __init__(self, pages: list, errors: list = (), gone: bool = False) -> None:
        self.pages, self.errors, self.gone, self.deleted = pages, errors, gone, []

    def get_paginator(self, call: str) -> "Bucket":
        assert call == "list_object_versions"
        return self

    def paginate(self, Bucket: str) -> list:
        if self.gone:
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "ListObjectVersions")
        return self.pages

    def delete_objects(self, Bucket: str, Delete: dict) -> dict:
        self.deleted += [(one["Key"], one["VersionId"]) for one in Delete["Objects"]]
        return {"Errors": self.errors}


def versions(*keys: str) -> list:
    return [{"Key": key, "VersionId": f"{key}-1"} for key in keys]


def run(bucket: Bucket, request: str = "Delete", left_ms: int = PLENTY_MS, failures: int = 0) -> list:
    """The answers that CloudFormation gets."""
    answers, failed = [], [OSError("no route")] * failures

    def urlopen(request: object, timeout: int) -> mock.Mock:
        if failed:
            raise failed.pop()
        answers.append((request.method, request.full_url, json.loads(request.data)))
        return mock.Mock()

    module = types.ModuleType("index")
    with mock.patch("boto3.client", return_value=bucket), mock.patch("urllib.request.urlopen", urlopen), mock.patch("time.sleep"):
        exec(CODE, module.__dict__)
        event = {
            "RequestType": request,
            "ResponseURL": "https://answers.example/1",
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "ArtifactsEmptied",
            "ResourceProperties": {"Bucket": "artifacts"},
        }
        module.handler(event, mock.Mock(**{"get_remaining_time_in_millis.return_value": left_ms}))
    return answers


class Emptier(unittest.TestCase):
    def answered(self, answers: list, status: str, reason: str = "") -> None:
        ((method, url, answer),) = answers
        self.assertEqual((method, url), ("PUT", "https://answers.example/1"))
        self.assertEqual((answer["Status"], answer["StackId"], answer["RequestId"]), (status, "stack", "request"))
        self.assertIn(reason, answer["Reason"])

    def test_versions_and_delete_markers_of_all_pages_are_deleted(self) -> None:
        bucket = Bucket([{"Versions": versions("a"), "DeleteMarkers": versions("b")}, {}, {"Versions": versions("c")}])
        self.answered(run(bucket), "SUCCESS")
        self.assertEqual(bucket.deleted, [("a", "a-1"), ("b", "b-1"), ("c", "c-1")])

    def test_nothing_is_deleted_before_the_stack_is(self) -> None:
        for request in ("Create", "Update"):
            bucket = Bucket([{"Versions": versions("a")}])
            self.answered(run(bucket, request), "SUCCESS")
            self.assertEqual(bucket.deleted, [])

    def test_a_bucket_that_is_gone_is_empty(self) -> None:
        self.answered(run(Bucket([], gone=True)), "SUCCESS")

    def test_what_cannot_be_deleted_is_named(self) -> None:
        bucket = Bucket([{"Versions": versions("a")}], errors=[{"Key": "a", "Code": "AccessDenied", "Message": "no"}])
        self.answered(run(bucket), "FAILED", "a stays: AccessDenied")

    def test_it_answers_before_its_time_is_over(self) -> None:
        bucket = Bucket([{"Versions": versions("a")}])
        self.answered(run(bucket, left_ms=20_000), "FAILED", "delete the stack again")
        self.assertEqual(bucket.deleted, [])

    def test_an_answer_that_did_not_arrive_is_sent_again(self) -> None:
        self.answered(run(Bucket([]), failures=2), "SUCCESS")


if __name__ == "__main__":
    unittest.main()
