//! SPDX 3.0 as JSON-LD, in the compact form that the specification's own context gives: an
//! `@graph` of elements, each with a `type` and a `spdxId`.
//!
//! Traps:
//! - Licences are elements, reached by `hasDeclaredLicense` and `hasConcludedLicense`; digests may
//!   stand on the file that a package is distributed as.
//! - What the product is: the `rootElement` of the document, or of the bill that it names.
//! - Scope stands on the relationship (`LifecycleScopedRelationship`).
//! - Other JSON-LD forms (expanded, other contexts) need a JSON-LD processor and are refused.

use std::collections::{HashMap, HashSet};

use trimtab_model::{Code, Diagnostic, DocumentInfo, FileInventory, Hash, HashAlgorithm, Scope};

use super::sbom::{self, Bill, Entry, Link, MAX_LICENCE};
use super::spdx::{about, stated};
use crate::read::json::{self, Flavour};
use crate::read::tree::Value;
use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "spdx3-json",
    title: "SPDX 3 JSON-LD",
    family: None,
    kind: FormatKind::Sbom,
    names: "*.spdx3.json,*.spdx.json,*.spdx.jsonld,sbom.json,*.sbom.json",
    claims: |path| {
        sbom::named(
            path,
            &["spdx.json", "spdx3.json", "sbom.json", "bom.json"],
            &[
                ".spdx3.json",
                "-spdx3.json",
                "_spdx3.json",
                ".spdx.json",
                "-spdx.json",
                "_spdx.json",
                ".spdx.json-ld",
                ".spdx.jsonld",
                ".spdx3.jsonld",
                ".jsonld.spdx",
                ".sbom.json",
                "-sbom.json",
                "_sbom.json",
            ],
        )
    },
    sniff: Some(sniff),
    extract,
};

fn sniff(bytes: &[u8]) -> bool {
    let context = sbom::top_level(bytes, "@context");
    context.is_some_and(|c| c.starts_with(b"https://spdx.org/rdf/") || c.is_empty())
        && (sbom::top_level(bytes, "@graph").is_some()
            || sbom::top_level(bytes, "spdxId").is_some())
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = json::parse(&text, Flavour::Strict)?;
    let root = doc.root();
    if root.get("@context").is_none() || root.get("@graph").is_none() {
        return Err(Diagnostic::new(Code::FileMalformed, "this is no SPDX 3 document")
            .at_line(root.line())
            .help("an SPDX 3 document in JSON-LD has an `@context` and a `@graph`"));
    }
    let graph = Graph::of(root);
    if graph.elements.is_empty() {
        return Err(Diagnostic::new(Code::FileMalformed, "the graph has no SPDX 3 elements")
            .at_line(root.line())
            .help("only JSON-LD in the compact form of SPDX's own context is read"));
    }
    Ok(graph.inventory())
}

/// How many of the licences that an expression names itself are looked at.
pub const MAX_OWN_LICENCES: usize = 1000;

/// The elements of a document by identifier, and its relationships.
struct Graph<'d> {
    elements: HashMap<&'d str, Value<'d>>,
    packages: Vec<(&'d str, Value<'d>)>,
    relationships: Vec<Value<'d>>,
    declared: HashMap<&'d str, &'d str>,
    concluded: HashMap<&'d str, &'d str>,
    artifacts: HashMap<&'d str, &'d str>,
    roots: Vec<&'d str>,
    info: DocumentInfo,
    makers: Vec<&'d str>,
}

impl<'d> Graph<'d> {
    fn of(root: Value<'d>) -> Graph<'d> {
        let mut graph = Graph {
            elements: HashMap::new(),
            packages: Vec::new(),
            relationships: Vec::new(),
            declared: HashMap::new(),
            concluded: HashMap::new(),
            artifacts: HashMap::new(),
            roots: Vec::new(),
            info: DocumentInfo::default(),
            makers: Vec::new(),
        };
        for element in root.get("@graph").into_iter().flat_map(Value::items) {
            graph.element(element);
        }
        graph
    }

    fn element(&mut self, element: Value<'d>) {
        let (mut id, mut kind) = (None, "");
        for (key, value) in element.entries() {
            match key.as_str() {
                Some("spdxId" | "@id") => id = value.as_str(),
                Some("type" | "@type") => kind = value.as_str().unwrap_or_default(),
                _ => {}
            }
        }
        // The type may be written with the name of its profile or as a URI.
        let kind = kind.rsplit(['/', '_']).next().unwrap_or(kind);
        if kind == "CreationInfo" {
            self.creation(element);
        }
        let Some(id) = id else { return };
        self.elements.insert(id, element);
        match kind {
            "Package" => self.packages.push((id, element)),
            "Relationship" | "LifecycleScopedRelationship" => self.relationship(element),
            "SpdxDocument" | "Sbom" => {
                if kind == "SpdxDocument" {
                    self.info.identifier = Some(id.into());
                }
                self.roots.extend(texts(element, "rootElement"));
                let contexts = texts(element, "software_sbomType");
                self.info.contexts.extend(contexts.map(Into::into));
            }
            _ => {}
        }
    }

    fn creation(&mut self, element: Value<'d>) {
        self.info.format_version =
            element.get("specVersion").and_then(Value::scalar).map(Into::into);
        self.info.created = element.str("created").map(Into::into);
        self.makers.extend(texts(element, "createdBy"));
        self.makers.extend(texts(element, "createdUsing"));
    }

    fn relationship(&mut self, element: Value<'d>) {
        let (Some(from), Some(kind)) = (element.str("from"), element.str("relationshipType"))
        else {
            return;
        };
        let target = texts(element, "to").next();
        match (kind, target) {
            ("hasDeclaredLicense", Some(to)) => drop(self.declared.entry(from).or_insert(to)),
            ("hasConcludedLicense", Some(to)) => drop(self.concluded.entry(from).or_insert(to)),
            ("hasDistributionArtifact", Some(to)) => {
                self.artifacts.entry(from).or_insert(to);
            }
            ("describes", _) => self.roots.extend(texts(element, "to")),
            _ => self.relationships.push(element),
        }
    }

    fn inventory(mut self) -> FileInventory {
        let mut bill = Bill::with_scopes_from_links();
        let mut info = std::mem::take(&mut self.info);
        for maker in &self.makers {
            let Some(element) = self.elements.get(maker) else { continue };
            let Some(name) = element.str("name").filter(|n| !n.is_empty()) else { continue };
            let kind = element.str("type").or_else(|| element.str("@type"));
            let list = if kind == Some("Tool") { &mut info.tools } else { &mut info.authors };
            if !list.iter().any(|known| **known == *name) {
                list.push(name.into());
            }
        }
        bill.document(info);
        let own = self.own();
        for (id, element) in &self.packages {
            let entry = self.entry(&mut bill, id, *element, own.contains(id));
            bill.add(entry);
        }
        let packages: HashSet<&str> = self.packages.iter().map(|(id, _)| *id).collect();
        for id in self.elements.keys().filter(|id| !packages.contains(*id)) {
            bill.other(id);
        }
        for element in &self.relationships {
            links(&mut bill, *element);
        }
        bill.finish()
    }

    /// The packages that the document is about; see the module on SPDX 2 for the rule.
    fn own(&self) -> HashSet<&'d str> {
        let asking: HashSet<&'d str> =
            self.relationships.iter().filter_map(|r| r.str("from")).collect();
        let packages: HashSet<&'d str> = self.packages.iter().map(|(id, _)| *id).collect();
        about(&packages, &self.roots.iter().copied().collect(), &asking)
    }

    fn entry(&self, bill: &mut Bill<'d>, id: &'d str, element: Value<'d>, own: bool) -> Entry<'d> {
        let mut entry = Entry { id: Some(id), line: element.line(), own, ..Entry::default() };
        let mut package_url = None;
        for (key, value) in element.entries() {
            match key.as_str().unwrap_or_default() {
                "name" => entry.name = value.scalar(),
                "software_packageVersion" => entry.version = value.scalar().and_then(stated),
                "software_packageUrl" => package_url = value.as_str(),
                "software_downloadLocation" => {
                    value.as_str().and_then(stated).into_iter().for_each(|u| entry.distribution(u));
                }
                "suppliedBy" | "originatedBy" => {
                    let party = value.as_str().or_else(|| value.texts().next());
                    let party = party.and_then(|p| self.elements.get(p)?.str("name"));
                    if key.as_str() == Some("suppliedBy") || entry.supplier.is_none() {
                        entry.supplier = party.or(entry.supplier);
                    }
                }
                "externalIdentifier" => {
                    for identifier in value.items() {
                        let text = identifier.str("identifier");
                        match identifier.str("externalIdentifierType") {
                            Some("packageUrl" | "packageURL" | "purl") => entry.purl = text,
                            Some("cpe23") => entry.cpe = text,
                            Some("cpe22") => entry.cpe = entry.cpe.or(text),
                            _ => {}
                        }
                    }
                }
                "verifiedUsing" => hashes(bill, &mut entry, value),
                _ => {}
            }
        }
        entry.purl = package_url.or(entry.purl);
        let artifact = self.artifacts.get(id).and_then(|file| self.elements.get(file));
        if let Some(list) = artifact.and_then(|file| file.get("verifiedUsing")) {
            hashes(bill, &mut entry, list);
        }
        let licence = |by: &HashMap<&str, &'d str>| self.licence(by.get(id)?);
        entry.licence =
            licence(&self.declared).or_else(|| licence(&self.concluded)).map(Into::into);
        entry
    }

    /// The expression of a licence element; sets and operators are put together by their members,
    /// within bounds.
    fn licence(&self, id: &str) -> Option<String> {
        let mut budget = 200;
        self.expression(id, 0, &mut budget)
    }

    fn expression(&self, id: &str, depth: usize, budget: &mut usize) -> Option<String> {
        *budget = budget.checked_sub(1)?;
        if let Some(listed) = id.strip_prefix("https://spdx.org/licenses/") {
            return short(listed).map(Into::into);
        }
        let element = self.elements.get(id).filter(|_| depth < 8)?;
        if let Some(text) = element.str("simplelicensing_licenseExpression") {
            let text = short(text)?;
            return Some(self.custom(*element, text).unwrap_or(text).into());
        }
        let kind = element.str("type").or_else(|| element.str("@type"))?;
        match kind.rsplit(['/', '_']).next()? {
            word @ ("ConjunctiveLicenseSet" | "DisjunctiveLicenseSet") => {
                let word = if word.starts_with('C') { " AND " } else { " OR " };
                let mut inner = String::new();
                for (n, member) in texts(*element, "expandedlicensing_member").enumerate() {
                    let one = self.expression(member, depth + 1, budget)?;
                    if inner.len() + one.len() > MAX_LICENCE {
                        return None;
                    }
                    inner.push_str(if n == 0 { "" } else { word });
                    inner.push_str(&one);
                }
                Some(if depth == 0 { inner } else { format!("({inner})") })
            }
            "OrLaterOperator" => {
                let subject = element.str("expandedlicensing_subjectLicense")?;
                Some(format!("{}+", self.expression(subject, depth + 1, budget)?))
            }
            "WithAdditionOperator" => {
                let subject = element.str("expandedlicensing_subjectExtendableLicense")?;
                let addition = element.str("expandedlicensing_subjectAddition")?;
                let addition = addition.rsplit('/').next().filter(|a| a.len() <= MAX_LICENCE)?;
                Some(format!("{} WITH {addition}", self.expression(subject, depth + 1, budget)?))
            }
            "ListedLicense" | "CustomLicense" => {
                element.str("name").and_then(short).map(Into::into)
            }
            _ => None,
        }
    }
}

impl<'d> Graph<'d> {
    /// The name of a licence that the document defines itself, where the whole expression is one.
    fn custom(&self, expression: Value<'d>, text: &str) -> Option<&'d str> {
        let map = expression.get("simplelicensing_customIdToUri")?;
        let mut entries = map.items().take(MAX_OWN_LICENCES);
        let entry = entries.find(|e| e.str("key") == Some(text))?;
        self.elements.get(entry.str("value")?)?.str("name").and_then(short)
    }
}

/// A part of a licence that says something and is within bounds.
fn short(text: &str) -> Option<&str> {
    stated(text).filter(|text| text.len() <= MAX_LICENCE)
}

/// The texts of a key that holds one or several.
fn texts<'d>(element: Value<'d>, key: &str) -> impl Iterator<Item = &'d str> {
    let value = element.get(key);
    let one = value.and_then(Value::as_str);
    one.into_iter().chain(value.into_iter().flat_map(Value::texts))
}

fn hashes<'d>(bill: &mut Bill<'d>, entry: &mut Entry<'d>, list: Value<'d>) {
    for item in list.items() {
        // A package's verification code has the same keys and is no digest of an archive.
        let kind = item.str("type").or_else(|| item.str("@type")).unwrap_or_default();
        let (Some(name), Some(content)) = (item.str("algorithm"), item.str("hashValue")) else {
            continue;
        };
        if kind.ends_with("PackageVerificationCode") {
            continue;
        }
        let algorithm = match name {
            "md5" => HashAlgorithm::Md5,
            "sha1" => HashAlgorithm::Sha1,
            "sha224" => HashAlgorithm::Sha224,
            "sha256" => HashAlgorithm::Sha256,
            "sha384" => HashAlgorithm::Sha384,
            "sha512" => HashAlgorithm::Sha512,
            "sha3_256" => HashAlgorithm::Sha3_256,
            "sha3_384" => HashAlgorithm::Sha3_384,
            "sha3_512" => HashAlgorithm::Sha3_512,
            "blake2b256" => HashAlgorithm::Blake2b256,
            "blake2b384" => HashAlgorithm::Blake2b384,
            "blake2b512" => HashAlgorithm::Blake2b512,
            "blake3" => HashAlgorithm::Blake3,
            _ => continue,
        };
        match Hash::from_hex(algorithm, content) {
            Some(hash) => entry.hashes.push(hash),
            None => bill.malformed(item.line(), format!("a hash `{name}` cannot be read")),
        }
    }
}

fn links<'d>(bill: &mut Bill<'d>, element: Value<'d>) {
    let (Some(from), Some(kind)) = (element.str("from"), element.str("relationshipType")) else {
        return;
    };
    let scope = match element.str("scope") {
        Some("runtime") => Scope::Runtime,
        Some("development") => Scope::Development,
        Some("build") => Scope::Build,
        Some("test") => Scope::Test,
        _ => Scope::Unknown,
    };
    let link = match kind {
        "dependsOn" | "hasStaticLink" | "hasDynamicLink" | "hasPrerequisite" | "hasInput" => {
            Link::Needs(scope)
        }
        "hasOptionalDependency" | "hasOptionalComponent" => Link::Needs(Scope::Optional),
        "hasProvidedDependency" => Link::Needs(Scope::Build),
        "usesTool" if scope == Scope::Unknown => Link::Needs(Scope::Build),
        "usesTool" => Link::Needs(scope),
        "contains" => Link::Contains,
        _ => return,
    };
    for to in texts(element, "to") {
        bill.link_ids(from, to, link);
    }
}
