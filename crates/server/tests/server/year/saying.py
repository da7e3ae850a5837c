"""Says numbers, one a line, as JSON: where each stands, and what it must be."""

import json
import math


def say(at, kind, name, value):
    # A board on a wall has the same, large.
    if at.startswith(("/boards/", "*/boards/")) and not at.endswith("/wall"):
        say(f"{at}/wall", kind, name, value)
    print(json.dumps({"at": at, "kind": kind, "name": name, "value": value}))


def leaves(value, name=""):
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, f"{name}/{key}")
    else:
        yield name, value


def api(at, name, value):
    for rest, leaf in leaves(value):
        say(at, "api", name + rest, leaf)


def percent(part):
    """In whole per cent, a half up; of nothing nothing is known."""
    return None if part is None else math.floor(part * 100 + 0.5)


def figure(at, label, value):
    say(at, "figure", label, value)


def cell(at, table, column, row, value):
    """A number of a table, or all of a cell."""
    say(at, "cell", f"{table}|{column}|{row}", value)


def may(at, table, column, row, value):
    """The same of a list that does not show all."""
    say(at, "may", f"{table}|{column}|{row}", value)


def field(at, column, row, value):
    """A number of CSV, by what its row begins with."""
    say(at, "csv", f"csv|{column}|{row}", value)


def words(at, place, values):
    """All numbers of a text."""
    say(at, "words", place, values)


def found(text):
    """The numbers that stand alone in a text, as who reads a page finds them."""
    all_ = []
    for part in text.replace("–", " ").split():
        part = part.strip("(),;:.“”+%<≥").replace(",", "").replace("−", "-")
        digits = part.removeprefix("-")
        if digits[:1].isdigit() and digits[:1].isascii() and all(c in "0123456789." for c in digits):
            try:
                all_.append(float(part))
            except ValueError:
                pass
    return all_
