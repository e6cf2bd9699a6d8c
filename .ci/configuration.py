"""Writes the stack's parameters and tags to configuration.json, as CodePipeline and the AWS CLI read them.

The parameters are those of parameters.json. What the functions were built for is read from the functions themselves, and
ones that Lambda could not run are refused. The one argument is the directory that .ci/build has filled.
"""

import json
import os
import re
import sys
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

# Where an ELF file says what machine it is for, and what Lambda calls these.
MACHINE = slice(18, 20)
ARCHITECTURES = {62: "x86_64", 183: "arm64"}
# The newest symbols of the C library that provided.al2023 has.
NEWEST_LIBRARY = (2, 34)


def architecture_of(bootstrap: Path, here: bool) -> str:
    """What a function was built for. `here` is for this machine, whose C library it may need."""
    binary = bootstrap.read_bytes()
    if not binary.startswith(b"\x7fELF"):
        sys.exit(f"{bootstrap} is no program for Linux: run .ci/build")
    versions = (tuple(map(int, version)) for version in re.findall(rb"GLIBC_(\d+)\.(\d+)", binary))
    newest = max(versions, default=NEWEST_LIBRARY)
    if newest > NEWEST_LIBRARY and not here:
        sys.exit(
            f"{bootstrap} needs a C library {newest[0]}.{newest[1]}, and Lambda has "
            f"{NEWEST_LIBRARY[0]}.{NEWEST_LIBRARY[1]}: build it with .ci/build"
        )
    return ARCHITECTURES.get(int.from_bytes(binary[MACHINE], "little"), "unknown")


def main() -> None:
    deploy = Path(sys.argv[1])
    template = yaml_parse((deploy / "template.yaml").read_text())
    parameters = json.loads(Path("parameters.json").read_text())["Parameters"]
    for name, value in parameters.items():
        if name not in template["Parameters"]:
            sys.exit(f"parameters.json has {name}, which template.yaml has no parameter for")
        if not isinstance(value, str):
            sys.exit(f'parameters.json has {name}: {json.dumps(value)}. Write it as text: "{value}"')

    here = os.environ.get("MUSTER_ARCHITECTURE") == "local"
    functions = [
        resource["Properties"]["CodeUri"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    built = {}
    for function in functions:
        bootstrap = deploy / function / "bootstrap"
        if not bootstrap.is_file():
            sys.exit(f"{bootstrap} is missing: run .ci/build")
        built.setdefault(architecture_of(bootstrap, here), function)
    if len(built) != 1 or "unknown" in built:
        sys.exit(f"the functions were built for {built}: build them for one of arm64, x86_64")
    (architecture,) = built

    configuration = {"Parameters": {**parameters, "Architecture": architecture}}
    if tag := os.environ.get("MUSTER_RESOURCE_TAG"):
        configuration["Tags"] = {"ResourceTag": tag}
    (deploy / "configuration.json").write_text(json.dumps(configuration, indent=2) + "\n")


main()
