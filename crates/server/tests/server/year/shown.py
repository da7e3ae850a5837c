"""The numbers that pages alone show: tables, headlines and lists. A list that does not show all says what each row must be."""

import collections
from urllib.parse import parse_qsl

import listed
import moved
from lives import DAY, LEVELS, date, moment
from saying import cell, figure, may, words


def live(ledger):
    return [f for f in ledger.findings.values() if f.counts_at(ledger.now)]


def called(finding):
    return f"/findings/{finding.number}"


def lists(ledger):
    """What a finding weighs is the same in every list."""
    for kind, table in (
        ("/", "Due first"),
        ("/", "No change is scheduled"),
        ("/today/choices", "No change is scheduled"),
        ("/today/new", "New, above the accepted level"),
        ("/teams/*", "Due first"),
        ("/systems/*", "Due first"),
        ("/vulnerabilities/*", "Where it is"),
        ("/boards/security", "Gravest first"),
        ("/exceptions/*", "What it is about"),
        ("/lessons/*", "Where it was met"),
    ):
        for finding in ledger.findings.values():
            if finding.live:
                may("*" + kind, table, "Load", called(finding), finding.weight)
    for finding in ledger.findings.values():
        if not finding.live and finding.episodes[-1].how == "fixed":
            took = (finding.episodes[-1].ended - finding.episodes[-1].since) // DAY
            may("*/teams/*", "What it fixed", "Days", called(finding), took)


def dials(ledger):
    last = ledger.now // DAY
    first = min((f.episodes[0].began for f in ledger.findings.values()), default=ledger.now) // DAY
    start = max(first, last - 89)

    def total(then, is_of):
        there = [f for f in ledger.findings.values() if f.counts_at(then) and is_of(*ledger.of_then(f, then))]
        return sum(f.counts_at(then)[2] or 0 for f in there)

    def draw(at, of, is_of):
        """Today as it is, and each week before as it was kept at the last moment of its day: whose it was then."""
        for day in range(last, start - 1, -7):
            then = min((day + 1) * DAY - 1, ledger.now)
            load = total(then, is_of)
            cell(at, f"Load of {of} by week", "Load", date(day), load)
        # Above the picture: as it is, by how much it changed, and in how many days.
        load, before = total(ledger.now, is_of), total((start + 1) * DAY - 1, is_of)
        for number in (load, load - before, last - start + 1):
            words(at, "words||figcaption", [number])

    draw("/", "Ferries", lambda *_: True)
    for side in ("security", "engineering", "leadership"):
        draw(f"/boards/{side}", "all systems", lambda *_: True)
    for id_, name in ledger.teams.items():
        draw(f"/teams/{id_}", name, lambda _, team, id_=id_: team == id_)
    for id_, name in ledger.systems.items():
        draw(f"/systems/{id_}", name, lambda system, _, id_=id_: system == id_)


def rows_of(ledger):
    last = ledger.now // DAY
    systems = [(id_, name, ledger.of(system=id_)) for id_, name in ledger.systems.items()]
    teams = [(id_, name, ledger.of(id_)) for id_, name in ledger.teams.items()]
    load = lambda findings: sum(c[2] or 0 for c in (f.counts_at(ledger.now) for f in findings) if c)
    words("/systems", "h1", [len(systems), load(ledger.of())])
    words("/teams", "h1", [len(teams), load(ledger.of())])
    for id_, name, _ in systems:
        of = collections.Counter()
        for asset, environment in deployed(ledger):
            of[environment] += ledger.system_of.get(asset) == id_
        many = [of[environment] for environment in sorted(of) if of[environment]]
        for at in ("/systems", f"/systems?team={ledger.owner.get(id_)}"):
            if at == "/systems" or at in ledger.opened:
                cell(at, "Systems", "Deployed", name, many or None)
    for kind, all_ in (("/teams", teams), ("/systems", systems)):
        for id_, _, findings in all_:
            there = [f for f in findings if f.counts_at(ledger.now)]
            late = sum(1 for f in there if passed(f, ledger.now))
            number = [] if not there else [len(there)] + ([late] if late and len(there) > 1 else [])
            words(f"{kind}/{id_}", "h1", number)


def passed(finding, now):
    deadline = finding.episode_at(now).deadline
    return deadline is not None and deadline < now


def deployed(ledger):
    """In which environments something of an asset runs, as the last deployment there says."""
    runs = set()
    for entry in ledger.entries:
        data = entry.data
        if entry.kind == "deployed" and "snapshot" in data:
            place = entry.asset, data["environment"]
            if data["outcome"] in ("ok", "rolled-back"):
                runs.add(place)
            elif data["outcome"] == "stopped":
                runs.discard(place)
    return runs


def running(ledger):
    """Assets of which something runs in production."""
    return {asset for asset, environment in deployed(ledger) if ledger.is_production(environment)}


def charter_and_choices(ledger):
    """What is above the line, scheduled or not, and waits for people who may do everything. Gives how long the lists are."""
    now, counts = ledger.now, {}

    def list_(word, label, many):
        counts[word] = many
        figure("/", label, many)

    list_("new", "new this week, above the accepted level", above(ledger, ledger.of(), now - 7 * DAY, now))
    list_("unweighed", "findings to assess", sum(f.live and f.level is None for f in ledger.findings.values()))
    scheduled = {(team, asset, package) for team, asset, package in ledger.scheduled}
    without = 0
    for finding in live(ledger):
        key = ledger.owner.get(finding.system), finding.asset, finding.package
        without += finding.on_main and key not in scheduled
    list_("choices", "without a scheduled change", without)
    list_("changes", "changes of this window", sum(runs_now(is_, now) for is_ in ledger.scheduled.values()))
    waits = collections.defaultdict(list)
    for finding in live(ledger):
        if not finding.on_main:
            waits[finding.asset].append(finding)
    list_("rollouts", "waiting for roll-out", len(waits))
    for asset, all_ in waits.items():
        for at in ("*/today/rollouts", "*/"):
            row = f"/findings?state=merged&counts=true&asset={asset}"
            may(at, "Waiting for roll-out", "Findings", row, len(all_))
            may(at, "Waiting for roll-out", "Load", row, sum(f.weight or 0 for f in all_))
    in_plan = {ledger.system_of.get(asset) for (_, asset, _), is_ in ledger.scheduled.items() if not over(is_, now)}
    touched = {f.system for f in live(ledger)}
    figure("/boards/product", "with a planned release", len(touched & in_plan))
    words("/boards/product", "h1", [len(touched), len(touched & in_plan)])
    for system, many in collections.Counter(f.system for f in live(ledger)).items():
        cell("/boards/product", "Risk and plan by product", "Risks", ledger.systems[system], many)
    runs = {ledger.system_of.get(asset) for asset in running(ledger)} & set(ledger.systems)
    figure("/boards/operations", "systems report what runs in production", [len(runs), len(ledger.systems)])
    wrong = ledger.deployments.went_wrong()
    off_main = sum(not f.on_main for f in live(ledger))
    words("/boards/operations", "h1", [many for many in (off_main, wrong) if many] + [14])
    proposed, sides = set(), collections.defaultdict(set)
    for entry in ledger.entries:
        if entry.what == "charter-proposed":
            proposed.add(entry.data["charter"])
        elif entry.what == "charter-agreed":
            sides[entry.data["charter"]].add(entry.data["side"])
        elif entry.what == "charter-withdrawn":
            proposed.discard(entry.data["charter"])
    open_ = [sides[charter] for charter in proposed if len(sides[charter]) < 4]
    all_ = ("security", "engineering", "product", "operations")
    ledger.agree = {side: sum(side not in agreed for agreed in open_) for side in all_}
    list_("charters", "charters to agree to", max(ledger.agree.values()))
    for many in set(ledger.agree.values()) - {counts["charters"]}:
        figure("/", "charters to agree to", many)
    return counts


def over(scheduled, now):
    return scheduled["ends"] is not None and moment(scheduled["ends"]) < now


def runs_now(scheduled, now):
    """At once, or in a window that runs and waits for no day within it."""
    if scheduled["starts"] is None:
        return True
    ready = scheduled.get("ready")
    within = moment(scheduled["starts"]) <= now < moment(scheduled["ends"])
    return within and (ready is None or moment(ready) <= now)


def first_window(ledger, team):
    """How many changes the first window of a team has that is not over."""
    many = collections.Counter()
    for (of, _, _), is_ in ledger.scheduled.items():
        if of == team and not over(is_, ledger.now):
            many[ledger.now if is_["ends"] is None else moment(is_["ends"])] += 1
    return many[min(many)] if many else None


def above(ledger, findings, since, at):
    """Of those that count at a moment and came since another: above what the tier of their system accepts. `None`: what
    was accepted then is not known."""
    if ledger.terms_at(at) is None:
        return None
    many = 0
    for finding in findings:
        counts = finding.counts_at(at)
        if not counts or finding.episode_at(at).since < since or counts[1] is None:
            continue
        accepts = ledger.accepted(ledger.of_then(finding, at)[0], at)
        many += accepts is None or LEVELS.index(counts[1]) < LEVELS.index(accepts)
    return many


def updates(ledger):
    """The newest hundred, of all or of a team, or those that follow one."""
    newest = sorted(ledger.updates.values(), key=lambda u: (-u.at, -u.number))
    for at in sorted({"/updates"} | {at for at in ledger.opened if at.startswith("/updates?")}):
        asked = dict(parse_qsl(at.partition("?")[2]))
        if set(asked) - {"team", "after"}:
            continue
        all_ = [u for u in newest if asked.get("team") in (None, str(ledger.owner.get(ledger.system_of.get(u.asset))))]
        if "after" in asked:
            number = int(asked["after"].split(".")[1])
            all_ = all_[[u.number for u in all_].index(number) + 1 :]
        list_of(all_[:100], at)
        if "after" in asked or len(all_) > 100:
            words(at, "words||p.pager", [min(len(all_), 100)])
    figure("/plan", "changes scheduled", len(ledger.scheduled))


def list_of(all_, at):
    far = collections.Counter()
    for update in all_:
        may(at, "Updates", "Removes", f"/updates/{update.number}", len(update.removes))
        left = [f for f in update.findings if not f.is_retracted()]
        known = len(update.findings) == len(update.removes) and left
        merged = known and all(f.left_main() is not None for f in left)
        if update.reverted is not None:
            far["rolled back"] += 1
        elif update.outcome in ("nothing", "refused") or not update.findings:
            continue
        elif known and update.now_deployed() is not None:
            far["in production"] += 1
        elif merged:
            far["wait to be deployed"] += 1
        else:
            far["wait to be merged"] += 1
    for label in ("wait to be merged", "wait to be deployed", "in production", "rolled back"):
        figure(at, label, far[label])
    words(at, "h1", [len(all_), far["wait to be merged"]])


def vulnerabilities(ledger):
    of = collections.defaultdict(list)
    for finding in ledger.findings.values():
        # Of what is nowhere any longer there are none.
        of[ledger.called(finding.vulnerability)] += [finding] if finding.live else []
    for name, all_ in of.items():
        at = f"/vulnerabilities/{name}"
        counts = [f.counts_at(ledger.now) for f in all_]
        if all_:
            words(at, "h1", [len(all_)])
        figure(at, "findings", len(all_))
        figure(at, "load", sum(c[2] or 0 for c in counts if c))


def pages(ledger, counts):
    updates(ledger)
    vulnerabilities(ledger)
    lists(ledger)
    dials(ledger)
    rows_of(ledger)
    counts |= charter_and_choices(ledger)
    listed.pages(ledger, counts)
    moved.pages(ledger)
