"""Run Python samples, given as JSON on standard input, each as a program of its own."""

import contextlib
import io
import json
import sys
import traceback


def run(text: str) -> dict[str, str]:
    """Return what one sample put out, and how it failed if it did."""
    output = io.StringIO()
    error = ""
    with contextlib.redirect_stdout(output):
        try:
            exec(compile(text, "sample", "exec"), {"__name__": "__main__"})
        except BaseException:
            error = traceback.format_exc()
    return {"output": output.getvalue(), "error": error}


print(json.dumps([{"name": one["name"], **run(one["text"])} for one in json.load(sys.stdin)]))
