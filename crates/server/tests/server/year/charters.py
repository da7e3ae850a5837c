"""Charters: what the framework's preset says, as docs/generated/charter-framework.md has it, and what an agreed text says beside
it. A text is the document that `charter-proposed` names by its digest."""

import hashlib
import pathlib
import tomllib

import deadlines

STEPS = {"vital": 1, "standard": 0, "supporting": -1}
DATA = {"payment": 1, "personal": 1, "secret": 1, "internal": 0, "public": 0}
MATRIX = {
    "active": ["medium", "high", "high", "critical"],
    "likely": ["low", "medium", "high", "critical"],
    "possible": ["low", "low", "medium", "high"],
    "unlikely": ["low", "low", "low", "medium"],
}
PRIOR = {"unknown": 0.047, "none": 0.001, "low": 0.009, "medium": 0.026, "high": 0.064, "critical": 0.11}
EXPOSURE = {
    "internet": {"physical": 0.1, "local": 0.2, "adjacent": 0.3, "network": 1.0},
    "internal": {"physical": 0.1, "local": 0.2, "adjacent": 0.3, "network": 0.3},
    "isolated": {"physical": 0.05, "local": 0.1, "adjacent": 0.1, "network": 0.1},
}
SCOPE = {"runtime": 1.0, "optional": 0.7, "build": 0.2, "development": 0.1, "test": 0.1}
WEIGHTS = {"critical": 40.0, "high": 10.0, "medium": 3.0, "low": 1.0}
# Points of a step of the version: at least and at most. Who brings something in is not known of a list without edges.
COST = {"patch": (0.5, 1.0), "minor": (1.0, 2.0), "major": (3.0, 8.0)}
TRANSITIVE = (0.0, 2.0)
# More for each further place in which another version is to be changed.
PLACE = (0.25, 0.5)
DAYS_PER_POINT = 0.5
# What is taken for the impact of a flaw of which no source says it.
SERIOUS = 2


class Charter:
    """What is weighed by."""

    def __init__(self, text=None):
        is_ = tomllib.loads(text) if text else {}
        self.is_known = is_.get("preset", "framework") == "framework"
        # Of other tables it is not made again what they say.
        known = {"format", "preset", "name", "version", "weights", "deadlines", "tier", "environment", "goal"}
        self.is_known = self.is_known and not set(is_) - known
        self.weights = {**WEIGHTS, **{level: float(of) for level, of in is_.get("weights", {}).items()}}
        self.tiers = {t["name"]: t.get("impact", 0) for t in is_["tier"]} if "tier" in is_ else STEPS
        environments = is_.get("environment", [{"name": "production", "production": True}])
        self.production = [e["name"] for e in environments if e.get("production")]
        self.environments = {e["name"] for e in environments} if "environment" in is_ else {"production", "staging", "development"}

        agreed = is_.get("deadlines", {})
        self.is_known = self.is_known and not set(agreed) - {"terms"}
        self.name, self.version = is_.get("name", "Shared framework"), is_.get("version", "1")
        own = agreed.get("terms", {})
        # What is left out of an environment is the preset's.
        self.terms = {name: {**deadlines.TERMS.get(name, {}), **own.get(name, {})} for name in sorted({*deadlines.TERMS, *own})}

    def deadline(self, environment, level, start):
        """By when something in an environment is to be gone; `None`: there is no day for it."""
        return deadlines.deadline(self.terms.get(environment) or self.terms["other"], level, start)

    def level(self, probability, steps):
        band = "active" if probability >= 0.5 else "likely" if probability >= 0.1 else "possible" if probability >= 0.01 else "unlikely"
        return MATRIX[band][min(max(steps, 0), 3)]


class Charters:
    """Which held since when; `None`: its text is not known."""

    def __init__(self, ledger, folder):
        self.texts, self.held = {}, [(float("-inf"), Charter())]
        documents = pathlib.Path(folder) / "documents"
        for entry in ledger.entries:
            data = entry.data
            if entry.what == "charter-proposed" and "text" in data:
                try:
                    text = (documents / data["text"]).read_bytes()
                except FileNotFoundError:
                    continue
                assert hashlib.sha256(text).hexdigest() == data["text"], f"{data['text']} is another text"
                self.texts[data["charter"]] = text.decode()
            elif entry.what == "charter-agreed" and data.get("in_force"):
                text = self.texts.get(data["charter"])
                self.held.append((entry.at, Charter(text) if text else None))

    def at(self, moment):
        is_ = next((c for since, c in reversed(self.held) if since <= moment), None)
        return is_ if is_ is not None and is_.is_known else None
