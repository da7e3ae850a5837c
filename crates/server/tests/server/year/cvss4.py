"""The base score of a vector of CVSS 4.0, as FIRST specifies it: the score of its macro vector, less the part of the way to the
next lower ones that it has gone. What a base score leaves out is as grave as it can be: attacked, and every requirement high."""

import itertools
import math

# Published scores of macro vectors. The key is the first and the second class of equivalence. Of the third and the sixth
# (`00`, `01`, `10`, `11`, `21`) each has the scores of the fourth, 1 and 2. The fifth is 0.
SCORES = {
    "00": ((10.0, 9.3), (9.6, 9.0), (9.3, 8.8), (9.2, 8.0), (7.9, 6.9)),
    "01": ((9.5, 9.2), (9.1, 8.1), (9.2, 8.4), (8.2, 7.0), (7.1, 6.3)),
    "10": ((9.4, 8.7), (8.9, 7.5), (8.6, 7.2), (7.6, 5.7), (6.5, 5.3)),
    "11": ((9.0, 7.7), (7.7, 6.6), (7.4, 6.1), (5.9, 5.2), (5.8, 2.3)),
    "20": ((8.6, 7.0), (7.4, 5.4), (7.2, 5.3), (5.7, 3.6), (4.7, 2.4)),
    "21": ((7.3, 5.4), (5.5, 4.3), (6.1, 4.6), (5.1, 1.8), (2.4, 1.0)),
}
IMPACTS = ["00", "01", "10", "11", "21"]
# What is lower next to a class of impacts; of two the higher counts.
LOWER = {"00": ("01", "10"), "10": ("11",), "21": ()}
# The values of each metric, the gravest first.
ORDER = {"AV": "NALP", "PR": "NLH", "UI": "NPA", "AC": "LH", "AT": "NP", "VC": "HLN", "VI": "HLN", "VA": "HLN"}
ORDER |= {"SC": "HLN", "SI": "HLN", "SA": "HLN"}
# The gravest vectors of each class, and how many steps it has.
GRAVEST = {
    1: (["AV:N/PR:N/UI:N"], ["AV:A/PR:N/UI:N", "AV:N/PR:L/UI:N", "AV:N/PR:N/UI:P"], ["AV:P/PR:N/UI:N", "AV:A/PR:L/UI:P"]),
    2: (["AC:L/AT:N"], ["AC:H/AT:N", "AC:L/AT:P"]),
    4: (None, ["SC:H/SI:H/SA:H"], ["SC:L/SI:L/SA:L"]),
}
OF_IMPACTS = {"00": ["VC:H/VI:H/VA:H"], "10": ["VC:L/VI:H/VA:H", "VC:H/VI:L/VA:H"], "21": ["VC:L/VI:L/VA:L"]}
STEPS = {1: (1, 4, 5), 2: (1, 2), 4: (6, 5, 4)}
STEPS_OF_IMPACTS = {"00": 7, "10": 8, "21": 10}


def classes(is_):
    free = [is_["AV"] == "N", is_["PR"] == "N", is_["UI"] == "N"]
    first = 0 if all(free) else 1 if any(free) and is_["AV"] != "P" else 2
    second = 0 if (is_["AC"], is_["AT"]) == ("L", "N") else 1
    high = lambda *names: [is_[name] == "H" for name in names]
    impacts = "00" if all(high("VC", "VI")) else "10" if any(high("VC", "VI", "VA")) else "21"
    return first, second, impacts, 1 if any(high("SC", "SI", "SA")) else 2


def table(first, second, impacts, fourth):
    """The score of a macro vector; `None`: there is none."""
    rows = SCORES.get(f"{first}{second}")
    return None if rows is None or fourth > 2 else rows[IMPACTS.index(impacts)][fourth - 1]


def score(is_):
    """Of the metrics of a vector, by their names."""
    if all(is_[side + name] == "N" for side in "VS" for name in "CIA"):
        return 0.0
    first, second, impacts, fourth = classes(is_)
    value = table(first, second, impacts, fourth)
    below = [table(first, second, other, fourth) for other in LOWER[impacts]]
    parts = [
        (GRAVEST[1][first], STEPS[1][first], table(first + 1, second, impacts, fourth)),
        (GRAVEST[2][second], STEPS[2][second], table(first, second + 1, impacts, fourth)),
        (OF_IMPACTS[impacts], STEPS_OF_IMPACTS[impacts], max(below, default=None)),
        (GRAVEST[4][fourth], STEPS[4][fourth], table(first, second, impacts, fourth + 1)),
    ]
    # The first of the gravest vectors that is at least as grave in everything.
    for all_ in itertools.product(*(part[0] for part in parts)):
        ways = [[away(is_, metric) for metric in one.split("/")] for one in all_]
        if all(step >= 0 for way in ways for step in way):
            break
    # That it was attacked is a class too, of which the vector is the gravest.
    lower, sum_ = 1, 0.0
    for way, (_, steps, next_) in zip(ways, parts):
        if next_ is not None:
            lower += 1
            sum_ += (value - next_) * sum(way) / steps
    return math.floor((value - sum_ / lower) * 10 + 0.5 + 1e-5) / 10


def away(is_, metric):
    """How many steps a metric is less grave than another."""
    name, value = metric.split(":")
    return ORDER[name].index(is_[name]) - ORDER[name].index(value)
