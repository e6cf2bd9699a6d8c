"""What .ci/build lays out for Lambda, with a compiler that only says what it was asked."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).with_name("build")
NAMED = ("template.yaml", "dashboard.yaml")
FOLDERS = ("policies", "statemachines")

# Where cargo and cargo-lambda put what they build (cargo-lambda's documentation, "cargo lambda build").
CARGO = """#!/usr/bin/env bash
set -euo pipefail
printf '%s\\n' "$*" >>"$ASKED"
case " $* " in
    " lambda --version ") exit "${WITHOUT_LAMBDA:-0}" ;;
    " lambda build "*) place() { printf '%s/lambda/%s/bootstrap' "$CARGO_TARGET_DIR" "$1"; } ;;
    *" --release "*) place() { printf '%s/release/%s' "$CARGO_TARGET_DIR" "$1"; } ;;
    *) exit 9 ;;
esac
while [ $# -gt 0 ]; do
    if [ "$1" = --bin ]; then
        mkdir -p "$(dirname "$(place "$2")")"
        printf 'built %s' "$2" >"$(place "$2")"
    fi
    shift
done
"""


class Build(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        (self.root / ".ci").mkdir()
        shutil.copy(SCRIPT, self.root / ".ci" / "build")
        for name in NAMED:
            (self.root / name).write_text(name)
        for name in FOLDERS:
            (self.root / name).mkdir()
            (self.root / name / "one.json").write_text("{}")
        for function in ("one", "two-words"):
            (self.root / "functions" / function).mkdir(parents=True)
        cargo = self.root / "bin" / "cargo"
        cargo.parent.mkdir()
        cargo.write_text(CARGO)
        cargo.chmod(0o755)
        # Of an earlier build.
        (self.root / "target" / "deploy" / "functions" / "gone").mkdir(parents=True)

    def build(self, architecture: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        self.asked = self.root / "asked"
        return subprocess.run(
            [self.root / ".ci" / "build"], capture_output=True, text=True, check=False,
            env={
                "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}", "HOME": str(self.root), "ASKED": str(self.asked),
                "CARGO_TARGET_DIR": str(self.root / "built"), "MUSTER_ARCHITECTURE": architecture, **environment,
            },
        )

    def test_each_architecture_of_lambda_is_built_for_it_and_laid_out(self) -> None:
        for architecture, flag in (("arm64", "--arm64"), ("x86_64", "--x86-64")):
            ran = self.build(architecture)
            self.assertEqual(ran.returncode, 0, ran.stderr)
            deploy = self.root / "target" / "deploy"
            for function in ("one", "two-words"):
                bootstrap = deploy / "functions" / function / "bootstrap"
                self.assertEqual(bootstrap.read_text(), f"built {function}")
            self.assertFalse((deploy / "functions" / "gone").exists())
            for name in (*NAMED, *(f"{folder}/one.json" for folder in FOLDERS)):
                self.assertTrue((deploy / name).exists(), name)
            asked = self.asked.read_text().splitlines()[-1]
            self.assertIn("--locked --release", asked)
            # On Lambda's own system cargo builds for the machine itself.
            self.assertTrue(flag in asked or not asked.startswith("lambda"), asked)

    def test_what_is_missing_or_unknown_is_named_and_nothing_is_left_to_deploy(self) -> None:
        other = "x86_64" if os.uname().machine == "aarch64" else "arm64"
        for architecture, environment, said in (
            (other, {"WITHOUT_LAMBDA": "1"}, "cargo-lambda is missing"),
            ("riscv64", {}, "it can be arm64, x86_64 or local"),
        ):
            ran = self.build(architecture, **environment)
            self.assertNotEqual(ran.returncode, 0)
            self.assertIn(said, ran.stderr)
            self.assertFalse((self.root / "target" / "deploy").exists())


if __name__ == "__main__":
    unittest.main()
