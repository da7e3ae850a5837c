"""Charters beside what holds: what they are compared with. What another charter would weigh is in no entry. Written from
docs/charter.md and docs/ledger.md."""

import collections
import re

from lives import LEVELS
from saying import api, cell, figure, say

EFFECT, PAGE = re.compile(r"/api/v1/charters/(\d+)/effect"), re.compile(r"/charter/proposals/(\d+)")


def pages(ledger):
    live = [f for f in ledger.findings.values() if f.live]
    levels = collections.Counter(f.level for f in live)
    load = sum(f.weight or 0 for f in live if f.counts_at(ledger.now))
    agreed, in_force = collections.defaultdict(set), None
    for entry in ledger.entries:
        if entry.what == "charter-agreed":
            agreed[entry.data["charter"]].add(entry.data["side"])
            in_force = entry.data["charter"] if entry.data.get("in_force") else in_force
    for at in sorted(ledger.opened):
        if EFFECT.fullmatch(at):
            api(at, "", {"weighed": len(live), "load": {"today": load}, "against": in_force})
            for level in LEVELS:
                say(at, "api", f"/levels/{level}/today", levels[level])
            say(at, "api", "/levels/unknown/today", levels[None])
        elif PAGE.fullmatch(at):
            figure(at, "findings weighed by both", len(live))
            figure(at, "sides have agreed", [len(agreed[int(PAGE.fullmatch(at)[1])]), 4])
            for level in [*LEVELS, None]:
                cell(at, "Today's findings", "Today", level or "unknown", levels[level])
