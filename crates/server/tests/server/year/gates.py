"""What gates said of changes, and what became of it. Written from docs/ledger.md and docs/gate.md."""

import collections

from lives import DAY, moment
from saying import cell, figure, found, may, say, words
from weighed import weighed


def made(entry):
    """When a verdict was made, which may be before it came."""
    return moment(entry.data["made"]) if "made" in entry.data else entry.at


def verdicts(ledger):
    """Each verdict with its asset, and how it was answered."""
    all_ = {}
    for entry in ledger.entries:
        data = entry.data
        if entry.what == "verdict":
            at, more = made(entry), {"answered": None, "by": None, "left": False}
            all_[data["verdict"]] = {"at": at, "last": at, "asset": entry.asset, "again": False, **more, **data}
        elif entry.what == "verdict-answered":
            all_[data["verdict"]].update(answered=data["how"], by=data["by"], left=False)
        elif entry.what == "verdict-again":
            # The first of each day alone: how often it was said that day is not known.
            one = all_[data["verdict"]]
            one["last"], one["again"] = max(one["last"], made(entry)), True
        elif entry.what == "verdict-left":
            all_[data["verdict"]]["left"] = data["left"]
    return all_


def counted(ledger, days, team=None, asset=None):
    """By team, of changes alone."""
    of = collections.defaultdict(list)
    for is_ in verdicts(ledger).values():
        owner = ledger.owner.get(ledger.system_of.get(is_["asset"]))
        if ledger.part not in (None, owner):
            continue
        within = is_["at"] >= ledger.now - days * DAY and is_["source"] != "check-new"
        if within and (team is None or owner == team) and (asset is None or is_["asset"] == asset):
            of[owner].append(is_)
    return of


def sums(all_):
    how = lambda name, word: sum(is_[name] == word for is_ in all_)
    return {
        "looked_at": len(all_),
        "passed": how("outcome", "passed"),
        "refused": how("outcome", "refused"),
        "unknown": how("outcome", "unknown"),
        "mended": how("answered", "passed"),
        "let_through": how("answered", "decided"),
        "left": sum(is_["left"] for is_ in all_),
    }


def say_of(ledger, path, asked, at):
    number = lambda name: int(asked[name]) if asked.get(name) else None
    days = number("days") or 90
    of = counted(ledger, days, number("team"), number("asset"))
    if path == "/api/v1/verdicts/teams":
        for team, all_ in of.items():
            for name, many in sums(all_).items():
                say(at, "row", f"rows|team/id|{team}|{name}", many)
        return
    is_ = sums([one for all_ in of.values() for one in all_])
    figure(at, "changes judged", is_["looked_at"])
    figure(at, "refused", is_["refused"])
    figure(at, "let through by a later decision", is_["let_through"])
    figure(at, "fixed", is_["mended"])
    figure(at, "on abandoned branches", is_["left"])
    figure(at, "refused, still open", is_["refused"] - is_["mended"] - is_["let_through"] - is_["left"])
    figure(at, "verdict unknown", is_["unknown"])
    more = [many for many in (is_["refused"], is_["let_through"]) if many] if is_["refused"] else []
    words(at, "h1", [is_["looked_at"], days] + more if is_["looked_at"] else [days])
    if "team" not in asked and "asset" not in asked:
        for tag in ("h2", "caption"):
            words(at, f"words|By team, in * days|{tag}", [days])
        for team, all_ in of.items():
            row, one, table = ledger.teams.get(team, "unknown"), sums(all_), f"By team, in {days} days"
            cell(at, table, "Judged", row, one["looked_at"])
            cell(at, table, "Refused", row, one["refused"])
            cell(at, table, "Fixed", row, one["mended"])
            cell(at, table, "Let through", row, one["let_through"])
    for number_, one in verdicts(ledger).items():
        may(at, "Verdicts", "Reasons", f"/verdicts/{number_}", one["reasons"])
        may(at, "Verdicts", "Asset", f"/verdicts/{number_}", number_)


def times(ledger, one):
    """How often it was said: once, if it is not told that it was again. `None`: earlier versions did not tell that."""
    since = min((e.at for e in ledger.entries if e.what == "maturity" and "upto" in e.data), default=None)
    is_told = since is not None and since <= one["at"]
    return 1 if is_told and not one["again"] else None


# The rule of what is too late, which is told beside what is new.
LATE = "past-deadline"


def said(ledger, number, one):
    """What a gate says of one change in words: how much is new above what is accepted, and how much is too late."""
    rules = set(one["rules"])
    if one["source"] == "check-new" or rules - {LATE}:
        return
    page = f"/verdicts/{number}"
    words(page, "h1", [0, one["reasons"]])
    if f"{page}/near-miss" in ledger.opened:
        words(f"{page}/near-miss", "words||dd", [0, one["reasons"]])
    charter = weighed(ledger).charters.at(one["at"])
    if charter is not None and found(charter.version):
        words(page, "words|Details|dd", found(charter.version))


def pages(ledger):
    """The newest of the API's list, and each by itself."""
    all_ = verdicts(ledger)
    recent = [number for number, one in all_.items() if one["at"] >= ledger.now - 90 * DAY]
    for number in sorted(recent, reverse=True)[:100]:
        one = all_[number]
        answered = {"answered/verdict": one["by"]} if one["answered"] == "passed" else {}
        answered |= {} if times(ledger, one) is None else {"times": times(ledger, one)}
        for name, value in {"reasons": one["reasons"], **answered}.items():
            say("/api/v1/verdicts", "row", f"rows|id|{number}|{name}", value)
    for number, one in all_.items():
        if f"/verdicts/{number}" in ledger.opened:
            said(ledger, number, one)
        at = f"/api/v1/verdicts/{number}"
        if at not in ledger.opened:
            continue
        say(at, "api", "/reasons", one["reasons"])
        if times(ledger, one) is not None:
            say(at, "api", "/times", times(ledger, one))
        if one["answered"] == "passed":
            say(at, "api", "/answered/verdict", one["by"])
