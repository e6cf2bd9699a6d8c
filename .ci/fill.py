"""Prints a workflow's definition as asl-validator can read it: with values for the template's substitutions.

The validator takes an empty string in Assign for an error (its pattern wants at least one character), which Step
Functions does not. So an empty string is printed as the expression for one.
"""

import re
import sys


def value(match):
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:name"
    return arn if match.group(1).endswith("Arn") else "1"


with open(sys.argv[1], encoding="utf-8") as definition:
    text = re.sub(r"\$\{(\w+)\}", value, definition.read())
print(re.sub(r': ""(?=[,\s])', ": \"{% '' %}\"", text))
