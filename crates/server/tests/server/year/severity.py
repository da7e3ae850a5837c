"""Severities of advisories: CVSS vectors as FIRST specifies them, versions 3.0, 3.1 and 4.0."""

import math

import cvss4

# The weights of the metrics, by the specification of version 3.1.
AV = {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2}
AC = {"L": 0.77, "H": 0.44}
UI = {"N": 0.85, "R": 0.62}
CIA = {"H": 0.56, "L": 0.22, "N": 0.0}
PR = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}
# What a word of an impact counts.
GRAVE = {"N": 0, "L": 1, "P": 1, "H": 3, "C": 3}
VECTORS = {"P": "physical", "L": "local", "A": "adjacent", "N": "network"}
# Generations of CVSS, the newest last.
GENERATIONS = ["CVSS:3.0", "CVSS:3.1", "CVSS:4.0"]


def metrics(vector):
    return dict(part.split(":", 1) for part in vector.split("/")[1:])


def roundup(value):
    whole = round(value * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10


def score(vector):
    """The base score; `None`: of a version that is not known here."""
    generation, is_ = vector.split("/")[0], metrics(vector)
    if generation == "CVSS:4.0":
        return cvss4.score(is_)
    if generation not in ("CVSS:3.0", "CVSS:3.1"):
        return None
    changed = is_["S"] == "C"
    part = 1 - math.prod(1 - CIA[is_[name]] for name in "CIA")
    impact = 7.52 * (part - 0.029) - 3.25 * (part - 0.02) ** 15 if changed else 6.42 * part
    if impact <= 0:
        return 0.0
    reach = 8.22 * AV[is_["AV"]] * AC[is_["AC"]] * PR[is_["S"]][is_["PR"]] * UI[is_["UI"]]
    return roundup(min(1.08 * (impact + reach) if changed else impact + reach, 10))


def rating(tenths):
    """The word of a score."""
    bands = ((9, "critical"), (7, "high"), (4, "medium"), (0.1, "low"))
    return next((word for least, word in bands if tenths >= least), "none")


def technical(vector):
    """What it does to where it is, from nothing (0) to all (3); of version 4 to others as well."""
    is_ = metrics(vector)
    if vector.startswith("CVSS:4.0"):
        all_ = [max(GRAVE[is_["V" + name]], GRAVE[is_["S" + name]]) for name in "CIA"]
    else:
        all_ = [GRAVE[is_[name]] for name in "CIA"]
    whole = sum(all_)
    return 0 if whole == 0 else 1 if whole < 3 else 2 if whole < 6 else 3


def touches_data(vector):
    is_ = metrics(vector)
    if vector.startswith("CVSS:4.0"):
        return any(GRAVE[is_[side + name]] for side in "VS" for name in "CI")
    return any(GRAVE[is_[name]] for name in "CI")


class Severity:
    """Of several records of one flaw: the newest generation of CVSS, and of that the highest score."""

    def __init__(self, vectors):
        self.vector = self.score = None
        self.is_known = True
        if not vectors:
            self.rating = "unknown"
            return
        newest = max(vectors, key=lambda v: GENERATIONS.index(v.split("/")[0])).split("/")[0]
        own = [v for v in dict.fromkeys(vectors) if v.startswith(newest)]
        scores = [score(v) for v in own]
        if len(own) == 1:
            self.vector, self.score = own[0], scores[0]
        elif None in scores:
            # Which of them is the highest is not known.
            self.is_known = False
        else:
            self.score = max(scores)
            self.vector = own[scores.index(self.score)]
        self.rating = rating(self.score) if self.score is not None else None
