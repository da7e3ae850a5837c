"""Charters: what the one in force says, and what another one would make of today's findings. Written from docs/charter.md and
docs/ledger.md."""

import collections
import re

from charters import Charter
from deadlines import told
from lives import LEVELS
from saying import api, cell, figure, found, say, words
from weighed import gravest, weighed

EFFECT, PAGE = re.compile(r"/api/v1/charters/(\d+)/effect"), re.compile(r"/charter/proposals/(\d+)")
# What is said of a finding under a charter.
Under = collections.namedtuple("Under", "level weight deadline")


class Effect:
    """What a charter would make of what is there, each finding by both."""

    def __init__(self, ledger, live, charter):
        all_ = weighed(ledger)
        self.ledger, self.of = ledger, {}
        self.is_known = charter is not None and charter.is_known
        for finding in live:
            own = all_.of.get(finding.number)
            is_ = self.is_known and own is not None and all_.by(finding, own.purl, ledger.now, charter)
            # Whether a decision holds for another level is of its exceptions.
            if not is_ or not is_.is_known or is_.probability is None or finding.decision and is_.level != finding.level:
                self.is_known = False
                return
            today = Under(finding.level, finding.weight, finding.episodes[-1].deadline)
            self.of[finding] = today, Under(is_.level, is_.weight, is_.deadline(finding.episodes[-1].since))

    def load(self):
        return sum(then.weight for finding, (_, then) in self.of.items() if finding.counts_at(self.ledger.now))

    def many(self, is_so):
        return sum(is_so(today, then) for today, then in self.of.values())

    def numbers(self):
        grave = lambda is_: len(LEVELS) - LEVELS.index(is_.level)
        due = lambda is_: float("inf") if is_.deadline is None else is_.deadline
        return {
            "graver": self.many(lambda today, then: grave(then) > grave(today)),
            "milder": self.many(lambda today, then: grave(then) < grave(today)),
            "sooner": self.many(lambda today, then: due(then) < due(today)),
            "later": self.many(lambda today, then: due(then) > due(today)),
            "changed": len(self.moved()),
        }

    def moved(self):
        return [f for f, (today, then) in self.of.items() if (today.level, today.deadline) != (then.level, then.deadline)]


def pages(ledger):
    live = [f for f in ledger.findings.values() if f.live and f.into is None]
    levels = collections.Counter(f.level for f in live)
    load = sum(f.weight or 0 for f in live if f.counts_at(ledger.now))
    agreed, in_force, withdrawn = collections.defaultdict(set), None, set()
    for entry in ledger.entries:
        if entry.what == "charter-agreed":
            agreed[entry.data["charter"]].add(entry.data["side"])
            in_force = entry.data["charter"] if entry.data.get("in_force") else in_force
        elif entry.what == "charter-withdrawn":
            withdrawn.add(entry.data["charter"])
    charters = weighed(ledger).charters
    for at in sorted(ledger.opened):
        number = EFFECT.fullmatch(at) or PAGE.fullmatch(at)
        if number is None:
            continue
        number = int(number[1])
        text = charters.texts.get(number)
        effect = Effect(ledger, live, Charter(text) if text else None)
        if EFFECT.fullmatch(at):
            api(at, "", {"weighed": len(live), "load": {"today": load}, "against": in_force})
            for level in [*LEVELS, None]:
                say(at, "api", f"/levels/{level or 'unknown'}/today", levels[level])
            if effect.is_known:
                of_api(effect, at)
            continue
        figure(at, "findings weighed by both", len(live))
        figure(at, "sides have agreed", [len(agreed[number]), 4])
        for level in [*LEVELS, None]:
            cell(at, "Today's findings", "Today", level or "unknown", levels[level])
        if effect.is_known:
            is_open = len(agreed[number]) < 4 and number not in withdrawn
            of_page(effect, at, levels, load, is_open)
            words(at, "words|About|dd", found(Charter(text).version))
    agreement(ledger, charters, in_force)


def then_levels(effect):
    return collections.Counter(then.level for _, then in effect.of.values())


def of_api(effect, at):
    levels = then_levels(effect)
    for level in [*LEVELS, None]:
        say(at, "api", f"/levels/{level or 'unknown'}/then", levels[level])
    api(at, "", {"load": {"then": effect.load()}, **effect.numbers()})
    for row, finding in enumerate((gravest(weighed(effect.ledger), effect.moved()) or [])[:500]):
        for name, is_ in zip(("today", "then"), effect.of[finding]):
            say(at, "api", f"/moved/{row}/{name}/weight", is_.weight)


def of_page(effect, at, levels, load, is_open):
    is_, then = effect.numbers(), then_levels(effect)
    figure(at, "findings graver", is_["graver"])
    figure(at, "findings less grave", is_["milder"])
    # Beside a stroke both are parts of one word.
    figure(at, "deadlines sooner / later", [is_["sooner"], is_["later"]])
    figure(at, "load", effect.load() - load)
    words(at, "h1", [is_["graver"], is_["milder"], is_["sooner"] + is_["later"]] if is_open and is_["changed"] else [])
    for level in [*LEVELS, None]:
        row = level or "unknown"
        cell(at, "Today's findings", "By this charter", row, then[level])
        cell(at, "Today's findings", "Difference", row, then[level] - levels[level])


def agreement(ledger, charters, in_force):
    """The page of the charter in force, and of the versions that there are."""
    texts = {number: Charter(text) for number, text in charters.texts.items()}
    open_ = sorted(ledger.proposed)
    for number in open_:
        words("/charter", "words||nav.tabs", [number])
    for number, charter in texts.items():
        cell("/charter", "Versions", "Version", f"Charter {number}", found(charter.version))
    charter = charters.at(ledger.now)
    if charter is None:
        return
    if in_force is not None:
        words("/charter", "h1", found(charter.version))
    for environment, terms in charter.terms.items():
        name = "any other environment" if environment == "other" else environment
        for level, term in terms.items():
            cell("/charter", "Deadlines", "By when", f"{level} in {name}", told(term))
