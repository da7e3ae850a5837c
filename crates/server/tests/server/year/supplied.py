"""Suppliers: what they promised, sent and answered. Written from docs/ledger.md and docs/suppliers.md. How good a document is
stands in no entry."""

from lives import DAY, moment
from saying import figure, say


class Supplier:
    def __init__(self):
        self.promised, self.sent, self.release, self.asked = {}, [], None, {}


def suppliers(ledger):
    all_ = {}
    for entry in ledger.entries:
        data = entry.data
        if not (entry.what or "").startswith("supplier") or "supplier" not in data:
            continue
        is_ = all_.setdefault(data["supplier"], Supplier())
        if entry.what == "supplier":
            is_.promised = data.get("obligations") or is_.promised
        elif entry.what == "supplier-document" and data["kind"] == "sbom":
            is_.sent.append((entry.at, data["version"]))
        elif entry.what == "supplier-release":
            is_.release = data["version"]
        elif entry.what == "supplier-question":
            is_.asked[data["question"]] = moment(data["due"])
        elif entry.what == "supplier-answer":
            is_.asked.pop(data["question"], None)
    return all_


def pages(ledger):
    waiting = late = 0
    for id_, is_ in suppliers(ledger).items():
        at, own = f"/api/v1/suppliers/{id_}", len(is_.asked)
        overdue = sum(due < ledger.now for due in is_.asked.values())
        waiting, late = waiting + own, late + overdue
        say(at, "api", "/standing/0/waiting", own)
        say(at, "api", "/standing/0/late", overdue)
        figure(f"/suppliers/{id_}", "questions wait", own)
        figure(f"/suppliers/{id_}", "of them past their day", overdue)
        for name in ("fresh_days", "quality"):
            if is_.promised.get(name) is not None:
                say(at, "api", f"/supplier/obligations/{name}", is_.promised[name])
                say("/api/v1/suppliers", "row", f"rows|id|{id_}|obligations/{name}", is_.promised[name])
        # Made on the day on which it came.
        if is_.promised.get("fresh_days") and is_.sent:
            is_old = ledger.now > is_.sent[-1][0] + is_.promised["fresh_days"] * DAY
            word = "not met" if is_old else "met"
            say(at, "row", "standing/0/promises|promise|freshness|standing", word)
        if is_.promised.get("each_release") and is_.release is not None:
            came = any(version == is_.release for _, version in is_.sent)
            word = "met" if came else "not met"
            say(at, "row", "standing/0/promises|promise|release|standing", word)
    if suppliers(ledger):
        figure("/suppliers", "questions wait", waiting)
        figure("/suppliers", "questions past their day", late)
