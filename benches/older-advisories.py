#!/usr/bin/env python3
"""The advisory data as it was before the last sync, for measuring what a delta costs.

    benches/older-advisories.py ../shared/data TARGET

TARGET is laid out as the data is: `trimtab db update --from TARGET --db old.index` builds its index.
"""
import json
import os
import sys
import zipfile

data, target = sys.argv[1:]
os.makedirs(f"{target}/osv", exist_ok=True)
for name in os.listdir(data):
    if name not in ("osv", "osv-delta"):
        os.symlink(os.path.abspath(f"{data}/{name}"), f"{target}/{name}")
changed = 0
for ecosystem in os.listdir(f"{data}/osv"):
    folder, delta = f"{data}/osv/{ecosystem}", f"{data}/osv-delta/{ecosystem}"
    if not os.path.isdir(folder) or not os.path.isdir(delta):
        os.symlink(os.path.abspath(folder), f"{target}/osv/{ecosystem}")
        continue
    changes = json.load(open(f"{delta}/changes.json"))
    before = zipfile.ZipFile(f"{delta}/before.zip")
    old = {name: before.read(name) for name in before.namelist()}
    gone = {f"{record}.json" for record in changes["added"]}
    os.makedirs(f"{target}/osv/{ecosystem}")
    now = zipfile.ZipFile(f"{folder}/all.zip")
    with zipfile.ZipFile(f"{target}/osv/{ecosystem}/all.zip", "w", zipfile.ZIP_DEFLATED) as out:
        for name in now.namelist():
            if name not in gone and name not in old:
                out.writestr(name, now.read(name))
        for name, text in old.items():
            out.writestr(name, text)
    changed += len(gone) + len(old)
print(f"{changed} records were other or not there")
