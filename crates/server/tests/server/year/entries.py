"""The entries themselves, as they are listed. Written from docs/ledger.md."""

import json
import math
import re

from saying import found, may, say, words

# How many members of an entry are told, and how long one may be.
MEMBERS, LONGEST = 6, 80


def shown(value):
    """A number as pages tell it: as many places as say something."""
    if isinstance(value, int):
        return str(value)
    size = abs(value)
    is_tenth = abs(math.floor(size * 10 + 0.5) / 10 - size) < 1e-9
    places = 0 if value == int(value) or size >= 1000 else 1 if size >= 1 or is_tenth else 2
    by = 10**places
    return ("−" if value < 0 else "") + f"{math.floor(size * by + 0.5) / by:,.{places}f}"


def word(value):
    if value is None or value == "":
        return None
    if isinstance(value, str) and len(value) >= 32 and all(c in "0123456789abcdefABCDEF" for c in value):
        return value[:12] + "…"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return shown(value)
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value):
        return f"{value[:10]} {value[11:16]} UTC"
    if isinstance(value, list) and all(isinstance(one, (str, int, float)) and not isinstance(one, bool) for one in value):
        value = ", ".join(one if isinstance(one, str) else json.dumps(one) for one in value)
        if not value:
            return None
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text[:LONGEST] + "…" if len(text) > LONGEST else text


def told(data):
    """What was changed, and the first members of an entry that are anything, in the order in which they are written."""
    what = data.get("what")
    all_ = [what.replace("-", " ")] if isinstance(what, str) else []
    rest = ((name, word(value)) for name, value in data.items() if not (all_ and name == "what"))
    all_ += [f"{name} {is_}" for name, is_ in rest if is_ is not None]
    more = len(all_) - MEMBERS
    return ", ".join(all_[:MEMBERS] + ([f"{more} more"] if more > 0 else []))


def pages(ledger):
    for seq, entry in enumerate(ledger.entries, 1):
        may("*/ledger", "Entries", "Number", seq, seq)
        if entry.finding is not None:
            may("*/ledger", "Entries", "About", seq, entry.finding)
        may("*/ledger", "Entries", "What", seq, found(told(entry.data)))
    # The first page of the API.
    first = ledger.entries[:500]
    for seq, entry in enumerate(first, 1):
        say("/api/v1/ledger", "row", f"rows|seq|{seq}|at", entry.at)
    say("/api/v1/ledger", "api", "/next", len(first))
    for finding in ledger.findings.values():
        if finding.live:
            history(ledger, finding)


def history(ledger, finding):
    """What happened to a finding that is there: its own entries, and of its asset since then what came, ran, and is planned of
    it or of its package."""
    since = None
    for seq, entry in enumerate(ledger.entries, 1):
        is_own = entry.finding == finding.number
        since = entry.at if since is None and is_own else since
        if entry.asset != finding.asset or not is_own and entry.finding is not None:
            continue
        is_planned = entry.kind == "planned"
        is_planned = is_planned and (entry.data["package"] == finding.package or finding.number in entry.data["findings"])
        is_of_asset = entry.kind in ("received", "deployed") or is_planned
        if is_own or is_of_asset and since is not None and entry.at >= since:
            say(f"/api/v1/findings/{finding.number}", "row", f"history|seq|{seq}|at", entry.at)
            if is_planned:
                planned(ledger, finding, entry, seq)


def planned(ledger, finding, entry, seq):
    """What a page tells of a plan in words: its windows and why."""
    page, data = f"/findings/{finding.number}", entry.data
    if data["package"] != finding.package:
        return
    before = [e.data for e in ledger.entries[: seq - 1] if e.kind == "planned" and e.asset == entry.asset]
    before = [is_ for is_ in before if is_["package"] == data["package"] and is_["team"] == data["team"]]
    names = {"scheduled": [data["window"]], "changed": [data["window"]], "dropped": []}.get(data["state"])
    if data["state"] == "moved":
        names = [before[-1]["window"] if before else "", data["window"]]
    told = [data["version"], *(names or [])] + ([] if data["state"] == "changed" else [data.get("reason") or ""])
    numbers = [number for text in told for number in found(text)]
    if numbers and names is not None:
        words(page, "words|History|li", numbers)
