#!/usr/bin/env python3
"""Lays advisories out as osv-scanner wants them for --offline --local-db-path.

usage: osv-scanner-db.py DATA OUT

DATA holds `osv` and `osv-malicious` in OSV's bulk layout. OSV's own export has both in one zip for
each ecosystem, so they are put together. Links do not do: osv-scanner follows none out of its folder.
"""

import shutil
import sys
import zipfile
from pathlib import Path


def main(data: Path, out: Path) -> None:
    zips = {}
    for part in ("osv", "osv-malicious"):
        for found in sorted((data / part).glob("*/all.zip")):
            zips.setdefault(found.parent.name, []).append(found)
    for ecosystem, parts in zips.items():
        folder = out / "osv-scanner" / ecosystem
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / "all.zip"
        if len(parts) == 1:
            shutil.copyfile(parts[0], target)
            continue
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as written:
            for part in parts:
                with zipfile.ZipFile(part) as read:
                    for name in read.namelist():
                        written.writestr(name, read.read(name))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
