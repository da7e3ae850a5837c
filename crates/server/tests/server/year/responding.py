"""Incidents and how long each step took. Written from docs/incidents.md."""

import collections
import sys
from datetime import datetime, timezone

from inventories import Inventories, package_of
from lives import last, moment
from saying import cell, figure, found, may, say, words


def length(seconds):
    """The numbers in which a length of time is told: minutes, hours and minutes, or days and hours."""
    minutes = seconds // 60
    if minutes < 120:
        return [max(minutes, 1)]
    if minutes < 2880:
        return [minutes // 60, minutes % 60]
    return [minutes // 1440, minutes % 1440 // 60]


ORDER = ("acknowledged", "contained", "fixed")


class Stand:
    """How it stands with a team, or with it in one environment: since when it is touched, and what was done since."""

    def __init__(self, at):
        self.touched, self.done = at, {}

    def tell(self, word, at):
        if word == "returned":
            self.done.pop("contained", None)
            self.done.pop("fixed", None)
        elif word in ORDER:
            # Who contained it acknowledged it, and what is gone is contained.
            for earlier in ORDER[: ORDER.index(word) + 1]:
                self.done.setdefault(earlier, at)

    def span(self, word, end):
        """Whether it took, or still runs, and how many seconds."""
        return "took" if word in self.done else "runs", (self.done.get(word, end) - self.touched) // 10**6


def stands(told):
    """By team, and by environment and team."""
    teams, places = {}, {}
    for entry in told:
        team, word, data = entry.data["team"], entry.data["event"], entry.data["told"]
        if word == "handed":
            teams.pop(team, None)
        elif word in ("touched", "returned") and team not in teams:
            teams[team] = Stand(entry.at)
        elif word == "environment":
            place = data["environment"], team
            if data["what"] == "touched":
                places.setdefault(place, Stand(entry.at))
            elif place in places:
                places[place].tell(data["what"], entry.at)
        elif team in teams:
            only = data.get("environment")
            if only is None:
                teams[team].tell(word, entry.at)
            for (environment, of), stand in places.items():
                if of == team and word == "contained" and only in (None, environment):
                    stand.tell(word, entry.at)
    return teams, places


class Found:
    """Where what an incident is about is at a moment: places by asset and purl, and those of each environment."""

    def __init__(self, ledger, about, at):
        is_ = Inventories(ledger, ledger.evidence, at)
        name = package_of(about["looked_for"])
        self.ledger, self.at, self.places, self.runs = ledger, at, {}, set()
        self.places = {place: runs for place, (_, runs) in is_.carried().items() if package_of(place[1]) == name}
        for (asset, environment), snapshot in is_.runs.items():
            for purl in is_.snapshots[snapshot].listed if snapshot in is_.snapshots else ():
                if package_of(purl) == name:
                    self.runs.add((environment, asset, purl))
        # What runs anywhere is a place.
        for _, asset, purl in self.runs:
            self.places.setdefault((asset, purl), False)

    def team(self, asset):
        return last(self.ledger.handed[last(self.ledger.moved[asset], self.at)], self.at)

    def of(self, team):
        return [place for place in self.places if self.team(place[0]) == team]

    def within(self, environment, team):
        return [(asset, purl) for where, asset, purl in self.runs if where == environment and self.team(asset) == team]

    def systems(self, places):
        return sorted({last(self.ledger.moved[asset], self.at) for asset, _ in places})


def timeline(ledger, id_, told, about):
    """What was found when it was noted: where it is of each team, and of each environment."""
    at, page = f"/api/v1/incidents/{id_}", f"/incidents/{id_}"
    found_ = {}
    for entry in told:
        event, team, data = entry.data["event"], entry.data["team"], entry.data["told"]
        if event not in ("touched", "environment", "closed"):
            continue
        if entry.at not in found_:
            found_[entry.at] = Found(ledger, about, entry.at)
        then, row = found_[entry.at], f"timeline|seq|{entry.data['seq']}|told"
        if event == "closed":
            say(at, "row", f"{row}/places", len(then.places))
            say(at, "row", f"{row}/unknown", 0)
            continue
        places = then.of(team) if event == "touched" else then.within(data["environment"], team)
        if event == "environment" and data["what"] != "touched":
            continue
        say(at, "row", f"{row}/places", len(places))
        named = then.systems(places) if event == "touched" else sorted({asset for asset, _ in places})
        for place, number in enumerate(named):
            say(at, "row", f"{row}/{'systems' if event == 'touched' else 'assets'}/{place}", number)
        if event == "touched":
            words(page, "words|What happened|li", [len(places)])
            when = datetime.fromtimestamp(entry.at // 10**6, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
            cell(f"{page}/report", "What happened", "What", when, [len(places)])


def where(ledger, id_, about, teams, environments):
    """Where it is now."""
    at, page, now = f"/api/v1/incidents/{id_}", f"/incidents/{id_}", Found(ledger, about, ledger.now)
    running = sum(now.places.values())
    figure(page, "places", len(now.places))
    figure(page, "of them known to run in production", running)
    say(at, "api", "/unknown_versions", 0)
    for team in teams:
        many = len(now.of(team))
        cell(page, "Teams", "Places", ledger.teams[team], many)
        say(at, "team", f"{team}|places", many)
    for environment, team in environments:
        many = len(now.within(environment, team))
        cell(page, "Environments", "Places", environment, many)
        say(at, "at", f"/teams/[team/id={team}]/environments/[environment={environment}]/places", many)
    if about["near_miss"]:
        return
    systems = [ledger.systems[system] for system in now.systems(now.places)]
    done = [sum(word in stand.done for stand in teams.values()) for word in ORDER]
    numbers = found(about["title"]) + [len(now.places), running] + found(" ".join(systems)) + [len(teams)] + done
    words(page, "words|Draft for stakeholders|p.prose", numbers)


def incidents(ledger):
    all_ = collections.defaultdict(list)
    for entry in ledger.entries:
        if entry.what == "incident":
            all_[entry.data["incident"]].append(entry)
    drills = near = real = still = 0
    of_teams = collections.defaultdict(list)
    for id_, told in all_.items():
        opened = told[0].data["told"]
        published = opened["published"] and moment(opened["published"])
        drills += opened["drill"] is not None
        near += opened["near_miss"]
        is_real = opened["drill"] is None and not opened["near_miss"]
        until = next((e.at for e in told if e.data["event"] == "closed"), None)
        real += is_real
        still += is_real and until is None
        teams, environments = stands(told)
        for team, stand in teams.items():
            took = times(ledger, id_, team, stand, (opened, published, until or ledger.now))
            of_teams[team] += [took] if is_real else []
        of_environments(ledger, id_, environments, until or ledger.now)
        headline(id_, opened, told, teams, until)
        # Of ranges, and of what a vulnerability is in, it is not made again where it is.
        if not opened["versions"] and opened["looked_for"].startswith("pkg:"):
            try:
                timeline(ledger, id_, told, opened)
                where(ledger, id_, opened, teams, environments)
            except FileNotFoundError as error:
                print(f"incident {id_}: a document is missing: {error.filename}", file=sys.stderr)
    for team, all_ in of_teams.items():
        table, row = "Median times by team", ledger.teams[team]
        may("*/incidents", table, "Incidents", row, len(all_))
        for span in ("know", "acknowledge", "contain", "fix"):
            known = sorted(one[span] for one in all_ if span in one)
            middle = length(known[len(known) // 2]) if known else None
            may("*/incidents", table, f"To {span}", row, middle)
    # However the list is narrowed, the figures are of all.
    for at in sorted({"/incidents"} | {at for at in ledger.opened if at.startswith("/incidents?")}):
        words(at, "h1", [still] if still else [])
        figure(at, "open", still)
        figure(at, "real ones", real)
        figure(at, "near misses", near)
        figure(at, "drills, not measured", drills)


def headline(id_, opened, told, teams, until):
    page, title = f"/incidents/{id_}", found(opened["title"])
    waiting = sum("acknowledged" not in stand.done for stand in teams.values())
    gone = sum("fixed" in stand.done for stand in teams.values())
    figure(page, "teams have not acknowledged it", [waiting, len(teams)])
    words(page, "h1", title + ([len(teams)] + [many for many in (waiting, gone) if many] if until is None and teams else []))
    words(f"{page}/report", "h1", title)
    if not any(entry.data["event"] == "task" for entry in told):
        figure(page, "tasks are late", 0)


def times(ledger, id_, team, stand, since):
    """How long each step took a team; those that are over, in seconds."""
    opened, published, end = since
    at, page, took = f"/api/v1/incidents/{id_}", f"/incidents/{id_}", {}
    spans = {"know": None, "acknowledge": "acknowledged", "contain": "contained", "fix": "fixed"}
    for span, word in spans.items():
        if span == "know":
            # A drill begins when it is known.
            known = published is not None and opened["drill"] is None
            seconds = max(0, stand.touched - published) // 10**6 if known else None
            state = "took" if known else "unknown"
        else:
            state, seconds = stand.span(word, end)
        say(at, "team", f"{team}|to_{span}/state", state)
        say(at, "team", f"{team}|to_{span}/seconds", seconds)
        took_ = None if seconds is None else length(seconds)
        cell(page, "Teams", f"To {span}", ledger.teams[team], took_)
        cell(f"{page}/report", "How long it took", f"To {span}", ledger.teams[team], took_)
        if state == "took":
            took[span] = seconds
    return took


def of_environments(ledger, id_, environments, end):
    at, page = f"/api/v1/incidents/{id_}", f"/incidents/{id_}"
    for (environment, team), stand in environments.items():
        for span, word in (("contain", "contained"), ("fix", "fixed")):
            state, seconds = stand.span(word, end)
            row = f"/teams/[team/id={team}]/environments/[environment={environment}]/to_{span}"
            say(at, "at", f"{row}/state", state)
            say(at, "at", f"{row}/seconds", seconds)
            cell(page, "Environments", f"To {span}", environment, length(seconds))
            cell(f"{page}/report", "How long it took in each environment", f"To {span}", environment, length(seconds))
