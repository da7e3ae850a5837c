#!/usr/bin/env python3
"""Writes a package-lock of 4,210 entries.

    benches/large-package-lock.py PROJECTS FILE

No lockfile of the corpus has so many: one of 1,400 is laid three times under other names.
"""
import json
import pathlib
import sys

projects, target = sys.argv[1:]
folder = pathlib.Path(projects) / "prometheus+prometheus@2022"
source = max(folder.rglob("package-lock.json"), key=lambda path: path.stat().st_size)
lock = json.loads(source.read_text())
packages = dict(lock["packages"])
for copy in (1, 2):
    for path, entry in lock["packages"].items():
        if path.startswith("node_modules/"):
            packages[f"node_modules/copy{copy}-holder/{path}"] = entry
lock["packages"] = packages
lock.pop("dependencies", None)
pathlib.Path(target).write_text(json.dumps(lock, indent=2))
