"""Findings as they are listed, grouped, and written as CSV: what an address asks for. Written from docs/ledger.md and the guide of
the findings."""

import collections
import urllib.parse

from lives import DAY, LEVELS, moment
from saying import api, cell, field, figure, may, say, words
from weighed import lists, sides, weighed

# What narrows a list, but for its order, the form and where a page begins.
KNOWN = {"state", "counts", "team", "system", "asset", "level", "vulnerability", "package", "due", "by", "order", "after", "limit", "fix", "since", "above"}
# How many rows a page has.
ROWS = 100


def is_of(ledger, finding, asked):
    """Whether a finding is what is asked for."""
    now, state = ledger.now, asked.get("state") or "live"
    counts = finding.counts_at(now)
    in_state = {
        "any": True,
        "live": finding.live,
        "open": finding.live and finding.on_main,
        "merged": finding.live and not finding.on_main,
    }
    # What turned out to be another one is that one.
    if finding.into is not None:
        return False
    how = None if finding.live or not finding.episodes else finding.episodes[-1].how
    if not in_state.get(state, how == state):
        return False
    if asked.get("counts") and (asked["counts"] == "true") != bool(counts):
        return False
    for name, value in (
        ("team", ledger.owner.get(finding.system)),
        ("system", finding.system),
        ("asset", finding.asset),
        ("level", finding.level or "unknown"),
        ("vulnerability", ledger.called(finding.vulnerability)),
        ("package", finding.package),
    ):
        if asked.get(name) and str(value) != asked[name]:
            return False
    if asked.get("fix") and weighed(ledger).fix(finding) != asked["fix"]:
        return False
    if asked.get("since") and (not finding.live or finding.episodes[-1].since < moment(asked["since"])):
        return False
    if asked.get("above"):
        accepts = ledger.accepted(finding.system, now)
        is_above = finding.level is not None and (accepts is None or LEVELS.index(finding.level) < LEVELS.index(accepts))
        if is_above != (asked["above"] == "true"):
            return False
    if asked.get("due"):
        deadline = finding.episodes[-1].deadline if finding.live else None
        if deadline is None or finding.decision is not None:
            return False
        return deadline < now if asked["due"] == "passed" else now <= deadline < now + 7 * DAY
    return True


def chosen(ledger, asked):
    return [f for f in ledger.findings.values() if is_of(ledger, f, asked)]


def load(ledger, findings):
    counts = [f.counts_at(ledger.now) for f in findings]
    return sum(c[2] or 0 for c in counts if c)


def is_fix_known(ledger):
    """Whether it is known of each finding that is there what it is to be raised to."""
    return all(weighed(ledger).of.get(f.number) is not None for f in ledger.findings.values() if f.live)


def grouped(ledger, all_, by):
    of = collections.defaultdict(list)
    for finding in all_:
        if by == "action":
            of[finding.package, weighed(ledger).fix(finding)].append(finding)
        else:
            of[finding.package if by == "package" else ledger.called(finding.vulnerability)].append(finding)
    return of


def spoken(package):
    """A package as pages call it: by its name, without its ecosystem."""
    return urllib.parse.unquote(package.removeprefix("pkg:").partition("/")[2]) or package


def titled(row, by):
    """What a group is called."""
    if by == "package":
        return spoken(row)
    if by != "action":
        return row
    package, fix = row
    return f"Raise {spoken(package)} to {fix}" if fix else spoken(package)


def say_of(ledger, path, asked, at):
    by = asked.get("by")
    if set(asked) - KNOWN or (by == "action" or asked.get("fix")) and not is_fix_known(ledger):
        return
    if asked.get("above") and ledger.terms_at(ledger.now) is None:
        return
    all_ = chosen(ledger, asked)
    # Of all that counts it is not told in how many assets it is.
    has_assets = not asked.get("counts") or any(asked.get(name) for name in ("due", "state", "fix", "since", "above"))
    if path == "/findings":
        words(at, "h1", [len(all_)] if all_ else [])
        figure(at, "findings", len(all_))
        figure(at, "load of those that count", load(ledger, all_))
        if not by:
            if not asked.get("after") and not asked.get("limit"):
                words(at, "words||p.pager", [min(len(all_), ROWS)])
            for finding in all_:
                may(at, "Findings", "Load", f"/findings/{finding.number}", finding.weight)
        else:
            for row, some in grouped(ledger, all_, by).items():
                row = titled(row, by)
                may(at, "Findings", "Findings", row, len(some))
                if has_assets:
                    may(at, "Findings", "Assets", row, len({f.asset for f in some}))
                may(at, "Findings", "Load", row, load(ledger, some))
    elif by:
        for row, some in grouped(ledger, all_, by).items():
            row = row[0] if by == "action" else row
            field(at, "Findings", row, len(some))
            if has_assets:
                field(at, "Assets", row, len({f.asset for f in some}))
            field(at, "Load", row, load(ledger, some))
    else:
        for finding in all_:
            field(at, "Load", str(finding.number), finding.weight)
            field(at, "Decision", str(finding.number), finding.decision)
            probability, points = weighed(ledger).probability(finding), weighed(ledger).points(finding)
            if probability is not None:
                field(at, "Probability", str(finding.number), probability)
            if points is not None:
                field(at, "Least points", str(finding.number), points[0])
                field(at, "Most points", str(finding.number), points[1])


def sources(ledger):
    """What we say of an asset ourselves, and what we no longer say."""
    of = collections.defaultdict(list)
    for finding in ledger.findings.values():
        if finding.into is None:
            of[finding.asset].append(finding.live)
    for asset, all_ in of.items():
        for at in sorted(ledger.opened & {f"/said/{asset}", f"/said/{asset}?source=trimtab"}):
            cell(at, "Sources", "Says", "trimtab", sum(all_))
            cell(at, "Sources", "No longer says", "trimtab", len(all_) - sum(all_))


def pages(ledger):
    """What stands of each finding and vulnerability."""
    for finding in ledger.findings.values():
        if finding.live and finding.weight is not None:
            for at in lists(ledger):
                say(at, "row", f"rows|id|{finding.number}|weight", finding.weight)
            api(f"/api/v1/findings/{finding.number}", "", {"weight": finding.weight, "assessment": {"weight": finding.weight}})
            for page in sides(ledger, f"/findings/{finding.number}"):
                figure(page, "load", finding.weight)
    sources(ledger)
    there = [f for f in ledger.findings.values() if f.live]
    for name, all_ in grouped(ledger, there, "vulnerability").items():
        api(f"/api/v1/vulnerabilities/{name}", "", {"findings": len(all_), "load": load(ledger, all_)})
