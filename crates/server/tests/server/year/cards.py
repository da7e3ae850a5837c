"""The card of a team and the wall. Written from docs/packs.md and docs/reviews.md."""

import math

from lives import DAY
from periods import numbers, share
from saying import cell, figure, percent, say, words


def of_team(ledger, team):
    """The updates of a team's systems, as they are its today."""
    return [u for u in ledger.updates.values() if ledger.owner.get(ledger.system_of.get(u.asset)) == team]


def makers(ledger):
    """Who made which token."""
    return {e.data["token"]: e.actor for e in ledger.entries if e.what == "token-added"}


def of_person(ledger, actor):
    """The updates that a person pushed, by hand or with a token of theirs."""
    made = makers(ledger)
    whose = lambda by: made.get(int(by.split(":")[1])) if by.startswith("token:") else by
    return [u for u in ledger.updates.values() if whose(u.actor) == actor]


def removed(ledger, own, first, last):
    """What some updates removed in a time."""
    start, to = first * DAY, min((last + 1) * DAY, ledger.now)
    within = lambda at: at is not None and start <= at < to
    came = [u for u in own if within(u.came())]
    gone = {}
    for update in sorted(came, key=lambda u: (-u.at, -u.number)):
        for finding in update.findings:
            # What came back was not removed.
            if finding.live:
                continue
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
        "updates rolled back": sum(within(u.reverted) for u in own) + sum(
            u.reverted is None and bool(u.findings) and all(f.live for f in u.findings) for u in came
        ),
    }


def headline(now):
    """Where nothing came into production nothing else is counted."""
    updates = now["updates in production"]
    return [updates, 84, now["findings that they removed"]] if updates else [84]


def card(ledger, team, name):
    last = ledger.now // DAY
    told = [one for one in ledger.told if one[2] == team]
    at, both, periods = f"/api/v1/teams/{team}/card", {}, {}
    # As it is asked for without a time, and with the same one.
    pages = [f"/teams/{team}/card"] + [page for page in (f"/teams/{team}/card?days=84",) if page in ledger.opened]
    walls = ["/wall"] + [page for page in ("/wall?days=84",) if page in ledger.opened]
    began = min((f.episodes[0].began // DAY for f in ledger.of(team) if f.episodes), default=math.inf)
    for side, (a, b) in (("now", (last - 83, last)), ("before", (last - 167, last - 84))):
        is_ = numbers(ledger, ledger.of(team), told, 1, a, b)
        all_ = removed(ledger, of_team(ledger, team), a, b)
        rest = max(0, is_["flow"]["fixed"] - all_["findings that they removed"])
        all_ = all_ | {"findings that went without a reported update": rest}
        both[side], periods[side] = all_, is_
        all_ = all_ | {
            # Of a time before the ledger began nothing is known.
            "load of the team": is_["load"] if side == "now" or began <= b else None,
            "% of all its deadlines kept": percent(is_["deadlines"]["share"]),
        }
        for label, value in all_.items():
            say(at, "named", f"{label}|{side}", value)
            for page in pages if side == "now" else ():
                figure(page, label.removeprefix("% "), value)
    now, before = both["now"], both["before"]
    for page in pages:
        words(page, "h1", headline(now))
        for told_ in milestones((periods["now"], periods["before"]), (now, before)):
            words(page, "words||p", told_)
    columns = {
        "Updates": "updates in production",
        "Findings": "findings that they removed",
        "Load removed": "load that they removed",
        "% of deadlines kept": "% of their deadlines kept",
        "Went without a reported update": "findings that went without a reported update",
    }
    for column, label in columns.items():
        both_known = [one for one in (now[label], before[label]) if one is not None]
        for wall in walls:
            cell(wall, "Teams", column, name, both_known if now[label] is not None else None)
    row = sorted(ledger.teams[t] for t in ledger.teams if ledger.owned(t)).index(name)
    for place, of in enumerate(now):
        for side in both:
            say("/api/v1/wall", "api", f"/teams/{row}/numbers/{place}/{side}", both[side][of])


def milestones(periods, updates):
    """Where a team is better than it was before: each in numbers."""
    (now, before), (carried, earlier) = periods, updates
    if before["load"] and now["load"] < before["load"]:
        yield [math.floor((before["load"] - now["load"]) / before["load"] * 100 + 0.5)]
    if now["deadlines"]["missed"] == 0 and now["deadlines"]["met"] > 0:
        yield [now["deadlines"]["met"]]
    if carried["updates in production"] > earlier["updates in production"] > 0:
        yield [carried["updates in production"], earlier["updates in production"]]
    took, was = now["time_to_remediate"], before["time_to_remediate"]
    if took and was and took["median"] < was["median"]:
        yield [math.floor(one["median"] + 0.5) for one in (took, was)]


def people(ledger):
    """The cards of those who carried updates out, and their part of the wall."""
    last, closed = ledger.now // DAY, {e.data["person"] for e in ledger.entries if e.what == "person-closed"}
    made = makers(ledger)
    for actor in sorted({made.get(u.actor, u.actor) for u in ledger.updates.values() if u.actor.startswith("person:")}):
        person, both = int(actor.split(":")[1]), {}
        own = of_person(ledger, actor)
        for side, (a, b) in (("now", (last - 83, last)), ("before", (last - 167, last - 84))):
            both[side] = removed(ledger, own, a, b)
        if person in closed:
            continue
        at, page = f"/api/v1/cards/{person}", f"/cards/{person}?days=84"
        mergers = any(e.what == "merger" and e.data["person"] == person for e in ledger.entries)
        for label, now in both["now"].items():
            before = both["before"][label]
            for side, value in (("now", now), ("before", before)):
                say(at, "named", f"{label}|{side}", value)
                say("/api/v1/wall", "at", f"/people/[is/id={person}]/numbers/[name={label}]/{side}", value)
            figure(page, label.removeprefix("% "), now)
            column = COLUMNS.get(label)
            known = [one for one in (now, before) if one is not None]
            if column:
                for wall in sorted({"/wall"} | ledger.opened & {"/wall?days=84"}):
                    cell(wall, "People", column, f"/cards/{person}?days=84", known if now is not None else None)
        if not mergers:
            figure(page, "updates merged", 0)
            for side in both:
                say(at, "named", f"updates merged|{side}", 0)
        now = both["now"]
        words(page, "h1", headline(now))


# What the wall calls them.
COLUMNS = {
    "updates in production": "Updates",
    "findings that they removed": "Findings",
    "load that they removed": "Load removed",
    "% of their deadlines kept": "% of deadlines kept",
}
