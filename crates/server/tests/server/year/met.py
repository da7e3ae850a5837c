"""Reviews, what became of them, goals and the pulse. Written from docs/reviews.md and docs/packs.md."""

import collections
from urllib.parse import parse_qsl

import agenda
import packs
import shown
from deciding import Decisions
from lives import DAY, date, moment
from periods import by_day, numbers, share
from saying import api, cell, figure, may, percent, say, words


# How many reviews a list has.
ROWS = 100


def goals(ledger):
    goals_, row, all_ = {}, 0, collections.Counter()
    for entry in ledger.entries:
        if entry.what == "goal":
            goals_.setdefault(entry.data["goal"], {}).update(entry.data)
    for goal in sorted(goals_.values(), key=lambda goal: (goal["name"], goal["goal"])):
        if goal.get("dropped"):
            continue
        begins, ends = moment(goal["begins"]), moment(goal["ends"])
        # Once its time is over, by the number of its last day.
        last = (ends - 1) // DAY if ledger.now >= ends else ledger.now // DAY
        told = ledger.told
        is_ = numbers(ledger, ledger.of(goal["team"]), told, 1, min(begins // DAY, last), last)
        spent = is_["time_to_remediate"]
        share = is_["deadlines"]["share"]
        value = {
            "load": is_["load"],
            "remediation": spent and spent["median"],
            "deadlines": None if share is None else share * 100,
        }[goal["measure"]]
        time = min(1, max(0, (ledger.now - begins) / (ends - begins)))
        at = "/api/v1/goals"
        say(at, "api", f"/rows/{row}/value", value)
        say(at, "api", f"/rows/{row}/time", time)
        for side in ("from", "to"):
            say(at, "api", f"/rows/{row}/{side}", goal[side])
        if value is None:
            way, stands = None, "unknown"
        else:
            there = value >= goal["to"] if goal["measure"] == "deadlines" else value <= goal["to"]
            way = (value - goal["from"]) / (goal["to"] - goal["from"])
            way = 1 if there else min(1, max(0, way))
            over = ledger.now >= ends
            stands = "reached" if there else "missed" if over else "on track" if way >= time or time < 0.02 else "behind"
        say(at, "api", f"/rows/{row}/way", way)
        say(at, "api", f"/rows/{row}/standing", stands)
        parts = None if way is None else [percent(way), percent(time)]
        for page in ("/goals", "*/boards/leadership"):
            put = may if page.startswith("*") else cell
            put(page, "Goals", "Start", goal["name"], goal["from"])
            put(page, "Goals", "Now", goal["name"], value)
            put(page, "Goals", "Target", goal["name"], goal["to"])
            put(page, "Goals", "Progress", goal["name"], parts)
        all_[stands] += 1
        row += 1
    for stands in ("reached", "on track", "behind", "missed"):
        say("/goals", "figure", stands, all_[stands])
    unknown = [all_["unknown"]] if all_["unknown"] else []
    words("/goals", "h1", [row] + [all_[stands] for stands in ("reached", "on track", "behind")] + unknown)


def reviews(ledger):
    all_, decided = {}, {}
    for entry in ledger.entries:
        data = entry.data
        if entry.what == "review":
            review = all_.setdefault(data["review"], {"decisions": [], "kind": "weekly"})
            if "state" in data:
                review[data["state"]] = entry.at
                review.update({k: v for k, v in data.items() if k in ("of", "kind", "minutes", "topics", "figures")})
        elif entry.what == "review-decision":
            one = decided.setdefault(data["decision"], {"id": data["decision"], "state": None, "ended": None, "told": []})
            one["told"].append((entry.at, data["state"]))
            if "due" in data:
                one["due"] = moment(data["due"])
                one["owner"] = data["owner"]
                all_[data["review"]]["decisions"].append(one)
            if one["state"] != data["state"]:
                one["ended"] = None if data["state"] == "open" else entry.at
            one["state"] = data["state"]
    lists(ledger, all_)
    theirs = collections.Counter(one["owner"] for one in decided.values() if one["state"] == "open")
    for person, open_ in theirs.items():
        if f"/administration/people/{person}" in ledger.opened:
            words(f"/administration/people/{person}", "words||dd", [open_])
    same = collections.defaultdict(list)
    opened = [one for one in all_.items() if "open" in one[1]]
    for id_, review in sorted(opened, key=lambda one: one[1]["open"]):
        review["of_then"] = set(systems_of(ledger, review))
        # A later one tells of an earlier one only if that told of no other system.
        own = same[review["of"], review["kind"]]
        review["earlier"] = [one for one in own if one["of_then"] <= review["of_then"]]
        own.append(review)
    for id_, review in opened:
        if not ledger.opened & {f"/reviews/{id_}", f"/api/v1/reviews/{id_}"}:
            continue
        say(f"/api/v1/reviews/{id_}", "api", "/minutes", review["minutes"])
        if review["kind"] == "monthly":
            packs.month(ledger, id_, review)
        elif review["kind"] == "quarterly":
            packs.quarter(ledger, id_, review)
        agenda.headline(id_, review, ledger.now)
        quality(ledger.now, id_, (review["earlier"] + [review])[-12:])
        figures(ledger, id_, review)


def lists(ledger, all_):
    """The lists of reviews: of all, and of each team; how many decisions those have that are listed."""
    for at in sorted(ledger.opened):
        path, _, query = at.partition("?")
        asked = dict(parse_qsl(query))
        if path != "/reviews" or set(asked) - {"team"}:
            continue
        own = {id_: one for id_, one in all_.items() if asked.get("team") in (None, one["of"].removeprefix("team:"))}
        states = collections.Counter()
        for review in own.values():
            states["held" if "closed" in review else "open now" if "open" in review else "planned"] += 1
        for state in ("planned", "open now", "held"):
            figure(at, state, states[state])
        newest = [own[id_] for id_ in sorted(own, reverse=True)[:ROWS]]
        figure(at, "decisions of the reviews below", sum(len(one["decisions"]) for one in newest))
    for id_, review in all_.items():
        of_it = review["decisions"]
        may("*/reviews", "Reviews", "Decisions", f"/reviews/{id_}", len(of_it))
        may("*/reviews", "Reviews", "To be done", f"/reviews/{id_}", sum(d["state"] == "open" for d in of_it))
        say("/api/v1/reviews?limit=500", "row", f"rows|id|{id_}|minutes", review["minutes"])
        if id_ in sorted(all_, reverse=True)[:ROWS]:
            say("/api/v1/reviews", "row", f"rows|id|{id_}|minutes", review["minutes"])
        if "closed" in review:
            took = (review["closed"] - review["open"]) // (60 * 10**6)
            may("*/reviews", "Reviews", "Minutes", f"/reviews/{id_}", [took, review["minutes"]])


def systems_of(ledger, review):
    """The systems that a review told of, as they were then; of the organisation all of them."""
    if review["of"] == "all":
        return list(ledger.systems)
    return ledger.owned_then(int(review["of"].split(":")[1]), review["open"])


STAYS = ("decision:", "window:", "relied-on:", "concentration:", "supplier:", "team:", "attacks:", "malicious:")


def quality(now, id_, twelve):
    """How good the meetings are: of the last twelve of the same, this one among them."""
    decisions = [d for review in twelve for d in review["decisions"]]
    judged, in_time = 0, 0
    for one in decisions:
        if one["state"] == "dropped":
            continue
        if one["state"] == "done":
            judged, in_time = judged + 1, in_time + (one["ended"] < one["due"])
        elif now >= one["due"]:
            judged += 1
    topics, repeats, before = 0, 0, None
    for review in twelve:
        # What was decided, the windows, and what a pack tells each time, stand in every review.
        keys = {key for key in review["topics"] if not key.startswith(STAYS)}
        if before is not None:
            topics, repeats = topics + len(keys), repeats + len(keys & before)
        before = keys
    over = [r for r in twelve if "closed" in r]
    took = lambda r: (r["closed"] - r["open"]) // (60 * 10**6)
    api(
        f"/api/v1/reviews/{id_}",
        "/quality",
        {
            "reviews": len(twelve),
            "decisions": len(decisions),
            "per_review": share(len(decisions), len(twelve)),
            "judged": judged,
            "in_time": in_time,
            "in_time_share": share(in_time, judged),
            "topics": topics,
            "repeats": repeats,
            "repeat_share": share(repeats, topics),
            "over": len(over),
            "overran": sum(took(r) > r["minutes"] for r in over),
        },
    )
    # The same in words.
    share_ = lambda part, of: [percent(share(part, of)), part, of]
    lines = [[share(len(decisions), len(twelve)), len(decisions), len(twelve)]]
    lines += [share_(in_time, judged)] if judged else []
    lines += [share_(repeats, topics)] if topics else []
    lines += [[sum(took(r) > r["minutes"] for r in over), len(over)]] if over else []
    for line_ in lines:
        words(f"/reviews/{id_}", "words|How well the meetings work|dd", line_)
    stands = {"dropped": "dropped", "open": "open"}
    for row, one in enumerate(twelve[-1]["decisions"]):
        word = stands.get(one["state"]) or ("carried out" if one["ended"] < one["due"] else "carried out late")
        if word == "open" and now >= one["due"]:
            word = "late"
        say(f"/api/v1/reviews/{id_}", "api", f"/decisions/{row}/stands", word)


def scheduled_at(ledger, team, at):
    """What was scheduled for a team, or for any, at a moment, in a window that was not over."""
    all_ = {}
    for entry in ledger.entries:
        data = entry.data
        is_of = entry.kind == "planned" and entry.actor == "trimtab" and team in (None, data["team"])
        if is_of and entry.at <= at:
            key = data["team"], entry.asset, data["package"]
            all_.pop(key, None)
            if data["state"] != "dropped":
                all_[key] = data
    return sum(is_["ends"] is None or moment(is_["ends"]) > at for is_ in all_.values())


def decisions_of(ledger, review):
    """Decisions that ended within 14 days of its opening, and those that were asked for."""
    at = review["open"]
    own = None if review["of"] == "all" else ledger.owned_then(int(review["of"].split(":")[1]), at)
    decisions = Decisions(ledger)
    ending = [d for d in decisions.at("approved", at, own) if d["ends"] is not None]
    return [d for d in ending if d["ends"] <= at + 14 * DAY], list(decisions.at("asked", at, own))


def reckoned(ledger, review):
    """The numbers of a review when it was opened."""
    at, is_all = review["open"], review["of"] == "all"
    team = None if is_all else int(review["of"].split(":")[1])
    # Of the systems that were the team's then.
    there = list(ledger.findings.values()) if is_all else ledger.of_team_then(team, at)
    late, soon, load, count = 0, 0, 0.0, 0
    for finding in there:
        counts = finding.counts_at(at)
        if not counts:
            continue
        count, load = count + 1, load + (counts[2] or 0)
        # A deadline as it stood then is not kept beside its end: it is looked up in the entries.
        deadline = deadline_at(ledger, finding.number, at)
        if deadline is not None:
            late += deadline < at
            soon += at <= deadline < at + 14 * DAY
    # Since the last of the same, or a week; of no more than four weeks.
    before = review["earlier"][-1] if review["earlier"] else None
    since = max(before["open"] if before else at - 7 * DAY, at - 28 * DAY)
    ending, asked = decisions_of(ledger, review)
    return {
        "load": load,
        "open": count,
        "new": shown.above(ledger, there, since, at),
        "late": late,
        "soon": soon,
        "exceptions": len(ending),
        "answers": len(asked),
        "scheduled": scheduled_at(ledger, team, at),
    }


def ended(ledger, review):
    """Decisions that ended by themselves since the last of the same, or within a week; in four weeks at most."""
    at, before = review["open"], review["earlier"][-1] if review["earlier"] else None
    since = max(before["open"] if before else at - 7 * DAY, at - 28 * DAY)
    own = None if review["of"] == "all" else ledger.owned_then(int(review["of"].split(":")[1]), at)
    return list(Decisions(ledger).over(since, at, own))


def figures(ledger, id_, review):
    """The numbers that a review showed, those of the one before beside them, and how many its parts have."""
    name, is_ = f"/api/v1/reviews/{id_}", reckoned(ledger, review)
    api(name, "/pack/figures", is_)
    if review["earlier"]:
        api(name, "/before", reckoned(ledger, review["earlier"][-1]))
    load_line(ledger, id_, review, is_["load"])
    if review["kind"] != "weekly":
        return
    topics(ledger, name, review)
    agenda.pages(ledger, id_, review, is_, decisions_of(ledger, review), ended(ledger, review))
    labels = {
        "load": "load",
        "open": "findings that count",
        "new": "new above the accepted level",
        "late": "past their deadline",
        "soon": "due within 14 days",
        "exceptions": "exceptions that end",
        "answers": "decisions asked for",
        "scheduled": "changes scheduled",
    }
    for member, label in labels.items():
        figure(f"/reviews/{id_}", label, is_[member])


def load_line(ledger, id_, review, load):
    """The load at the end of each of twelve days, a week apart, and as it was when the review was opened."""
    values = [None if unknown else load for load, unknown in line(ledger, review["of_then"], review["open"] // DAY)]
    for row, value in enumerate([*values, load]):
        say(f"/api/v1/reviews/{id_}", "row", f"pack/charts|title|Load|series/0/values/{row}", value)
        day = date(review["open"] // DAY - 84 + 7 * row)
        cell(f"/reviews/{id_}", "Load, load at the end of the day", "load", day, value)


def topics(ledger, name, review):
    """What the parts of findings list, as far as that is all of it: the weight of each, and in how many before it stood."""
    at, team = review["open"], int(review["of"].split(":")[1])
    before = review["earlier"][-1] if review["earlier"] else None
    since = max(before["open"] if before else at - 7 * DAY, at - 28 * DAY)
    there = [f for f in ledger.of_team_then(team, at) if f.counts_at(at)]
    due = lambda f: deadline_at(ledger, f.number, at)
    parts = {
        1: [f for f in there if shown.above(ledger, [f], since, at)],
        2: [f for f in there if due(f) is not None and due(f) < at + 14 * DAY],
    }
    for part, all_ in parts.items():
        all_ = all_ if len(all_) <= 20 else []
        # Once is said without a number, and a column without any is left out.
        agains = [agenda.again_of(review, f"finding:{finding.number}") for finding in all_]
        has_any = any(again > 1 for again in agains)
        for finding, again in zip(all_, agains):
            key = f"finding:{finding.number}"
            row = f"pack/parts/{part}/topics|key|{key}"
            say(name, "row", f"{row}|weight", finding.counts_at(at)[2])
            say(name, "row", f"{row}|repeats", again)
            title = "Deadlines at risk" if part == 2 else "New above the accepted level"
            shown_ = again if again > 1 else None
            if has_any:
                cell(name.removeprefix("/api/v1"), title, "Again", f"/findings/{finding.number}", shown_)


def line(ledger, systems, today):
    """Of systems, as each was on its day."""
    first = min(f.episodes[0].began for f in ledger.findings.values()) // DAY
    for day in range(today - 84, today, 7):
        then = (day + 1) * DAY - 1
        there = [f for f in ledger.findings.values() if ledger.of_then(f, then)[0] in systems]
        _, load, _, unknown = next(by_day(there, day, day))
        yield load, unknown or day < first


def deadline_at(ledger, number, at):
    if not hasattr(ledger, "deadlines"):
        ledger.deadlines = collections.defaultdict(list)
        for entry in ledger.entries:
            if entry.kind == "assessed" and "level" in entry.data:
                due = entry.data["deadline"]
                ledger.deadlines[entry.finding].append((entry.at, due and moment(due)))
    told = [due for since, due in ledger.deadlines[number] if since <= at]
    return told[-1] if told else None


# The questions of the pulse, by the columns of a page.
QUESTIONS = {"Productive": "productive", "Heard": "heard", "Clear": "clear"}


def mean(told):
    """The mean answers in tenths, a half up; of what is not told nothing is known."""
    if told is None:
        return None
    tenth = lambda sum_: (sum_ * 20 + told["answers"]) // (2 * told["answers"]) / 10
    return {"answers": told["answers"], **dict(zip(QUESTIONS.values(), map(tenth, told["sums"])))}


def pulse(ledger):
    """What was answered in each month that is over: how many, and what their answers come to together where that is told."""
    rounds = collections.Counter(e.data["round"] for e in ledger.entries if e.what == "pulse")
    rounds.pop(date(ledger.now // DAY)[:7], None)
    told = {e.data["round"]: e.data for e in ledger.entries if e.what == "pulse-round"}
    table, newest = "By month and role", None
    for row, month in enumerate(sorted(rounds, reverse=True)):
        say("/api/v1/pulse", "api", f"/rows/{row}/round", month)
        # Of a round that is not told nothing is known: an earlier version did not, and this one does within a day.
        if month not in told:
            continue
        is_ = told[month]
        few = [role for role, one in is_["roles"].items() if one and one["answers"] < 5]
        if few:
            raise SystemExit(f"{month}: fewer than five answered for {few}, and are told")
        roles = {role: mean(one) for role, one in is_["roles"].items()}
        # Of fewer than five nothing is told at all, nor of what is reckoned from others.
        hidden = rounds[month] - sum(role["answers"] for role in roles.values() if role)
        all_ = mean(is_["all"]) if rounds[month] >= 5 and (hidden == 0 or hidden >= 5) else None
        if all_ is None and is_["all"] is not None:
            raise SystemExit(f"{month}: all are told, and {hidden} answers can be reckoned from it")
        if all_ is not None and all_["answers"] != rounds[month]:
            raise SystemExit(f"{month}: {all_['answers']} of {rounds[month]} answers are told")
        api("/api/v1/pulse", f"/rows/{row}/all", all_)
        for role, one in roles.items():
            for name, value in (one or {}).items():
                say("/api/v1/pulse", "at", f"/rows/{row}/roles/[role={role}]/told/{name}", value)
        for one in (all_, *roles.values()):
            for column, name in {**QUESTIONS, "Answers": "answers"}.items():
                cell("/pulse", table, column, month, one and one[name])
        for column, name in QUESTIONS.items():
            cell("/pulse", "Answers of all by month, of 5", column, month, all_ and all_[name])
        newest = all_ if row == 0 else newest
    # How it is answered, from 1 to 5, and of fewer than five nothing is told.
    by_month = "words|Answers of all by month of *"
    for place, numbers_ in (("words||p", [1, 5, 5]), (f"{by_month}|p.definition", [1, 5]), (f"{by_month}|h2", [5])):
        words("/pulse", place, numbers_)
    words("/pulse", "words|Answers of all by month, of *|caption", [5])
    if rounds and max(rounds) not in told:
        return
    for column, name in QUESTIONS.items():
        figure("/pulse", column, newest and newest[name])
    words("/pulse", "h1", [newest[name] for name in QUESTIONS.values()] + [5] if newest else [])
