"""The entries themselves, as they are listed. Written from docs/ledger.md."""

import json
import math
import re
from urllib.parse import parse_qsl

from lives import HOUR
from saying import found, may, say, words
from weighed import sides, weighed

# How many members of an entry are told, and how long one may be; how many entries a list has.
MEMBERS, LONGEST, ROWS = 6, 80, 100


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
    lists(ledger)
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
    answers = approvers(ledger)
    for finding in ledger.findings.values():
        at = f"/api/v1/findings/{finding.number}"
        if finding.live or at in ledger.opened:
            history(ledger, finding, at, answers)
    for number, by in answers.items():
        if f"/api/v1/decisions/{number}" in ledger.opened and by is not None:
            say(f"/api/v1/decisions/{number}", "api", "/approver", by)


def lists(ledger):
    """The newest entries, of all or of a kind, or those that follow one."""
    for at in sorted(ledger.opened):
        path, _, query = at.partition("?")
        asked = dict(parse_qsl(query))
        if path != "/ledger" or set(asked) - {"kind", "after"}:
            continue
        after = int(asked["after"].split(".")[1]) if "after" in asked else math.inf
        own = [e.seq for e in ledger.entries if e.seq < after and asked.get("kind") in (None, e.kind)]
        if not own:
            continue
        # How long ago is told in hours from two on, and in days from two on.
        last = next(e for e in ledger.entries if e.seq == max(own))
        hours = (ledger.now - last.at) // HOUR
        if "after" in asked:
            words(at, "h1", [last.seq])
        elif hours >= 2:
            words(at, "h1", [last.seq, hours if hours < 48 else hours // 24])
        words(at, "words||p.pager", [min(len(own), ROWS)])


def approvers(ledger):
    """Decisions with who answered them: the number of a person, `None` if nobody did."""
    all_ = {}
    for entry in ledger.entries:
        if entry.kind == "decided" and "decision" in entry.data:
            by = all_.setdefault(entry.data["decision"], None)
            answers = entry.data["state"] in ("approved", "refused")
            all_[entry.data["decision"]] = int(entry.actor.split(":")[1]) if answers else by
    return all_


def about(ledger, finding):
    """Decisions that were asked for and are about a finding, each with when."""
    _, names = weighed(ledger).group(finding, ledger.now)
    names = {*names, finding.vulnerability, ledger.called(finding.vulnerability)}
    for entry in ledger.entries:
        data = entry.data
        if entry.kind != "decided" or data.get("state") != "asked" or entry.finding is not None:
            continue
        is_place = entry.asset == finding.asset if entry.asset is not None else entry.system in (None, finding.system)
        if is_place and data["vulnerability"] in (None, *names) and data["package"] in (None, finding.package):
            yield data["decision"], entry.at


def history(ledger, finding, at, answers):
    """What happened to a finding: its own entries; of its asset, while it was there, what came, ran, and was planned of it or
    of its package; and what was decided about it."""
    own = [entry.at for entry in ledger.entries if entry.finding == finding.number]
    since, until = own[0], float("inf") if finding.live else own[-1]
    decisions = dict(about(ledger, finding))
    for seq, entry in enumerate(ledger.entries, 1):
        is_own = entry.finding == finding.number
        if not is_own and (entry.finding is not None or not since <= entry.at <= until and entry.kind != "decided"):
            continue
        is_planned = entry.kind == "planned" and entry.asset == finding.asset
        is_planned = is_planned and (entry.data["package"] == finding.package or finding.number in entry.data["findings"])
        is_of_asset = entry.kind in ("received", "deployed") and entry.asset == finding.asset or is_planned
        is_decided = entry.kind == "decided" and entry.data.get("decision") in decisions and entry.at <= until
        if is_own or is_of_asset or is_decided and entry.at >= min(decisions.values()):
            say(at, "row", f"history|seq|{seq}|at", entry.at)
            if is_planned and finding.live:
                planned(ledger, finding, entry, seq)
    for decision in decisions:
        if answers[decision] is not None:
            say(at, "row", f"decisions|id|{decision}|approver", answers[decision])


def planned(ledger, finding, entry, seq):
    """What a page tells of a plan in words: its windows and why."""
    data = entry.data
    if data["package"] != finding.package:
        return
    before = [e.data for e in ledger.entries[: seq - 1] if e.kind == "planned" and e.asset == entry.asset]
    before = [is_ for is_ in before if is_["package"] == data["package"] and is_["team"] == data["team"]]
    names = {"scheduled": [data["window"]], "changed": [data["window"]], "dropped": []}.get(data["state"])
    if data["state"] == "moved":
        names = [before[-1]["window"] if before else "", data["window"]]
    told = [data["version"], *(names or [])] + ([] if data["state"] == "changed" else [data.get("reason") or ""])
    numbers = [number for text in told for number in found(text)]
    for page in sides(ledger, f"/findings/{finding.number}") if numbers and names is not None else ():
        words(page, "words|History|li", numbers)
