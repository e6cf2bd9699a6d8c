"""Gives a JSONata expression as long as it needs on a busy machine.

The emulator ends an evaluation after a second by the clock, as AWS does after a second of its own machines. Here dozens
of executions share one Python process, and wait for each other amid their evaluations: one of a millisecond can take
longer than that, and its execution fails with States.QueryEvaluationError.
"""

import jsonata

# Ends what never ends by itself.
MILLISECONDS = 60_000


def install() -> None:
    parse = jsonata.Jsonata.jsonata

    def unhurried(expression, timeout=None):
        return parse(expression, timeout=timeout and MILLISECONDS)

    jsonata.Jsonata.jsonata = staticmethod(unhurried)
