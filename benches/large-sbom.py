#!/usr/bin/env python3
"""Writes an SBOM of many components, to measure time and memory of reading it.

    benches/large-sbom.py FORMAT COMPONENTS FILE

FORMAT: cyclonedx, cyclonedx-xml, spdx, spdx-tv, spdx3 or scan (what `trimtab scan --format json` saves).

The same arguments give the same bytes. Components are like those that generators write of large
systems: several ecosystems, two digests, a licence, properties, two dependencies each.
"""
import hashlib
import json
import sys
from xml.sax.saxutils import quoteattr

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


def cyclonedx_xml(count, out):
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1">\n<components>\n')
    reference = lambda at: quoteattr(f"{component(at)[5]}?package-id={component(at)[4][:16]}")
    for at in range(count):
        kind, space, name, version, digest, purl = component(at)
        group = f"<group>{space[:-1]}</group>" if space else ""
        properties = "".join(f'<property name="found:{n}">/srv/app/{space}{name}/{n}</property>' for n in range(3))
        out.write(
            f'<component type="library" bom-ref={reference(at)}>{group}<name>{name}</name><version>{version}</version>'
            f'<hashes><hash alg="SHA-256">{digest}</hash><hash alg="SHA-1">{digest[:40]}</hash></hashes>'
            f"<licenses><license><id>{LICENCES[at % 4]}</id></license></licenses><purl>{purl}</purl>"
            f"<properties>{properties}</properties></component>\n"
        )
    out.write("</components>\n<dependencies>\n")
    for at in range(count):
        inner = "".join(f"<dependency ref={reference(n)}/>" for n in below(at, count))
        out.write(f"<dependency ref={reference(at)}>{inner}</dependency>\n")
    out.write("</dependencies>\n</bom>\n")


def spdx_tv(count, out):
    out.write(
        "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nSPDXID: SPDXRef-DOCUMENT\nDocumentName: large\n"
        "DocumentNamespace: https://sbom.example/large\nCreator: Tool: large-sbom\nCreated: 2026-01-01T00:00:00Z\n"
    )
    reference = lambda at: f"SPDXRef-Package-{component(at)[0]}-{component(at)[2]}-{component(at)[4][:16]}"
    for at in range(count):
        kind, space, name, version, digest, purl = component(at)
        out.write(
            f"\n##### Package: {name}\n\nPackageName: {space}{name}\nSPDXID: {reference(at)}\nPackageVersion: {version}\n"
            "PackageSupplier: NOASSERTION\nPackageDownloadLocation: NOASSERTION\nFilesAnalyzed: false\n"
            f"PackageChecksum: SHA256: {digest}\nPackageLicenseConcluded: NOASSERTION\n"
            f"PackageLicenseDeclared: {LICENCES[at % 5]}\nPackageCopyrightText: <text>Copyright of {name},\n"
            f"and of others</text>\nExternalRef: PACKAGE-MANAGER purl {purl}\n"
        )
    out.write(f"\n##### Relationships\n\nRelationship: SPDXRef-DOCUMENT DESCRIBES {reference(0)}\n")
    for at in range(count):
        for n in below(at, count):
            out.write(f"Relationship: {reference(at)} DEPENDS_ON {reference(n)}\n")


def spdx3(count, out):
    base = "https://sbom.example/large"
    reference = lambda at: f"{base}/Package/{component(at)[0]}/{component(at)[2]}/{component(at)[4][:16]}"
    about = {"creationInfo": "_:creation"}
    head = [
        {"type": "CreationInfo", "@id": "_:creation", "specVersion": "3.0.1", "created": "2026-01-01T00:00:00Z", "createdBy": [f"{base}/tool"]},
        {"type": "Organization", "spdxId": f"{base}/tool", "name": "large-sbom", **about},
        {"type": "SpdxDocument", "spdxId": f"{base}/document", "rootElement": [reference(0)], **about},
    ]
    head += [
        {"type": "simplelicensing_LicenseExpression", "spdxId": f"{base}/licence/{n}", "simplelicensing_licenseExpression": text, **about}
        for n, text in enumerate(LICENCES)
    ]
    out.write('{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",\n"@graph": [\n')
    out.write(",\n".join(json.dumps(item) for item in head))
    for at in range(count):
        kind, space, name, version, digest, purl = component(at)
        items = [{
            "type": "software_Package", "spdxId": reference(at), "name": space + name, "software_packageVersion": version,
            "software_packageUrl": purl, "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": digest}], **about,
        }]
        edges = [("hasDeclaredLicense", [f"{base}/licence/{at % 5}"]), ("dependsOn", [reference(n) for n in below(at, count)])]
        items += [
            {"type": "Relationship", "spdxId": f"{base}/Relationship/{kind}/{at}", "from": reference(at), "relationshipType": kind, "to": to, **about}
            for kind, to in edges if to
        ]
        out.write("".join(",\n" + json.dumps(item) for item in items))
    out.write("\n]}\n")


def scan(count, out):
    summary = {
        "files": 1, "components": count, "findings": 0, "affected_components": 0, "by_rating": {}, "malicious": 0,
        "fixable": 0, "unknown_by_reason": {}, "unmanaged": 0,
    }
    head = {
        "format": "trimtab-scan", "version": 1, "tool": {"name": "trimtab", "version": "0.1.0"}, "target": "large",
        "complete": True, "summary": summary, "findings": [], "unknowns": [], "diagnostics": {"walk": [], "scan": []},
    }
    out.write(json.dumps(head)[:-1] + ',\n"files": [{"path": "large.cdx.json", "format": "cyclonedx-json", "components": [\n')
    for at in range(count):
        kind, space, name, version, digest, purl = component(at)
        item = {
            "purl": purl, "relation": "direct" if at < 3 else "transitive", "scope": "runtime", "line": at + 3,
            "hashes": [f"SHA-256:{digest}", f"SHA-1:{digest[:40]}"], "licence": LICENCES[at % 4],
            "entry_id": f"{purl}?package-id={digest[:16]}",
        }
        out.write(json.dumps(item, indent=2) + (",\n" if at + 1 < count else "\n"))
    edges = ([at, n] for at in range(count) for n in below(at, count))
    out.write('], "edges": [\n' + ",\n".join(json.dumps(edge) for edge in edges) + "]}]}\n")


FORMATS = {
    "cyclonedx": cyclonedx, "cyclonedx-xml": cyclonedx_xml, "spdx": spdx, "spdx-tv": spdx_tv, "spdx3": spdx3, "scan": scan,
}

if __name__ == "__main__":
    form, count, path = sys.argv[1:]
    with open(path, "w", encoding="utf-8") as file:
        FORMATS[form](int(count), file)
