"""The card of a team and the wall. Written from docs/packs.md and docs/reviews.md."""

from lives import DAY
from periods import numbers, share
from saying import cell, figure, percent, say, words


def removed(ledger, team, first, last):
    """What updates of a team removed in a time."""
    start, to = first * DAY, min((last + 1) * DAY, ledger.now)
    within = lambda at: at is not None and start <= at < to
    own = [u for u in ledger.updates.values() if ledger.owner.get(ledger.system_of.get(u.asset)) == team]
    came = [u for u in own if within(u.came())]
    gone = {}
    for update in sorted(came, key=lambda u: (-u.at, -u.number)):
        for finding in update.findings:
            # One that came back was gone when the update was seen in production.
            known = [at for at in (finding.gone(), update.deployed) if at is not None]
            if known and within(min(known)):
                gone.setdefault(finding.number, (finding, min(known)))
    weights, days, due, kept = [], [], 0, 0
    for finding, at in gone.values():
        counted = finding.decision is None
        weight = finding.weight if counted or finding.weight is None else 0.0
        weights.append(weight)
        days.append(None if weight is None else weight * (to - at) / DAY)
        deadline = finding.episodes[-1].deadline if counted else None
        due += deadline is not None
        kept += deadline is not None and at <= deadline
    sum_ = lambda all_: None if None in all_ else sum(all_)
    return {
        "updates in production": len(came),
        "findings that they removed": len(gone),
        "load that they removed": sum_(weights),
        "load-days no longer carried": sum_(days),
        "% of their deadlines kept": percent(share(kept, due)),
        "updates rolled back": sum(within(u.reverted) for u in own),
    }


def card(ledger, team, name):
    last = ledger.now // DAY
    told = [one for one in ledger.told if one[2] == team]
    at, page, both = f"/api/v1/teams/{team}/card", f"/teams/{team}/card", {}
    for side, (a, b) in (("now", (last - 83, last)), ("before", (last - 167, last - 84))):
        is_ = numbers(ledger, ledger.of(team), told, 1, a, b)
        all_ = removed(ledger, team, a, b)
        both[side] = all_
        all_ = all_ | {
            "load of the team": is_["load"],
            "% of all its deadlines kept": percent(is_["deadlines"]["share"]),
        }
        for label, value in all_.items():
            say(at, "named", f"{label}|{side}", value)
            if side == "now":
                figure(page, label, value)
    now, before = both["now"], both["before"]
    words(page, "h1", [now["updates in production"], 84, now["findings that they removed"]])
    columns = {
        "Updates": "updates in production",
        "Findings": "findings that they removed",
        "Load removed": "load that they removed",
        "% of deadlines kept": "% of their deadlines kept",
    }
    for column, label in columns.items():
        both_known = [one for one in (now[label], before[label]) if one is not None]
        cell("/wall", "Teams", column, name, both_known if now[label] is not None else None)
    row = sorted(ledger.teams[t] for t in ledger.teams if ledger.owned(t)).index(name)
    for place, of in enumerate(now):
        for side in both:
            say("/api/v1/wall", "api", f"/teams/{row}/numbers/{place}/{side}", both[side][of])
