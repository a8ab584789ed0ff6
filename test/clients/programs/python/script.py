"""Reads ../statements.txt and runs what the environment asks for."""

import os
import time

PATIENCE = 20  # seconds that a condition may take to come true


class Failed(Exception):
    def __init__(self, got, want):
        super().__init__(f"got {got!r} want {want!r}")


def check(got, want):
    if got != want:
        raise Failed(got, want)


def poll(look, want):
    end = time.monotonic() + PATIENCE
    while (got := look()) != want:
        if time.monotonic() > end:
            raise Failed(got, want)
        time.sleep(0.02)


def read():
    """Returns the steps of each feature and the features that end in the program."""
    features, open_ended, steps = {}, set(), None
    with open(os.environ["STATEMENTS"], encoding="utf-8") as file:
        text = file.read().replace("${DB_NAME}", os.environ["DB_NAME"])
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word in ("=", "+"):
            steps = features.setdefault(rest, [])
            if word == "+":
                open_ended.add(rest)
        elif word in ("1", "2", "1?", "2?"):
            steps.append({"on": word[0], "until": word.endswith("?"), "sql": rest, "rows": [], "error": None, "says": None})
        elif word == ">":
            steps[-1]["rows"].append([None if v == "\\N" else v for v in rest.split("\t")])
        elif word == "!":
            steps[-1]["error"] = rest
        elif word == "~":
            steps[-1]["says"] = rest.split()
    return features, open_ended


def text(value):
    if value is None:
        return None
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def execute(run, connection, step):
    rows, says, error = run(connection, step["sql"])
    if step["error"]:
        # The interface shows either number or number and SQLSTATE.
        check(error, step["error"] if error and " " in error else step["error"].split()[0])
        return
    if error:
        raise Failed(f"error {error}", step["sql"])
    check([[text(v) for v in row] for row in rows], step["rows"])
    for got, want in zip(says, step["says"] or []):
        if want != "-":
            check(str(got), want)


def script(connect, run, first, steps):
    connections = {"1": first}
    try:
        for step in steps:
            if step["on"] not in connections:
                connections[step["on"]] = connect()
            connection = connections[step["on"]]
            if step["until"]:
                wanted = step["rows"]
                poll(lambda: [[text(v) for v in row] for row in run(connection, step["sql"])[0]], wanted)
            else:
                execute(run, connection, step)
    finally:
        if "2" in connections:
            connections["2"].close()


def run_all(connect, run, native, not_offered):
    scripts, open_ended = read()
    for name in os.environ["FEATURES"].split():
        connection = None
        try:
            if name not in native and (name not in scripts or name in open_ended):
                raise not_offered("the driver has nothing of the kind")
            connection = connect()
            seen = None
            if name in scripts:
                script(connect, run, connection, scripts[name])
            if name in native:
                seen = native[name](connection)
            line = f"ok {name}" + (f": {seen}" if seen else "")
        except not_offered as reason:
            line = f"n/a {name}: {reason}"
        except Exception as error:  # whatever it is, the others are still to be checked
            line = f"FAIL {name}: " + (str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}")
        print(" ".join(line.split("\n")), flush=True)
        try:
            if connection:
                connection.close()
        except Exception:
            pass  # a feature may have broken it
