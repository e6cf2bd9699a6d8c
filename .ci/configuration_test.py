"""What .ci/package writes for CloudFormation, and what it refuses."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).with_name("configuration.py")
TEMPLATE = """
Parameters: { Architecture: { Type: String }, Enrolment: { Type: String } }
Resources:
  One: { Type: "AWS::Serverless::Function", Properties: { CodeUri: functions/one } }
  Two: { Type: "AWS::Serverless::Function", Properties: { CodeUri: functions/two } }
"""


def program(machine: int, library: str = "GLIBC_2.34") -> bytes:
    return b"\x7fELF".ljust(18, b"\0") + machine.to_bytes(2, "little") + library.encode()


ARM, INTEL, RISC = program(183), program(62), program(243)


class Configuration(unittest.TestCase):
    def configure(self, one: bytes = ARM, two: bytes = ARM, parameters: object = None, **environment: str) -> object:
        """The configuration, or why there is none."""
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            (root / "template.yaml").write_text(TEMPLATE)
            (root / "parameters.json").write_text(json.dumps({"Parameters": parameters or {}}))
            for name, code in (("one", one), ("two", two)):
                (root / "functions" / name).mkdir(parents=True)
                if code:
                    (root / "functions" / name / "bootstrap").write_bytes(code)
            ran = subprocess.run(
                [sys.executable, SCRIPT, root], cwd=root, env={"PATH": os.environ["PATH"], **environment},
                capture_output=True, text=True,
            )
            written = root / "configuration.json"
            return ran.stderr if ran.returncode else json.loads(written.read_text())

    def test_what_the_functions_were_built_for_is_what_is_deployed(self) -> None:
        self.assertEqual(self.configure(), {"Parameters": {"Architecture": "arm64"}})
        self.assertEqual(self.configure(INTEL, INTEL), {"Parameters": {"Architecture": "x86_64"}})

    def test_parameters_and_the_tag_are_handed_on(self) -> None:
        configuration = self.configure(parameters={"Enrolment": "open"}, MUSTER_RESOURCE_TAG="fleetprov")
        self.assertEqual(
            configuration,
            {"Parameters": {"Enrolment": "open", "Architecture": "arm64"}, "Tags": {"ResourceTag": "fleetprov"}},
        )

    def test_functions_that_lambda_cannot_run_are_refused(self) -> None:
        self.assertIn("needs a C library 2.35", self.configure(two=program(183, "GLIBC_2.35")))
        self.assertIn("build them for one of", self.configure(two=INTEL))
        self.assertIn("build them for one of", self.configure(RISC, RISC))
        self.assertIn("is no program for Linux", self.configure(two=b"#!/bin/sh\n"))
        self.assertIn("two/bootstrap is missing", self.configure(two=b""))

    def test_this_machine_may_have_a_newer_c_library_than_lambda(self) -> None:
        newer = program(183, "GLIBC_2.41")
        self.assertIn("Parameters", self.configure(newer, newer, MUSTER_ARCHITECTURE="local"))

    def test_parameters_that_cloudformation_would_refuse_are_refused_before_the_upload(self) -> None:
        self.assertIn("template.yaml has no parameter for", self.configure(parameters={"Enrollment": "open"}))
        self.assertIn('Write it as text: "7"', self.configure(parameters={"Enrolment": 7}))


if __name__ == "__main__":
    unittest.main()
