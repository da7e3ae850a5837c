"""What plans tell of what is scheduled. Points and days are of the plan of today, and in no entry. Written from docs/ledger.md."""

import re

from saying import figure, may

OF_TEAM = re.compile(r"/teams/(\d+)/plan")


def scheduled(ledger, team):
    """Changes of a team, in windows that are not over or that were not done in theirs."""
    for (of, asset, package), is_ in ledger.scheduled.items():
        if of == team:
            there = [ledger.findings[number] for number in is_["findings"] if number in ledger.findings]
            yield asset, package, [f for f in there if f.live]


def say_of(ledger, path, asked, at):
    team = int(OF_TEAM.fullmatch(path)[1])
    # What another charter would weigh, or another rhythm take in, is told by no entry.
    if set(asked) - {"capacity", "open_limit"} or team not in ledger.teams:
        return
    counts = [f.counts_at(ledger.now) for f in ledger.of(team)]
    figure(at, "load now", sum(c[2] or 0 for c in counts if c))
    # Each change by its asset and its package.
    for asset, package, all_ in scheduled(ledger, team):
        row, load = f"{asset}:{package}", sum(f.weight or 0 for f in all_)
        may(at, "Changes", "Removes", row, len(all_))
        may(at, "Changes", "Load", row, load)
