"""What waits to be told to teams, and how often they were told. Written from docs/ledger.md and docs/notices.md."""

import collections
from datetime import datetime, timedelta, timezone

import handoffs
import plans
import responding
import supplied
from deciding import Decisions
from lives import DAY, moment
from saying import cell, figure, found, may, say, words

# How many weeks are counted; of a team that wishes nothing else how many digests it has in each, and after how many minutes
# further people are asked.
WEEKS, BUDGET, ESCALATES = 8, 1, 30
# How many days before it ends what ends is told, and before it is too old what gets old. How much is counted at most.
AHEAD, SOON, MOST = 14, 7, 500


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


def beside(ledger, team):
    """What waits beside the plan, by its name with how many findings it is about."""
    now, own = ledger.now, set(ledger.owned(team))
    decisions = Decisions(ledger)
    of = {f"answer:{d['id']}": 0 for d in decisions.at("asked", now, own) if not decisions.is_gone(ledger, d)}
    ending = (d for d in decisions.in_force(own) if d["kind"] == "exception" and d["ends"] is not None)
    of |= {f"ends:{d['id']}": 0 for d in ending if d["ends"] < now + AHEAD * DAY}
    followed, of_review = {}, {}
    for entry in ledger.entries:
        if entry.what == "review" and "of" in entry.data:
            of_review[entry.data["review"]] = entry.data["of"]
        if entry.what == "review-decision":
            followed.setdefault(entry.data["decision"], {}).update(entry.data)
    for number, is_ in followed.items():
        if is_["state"] == "open" and of_review[is_["review"]] == f"team:{team}" and moment(is_["due"]) <= now:
            of[f"followed:{number}"] = 0
    told = collections.defaultdict(list)
    for entry in ledger.entries:
        if entry.what == "incident":
            told[entry.data["incident"]].append(entry)
    for number, all_ in told.items():
        stand, is_over = responding.stands(all_)[0].get(team), any(e.data["event"] == "closed" for e in all_)
        if stand is not None and "fixed" not in stand.done and not is_over:
            about = all_[0].data["told"]["looked_for"]
            of[f"incident:{number}"] = sum(about in (f.package, ledger.called(f.vulnerability)) for f in ledger.of(team) if f.live)
    for finding, many in handoffs.late(ledger, team):
        of[f"handed:{finding.system}"] = of.get(f"handed:{finding.system}", 0) + many
    return of | of_suppliers(ledger, team)


def of_suppliers(ledger, team):
    """SBOMs that are too old or soon will be, and questions that nobody answered in time."""
    of, own = {}, lambda asset: ledger.owner.get(ledger.system_of.get(asset)) == team
    for number, is_ in supplied.suppliers(ledger).items():
        sboms, days = is_.sboms(), is_.promised.get("fresh_days")
        if not sboms or not own(sboms[0].asset) or not sboms[0].is_told:
            continue
        if days and ledger.now >= sboms[0].moment() + (days - SOON) * DAY:
            of[f"supplier:{number}:stale-{sboms[0].product}"] = 0
        of |= {f"supplier:{number}:question-{question}": 0 for question, due in is_.asked.items() if due < ledger.now}
    return of


def waiting(ledger, team, at, page):
    """All that waits. Of a team without a channel nothing is sent, and nothing of it is over with that."""
    of = beside(ledger, team)
    if not all(one.is_told for is_ in supplied.suppliers(ledger).values() for one in is_.sboms()):
        return
    for item, many in of.items():
        say(at, "at", f"/things/[item={item}]/findings", many)
    if plans.plans(ledger).get(team) is None and any(of_[0] == team for of_ in ledger.scheduled):
        return
    all_ = len(of) + len(missed(ledger, team)) + len(things(ledger, team)[0])
    is_sent = any(e.what == "letter" for e in ledger.entries)
    # What the charter calls now is what is critical.
    is_now = any(f.level == "critical" for f in ledger.of(team) if f.counts_at(ledger.now))
    if is_sent or is_now or all_ > MOST:
        return
    say(at, "api", "/more", 0)
    words(page, "h1", [all_] if all_ else [])
    figure(page, "wait to be sent", all_)
    figure(page, "now, not acknowledged", 0)


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
        if at in ledger.opened and page in ledger.opened:
            waiting(ledger, team, at, page)
        if page in ledger.opened:
            of, windows = things(ledger, team)
            for is_ in supplied.suppliers(ledger).values():
                may(page, "Waiting", "What", f"/suppliers/{is_.number}", [is_.promised.get("fresh_days")])
            for thing, name in windows.items():
                told = ([of[thing]] if of[thing] > 1 else []) + (found(name) if name != "now" else [])
                may(page, "Waiting", "What", f"/teams/{team}/plan", told)
            # What is not wished otherwise.
            for number in (budget, wished.get(team, {}).get("escalates", ESCALATES)):
                words(page, "words|Notice settings|dd", [number])
            if not is_known:
                continue
            figure(page, "digests this week", digests)
            figure(page, "sent as now this week", alarms)
            for day, (digests, alarms) in weeks.items():
                cell(page, table, "Digests", f"from {day}", [digests, budget])
                cell(page, table, "Sent as now", f"from {day}", alarms)
