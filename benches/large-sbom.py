#!/usr/bin/env python3
"""Writes an SBOM of many components, to measure time and memory of reading it.

    benches/large-sbom.py cyclonedx|spdx COMPONENTS FILE

The same arguments give the same bytes. Components are like those that generators write of large
systems: several ecosystems, two digests, a licence, properties, two dependencies each.
"""
import hashlib
import json
import sys

TYPES = ["npm", "maven", "pypi", "golang", "cargo", "nuget", "deb", "gem"]
LICENCES = ["MIT", "Apache-2.0", "BSD-3-Clause", "GPL-2.0-or-later", "MIT OR Apache-2.0"]


def component(at):
    kind = TYPES[at % len(TYPES)]
    space = f"group{at % 997}/" if kind in ("maven", "golang", "deb") else ""
    name, version = f"package-{at}", f"{at % 13}.{at % 89}.{at % 7}"
    digest = hashlib.sha256(str(at).encode()).hexdigest()
    return kind, space, name, version, digest, f"pkg:{kind}/{space}{name}@{version}"


def below(at, count):
    return [n for n in (2 * at + 1, 2 * at + 2) if n < count]


def cyclonedx(count, out):
    out.write('{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,\n"components": [\n')
    for at in range(count):
        kind, space, name, version, digest, purl = component(at)
        item = {
            "type": "library", "bom-ref": f"{purl}?package-id={digest[:16]}", "name": name, "version": version,
            "hashes": [{"alg": "SHA-256", "content": digest}, {"alg": "SHA-1", "content": digest[:40]}],
            "licenses": [{"license": {"id": LICENCES[at % 4]}}],
            "purl": purl,
            "properties": [{"name": f"found:{n}", "value": f"/srv/app/{space}{name}/{n}"} for n in range(3)],
        }
        if space:
            item["group"] = space[:-1]
        out.write(json.dumps(item) + (",\n" if at + 1 < count else "\n"))
    out.write('],\n"dependencies": [\n')
    reference = lambda at: f"{component(at)[5]}?package-id={component(at)[4][:16]}"
    for at in range(count):
        item = {"ref": reference(at), "dependsOn": [reference(n) for n in below(at, count)]}
        out.write(json.dumps(item) + (",\n" if at + 1 < count else "\n"))
    out.write("]}\n")


def spdx(count, out):
    head = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "large",
        "documentNamespace": "https://sbom.example/large",
        "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: large-sbom"]},
    }
    out.write(json.dumps(head)[:-1] + ',\n"packages": [\n')
    for at in range(count):
        kind, space, name, version, digest, purl = component(at)
        item = {
            "SPDXID": f"SPDXRef-Package-{kind}-{name}-{digest[:16]}", "name": space + name, "versionInfo": version,
            "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
            "licenseDeclared": LICENCES[at % 5], "copyrightText": "NOASSERTION", "supplier": "NOASSERTION",
            "checksums": [{"algorithm": "SHA256", "checksumValue": digest}],
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}],
        }
        out.write(json.dumps(item) + (",\n" if at + 1 < count else "\n"))
    out.write('],\n"relationships": [\n')
    reference = lambda at: f"SPDXRef-Package-{component(at)[0]}-{component(at)[2]}-{component(at)[4][:16]}"
    describes = ("SPDXRef-DOCUMENT", "DESCRIBES", reference(0))
    edges = ((reference(at), "DEPENDS_ON", reference(n)) for at in range(count) for n in below(at, count))
    for number, (a, kind, b) in enumerate((describes, *edges)):
        item = {"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b}
        out.write((",\n" if number else "") + json.dumps(item))
    out.write("]}\n")


if __name__ == "__main__":
    form, count, path = sys.argv[1:]
    with open(path, "w", encoding="utf-8") as file:
        {"cyclonedx": cyclonedx, "spdx": spdx}[form](int(count), file)
