"""What waits to be told to teams, and how often they were told. Written from docs/ledger.md and docs/notices.md."""

import collections
from datetime import datetime, timedelta, timezone

import plans
from saying import cell, figure, found, may, say

# How many weeks are counted; of a team that wishes nothing else how many digests it has in each, and after how many minutes
# further people are asked.
WEEKS, BUDGET, ESCALATES = 8, 1, 30


def wishes(ledger):
    """How each team wishes to be told, as it said last."""
    return {e.data["team"]: e.data["wishes"] for e in ledger.entries if e.what == "notice-wishes"}


def mondays(ledger, zone):
    """The Mondays of this week and those before it, the newest first."""
    now = datetime.fromtimestamp(ledger.now / 10**6, zone).date()
    this = now - timedelta(days=now.weekday())
    return [this - timedelta(days=7 * back) for back in range(WEEKS)]


def noise(ledger, team, zone):
    """Of each week how many digests were begun, and how often somebody was told at once."""
    weeks = {day: [0, 0] for day in mondays(ledger, zone)}
    for entry in ledger.entries:
        if entry.what == "letter" and entry.data["team"] == team:
            day = datetime.fromtimestamp(entry.at / 10**6, zone).date()
            day -= timedelta(days=day.weekday())
            if day in weeks:
                weeks[day][entry.data["why"] != "digest"] += 1
    return weeks


def things(ledger, team):
    """How many findings each thing is about: what a change removes, and what none removes by its asset and package."""
    of, going, windows = collections.Counter(), set(), {}
    plan = plans.plans(ledger).get(team)
    if plan is None and any(of[0] == team for of in ledger.scheduled):
        # Whether there is a plan that takes it in is not told.
        return of, windows
    counting = [f for f in ledger.of(team) if f.counts_at(ledger.now)]
    for change in plan.changes if plan else ():
        own = [f for f in change.findings if f in counting]
        if own:
            of[change.asset, change.package] += len(own)
            windows[change.asset, change.package] = change.name
            going |= {f.number for f in own}
    for finding in counting:
        if finding.number not in going:
            # What a change for the same package leaves, such as what is merged and waits to be deployed, is a thing of its own.
            left = ":left" if (finding.asset, finding.package) in windows else ""
            of[finding.asset, finding.package + left] += 1
    return of, windows


def missed(ledger, team):
    """How many findings that count are past their deadline, by the system that they are in."""
    of = collections.Counter()
    for finding in ledger.of(team):
        deadline = finding.episode_at(ledger.now).deadline if finding.counts_at(ledger.now) else None
        of[finding.system] += deadline is not None and deadline <= ledger.now
    return {system: many for system, many in of.items() if many}


def pages(ledger):
    wished = wishes(ledger)
    # Letters are told by the versions that tell how far the ledger was read for a judgement, which each does daily.
    since = min((e.at for e in ledger.entries if e.what == "maturity" and "upto" in e.data), default=None)
    for team in ledger.teams:
        budget = wished.get(team, {}).get("budget", BUDGET)
        # Of another clock than this one the weeks are others.
        if wished.get(team, {}).get("zone", "UTC") != "UTC":
            continue
        weeks, at = noise(ledger, team, timezone.utc), f"/api/v1/teams/{team}/notices"
        digests, alarms = next(iter(weeks.values()))
        oldest = datetime.combine(min(weeks), datetime.min.time(), timezone.utc).timestamp() * 10**6
        is_known = since is not None and since <= oldest
        if at in ledger.opened:
            say(at, "api", "/budget", budget)
            for name, value in {"digests": digests, "alarms": alarms}.items() if is_known else ():
                say(at, "api", f"/{name}", value)
            for (asset, package), many in things(ledger, team)[0].items():
                say(at, "at", f"/things/[item={asset}:{package}]/findings", many)
            for system, many in missed(ledger, team).items():
                say(at, "at", f"/things/[item=missed:{system}]/findings", many)
        if f"{at}/wishes" in ledger.opened:
            say(f"{at}/wishes", "api", "/budget", budget)
            say(f"{at}/wishes", "api", "/escalates", wished.get(team, {}).get("escalates", ESCALATES))
        page, table = f"/teams/{team}/notices", "Noise by week"
        if page in ledger.opened:
            of, windows = things(ledger, team)
            for thing, name in windows.items():
                told = ([of[thing]] if of[thing] > 1 else []) + (found(name) if name != "now" else [])
                may(page, "Waiting", "What", f"/teams/{team}/plan", told)
            if not is_known:
                continue
            figure(page, "digests this week", digests)
            figure(page, "sent as now this week", alarms)
            for day, (digests, alarms) in weeks.items():
                cell(page, table, "Digests", f"from {day}", [digests, budget])
                cell(page, table, "Sent as now", f"from {day}", alarms)
