//! What all readers of SBOMs share: entries and their references become an inventory.
//!
//! - An entry's purl is the one that the document states; failing that, a purl that stands as the
//!   entry's identifier; failing that, `pkg:generic` of group, name and version. Nothing else is
//!   guessed: a CPE or a file name does not make an npm package.
//! - Relation: what the document is about is *own*; what an own entry depends on is *direct*;
//!   what another entry depends on or contains is *transitive*; of the rest the document says
//!   nothing. That the product *contains* an entry does not make it direct: many generators
//!   write so of every package.
//! - Diagnostics are bounded: a document with a million bad entries gives a hundred, and a count.

use std::collections::{HashMap, HashSet, VecDeque};

use trimtab_model::{
    Code, Component, Diagnostic, DocumentInfo, FileInventory, Hash, HashAlgorithm, Origin, Purl,
    Relation, Scope, Unmanaged, UnmanagedReason,
};

/// The most diagnostics of one kind that one document gives.
const MAX_DIAGNOSTICS: usize = 100;

/// One entry of a document, as it spells it.
#[derive(Debug, Default)]
pub(super) struct Entry<'d> {
    pub id: Option<&'d str>,
    pub purl: Option<&'d str>,
    pub group: Option<&'d str>,
    pub name: Option<&'d str>,
    pub version: Option<&'d str>,
    pub requirement: Option<&'d str>,
    pub line: u32,
    pub own: bool,
    /// Stated outright; otherwise it follows from the graph.
    pub relation: Option<Relation>,
    pub scope: Scope,
    /// The scope does not follow from the graph.
    pub scope_is_stated: bool,
    pub hashes: Vec<Hash>,
    /// Stated outright; otherwise it follows from the purl's qualifiers or `distribution`.
    pub origin: Option<Origin>,
    pub distribution: Option<Origin>,
    pub licence: Option<Box<str>>,
    pub member: Option<&'d str>,
    pub groups: Vec<Box<str>>,
    pub supplier: Option<&'d str>,
    pub cpe: Option<&'d str>,
}

impl Entry<'_> {
    /// Takes over where a distribution reference points, unless the purl itself says where from.
    pub(super) fn distribution(&mut self, url: &str) {
        self.distribution = Some(distribution(url));
    }
}

/// What a link between two entries means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// The first needs the second; for what, where the document says so.
    Needs(Scope),
    /// The second is a part of the first.
    Contains,
}

/// A document on its way to an inventory.
#[derive(Default)]
pub(super) struct Bill<'d> {
    inventory: FileInventory,
    stated: Vec<(Option<Relation>, bool)>,
    ids: HashMap<&'d str, u32>,
    others: HashSet<&'d str>,
    links: Vec<(u32, u32, Link)>,
    waiting: Vec<(&'d str, &'d str, Link)>,
    malformed: usize,
    scopes_from_links: bool,
}

impl<'d> Bill<'d> {
    /// A bill whose scopes follow from its links, where these say any (SPDX).
    pub(super) fn with_scopes_from_links() -> Bill<'d> {
        Bill { scopes_from_links: true, ..Bill::default() }
    }

    /// Keeps what the document says about itself.
    pub(super) fn document(&mut self, document: DocumentInfo) {
        self.inventory.document = Some(Box::new(document));
    }

    /// Adds an entry. `None` if it has neither purl nor name; that is told.
    pub(super) fn add(&mut self, entry: Entry<'d>) -> Option<u32> {
        let purl = self.identify(&entry)?;
        let mut component = Component::new(purl);
        component.line = Some(entry.line);
        component.relation = if entry.own { Relation::Own } else { Relation::Unknown };
        component.scope = entry.scope;
        component.hashes = entry.hashes;
        component.hashes.sort();
        component.hashes.dedup();
        component.origin = match (entry.origin, origin_of(&component.purl)) {
            (Some(stated), _) => stated,
            (None, Origin::Unstated) => entry.distribution.unwrap_or_default(),
            (None, from_purl) => from_purl,
        };
        component.licence = entry.licence;
        component.member = entry.member.map(Into::into);
        component.groups = entry.groups;
        component.entry_id = entry.id.map(Into::into);
        component.supplier = entry.supplier.map(Into::into);
        component.cpe = entry.cpe.map(Into::into);
        component.requirement = entry.requirement.map(Into::into);
        if let Some(range) = component.purl.version().filter(|v| is_range(v)) {
            component.requirement = Some(range.into());
            component.purl.set_version("");
        }
        if component.purl.version().is_none() && component.requirement.is_some() {
            self.inventory.unmanaged.push(Unmanaged {
                reason: UnmanagedReason::FloatingVersion,
                package: Some(component.purl.package()),
                requirement: component.requirement.clone(),
                line: Some(entry.line),
            });
        }
        let position = self.inventory.add(component);
        self.stated.push((entry.relation, entry.scope_is_stated));
        if let Some(id) = entry.id {
            if self.ids.contains_key(id) {
                self.malformed(entry.line, format!("the identifier `{}` stands twice", short(id)));
            } else {
                self.ids.insert(id, position);
            }
        }
        Some(position)
    }

    /// The position of an entry by its identifier.
    pub(super) fn position(&self, id: &str) -> Option<u32> {
        self.ids.get(id).copied()
    }

    /// Whether the entry at a position is what the document is about.
    pub(super) fn is_own(&self, at: u32) -> bool {
        let component = self.inventory.components.get(at as usize);
        component.is_some_and(|c| c.relation == Relation::Own)
    }

    /// Notes an identifier of something that is no package, so that links to it are no mistake.
    pub(super) fn other(&mut self, id: &'d str) {
        self.others.insert(id);
    }

    /// Links two entries by position.
    pub(super) fn link(&mut self, from: u32, to: u32, link: Link) {
        self.links.push((from, to, link));
    }

    /// Links two entries by identifier, whether they were added already or come later.
    pub(super) fn link_ids(&mut self, from: &'d str, to: &'d str, link: Link) {
        self.waiting.push((from, to, link));
    }

    /// Tells of one entry that could not be understood.
    pub(super) fn malformed(&mut self, line: u32, message: String) {
        self.malformed += 1;
        if self.malformed <= MAX_DIAGNOSTICS {
            let diagnostic = Diagnostic::new(Code::EntryMalformed, message).at_line(line);
            self.inventory.diagnostics.push(diagnostic);
        }
    }

    /// Tells of something that is not about one entry.
    pub(super) fn diagnose(&mut self, diagnostic: Diagnostic) {
        self.inventory.diagnostics.push(diagnostic);
    }

    /// Tells that entries of another kind were left out.
    pub(super) fn ignored(&mut self, count: usize, what: &str, line: u32) {
        if count > 0 {
            let message = match count {
                1 => format!("1 {what} is no package and was not taken over"),
                _ => format!("{count} {what}s are no packages and were not taken over"),
            };
            let diagnostic = Diagnostic::new(Code::EntryIgnored, message).at_line(line);
            self.inventory.diagnostics.push(diagnostic);
        }
    }

    /// The inventory.
    pub(super) fn finish(mut self) -> FileInventory {
        self.join_waiting();
        self.relate();
        if self.scopes_from_links {
            self.spread_scopes();
        }
        if self.malformed > MAX_DIAGNOSTICS {
            let more = self.malformed - MAX_DIAGNOSTICS;
            let message = format!("{more} more entries could not be understood");
            self.inventory.diagnostics.push(Diagnostic::new(Code::EntryMalformed, message));
        }
        self.inventory.edges = self.links.iter().map(|(from, to, _)| (*from, *to)).collect();
        self.inventory
    }

    fn identify(&mut self, entry: &Entry<'d>) -> Option<Purl> {
        let mut fault = None;
        let stated = entry.purl.map(str::trim).filter(|p| !p.is_empty());
        let id = entry.id.filter(|id| id.starts_with("pkg:"));
        let mut found = None;
        for text in stated.into_iter().chain(id) {
            match Purl::parse(text) {
                Ok(purl) => {
                    found = Some(standard(purl));
                    break;
                }
                Err(e) if fault.is_none() && stated.is_some() => fault = Some((text, e)),
                Err(_) => {}
            }
        }
        if let Some((text, e)) = fault {
            self.malformed(entry.line, format!("`{}` is not a purl: {e}", short(text)));
        }
        let name = entry.name.map(str::trim).filter(|n| !n.is_empty());
        let purl = found.or_else(|| {
            Purl::build("generic", entry.group.map(str::trim), name?, None, [], None).ok()
        });
        let Some(mut purl) = purl else {
            let id = entry.id.map(|id| format!(" (`{}`)", short(id))).unwrap_or_default();
            self.malformed(entry.line, format!("an entry{id} has neither a purl nor a name"));
            return None;
        };
        if purl.version().is_none()
            && let Some(version) = entry.version.and_then(known)
        {
            purl.set_version(version);
        }
        Some(purl)
    }

    fn join_waiting(&mut self) {
        let (mut missing, mut first) = (0usize, None);
        for (from, to, link) in std::mem::take(&mut self.waiting) {
            match (self.ids.get(from), self.ids.get(to)) {
                (Some(from), Some(to)) => self.links.push((*from, *to, link)),
                (known, _) => {
                    let absent = if known.is_some() { to } else { from };
                    // A link into another document is for whoever has that document.
                    let elsewhere =
                        absent.starts_with("urn:cdx:") || absent.starts_with("DocumentRef-");
                    if !elsewhere && !self.others.contains(absent) {
                        missing += 1;
                        first.get_or_insert(absent);
                    }
                }
            }
        }
        if let Some(first) = first {
            let message = format!(
                "links name entries that the document does not have: {missing} (the first: `{}`)",
                short(first)
            );
            self.inventory.diagnostics.push(Diagnostic::new(Code::ReferenceMissing, message));
        }
    }

    fn relate(&mut self) {
        let components = &mut self.inventory.components;
        let own: Vec<bool> = components.iter().map(|c| c.relation == Relation::Own).collect();
        for (from, to, link) in &self.links {
            let (from, to) = (*from as usize, *to as usize);
            if from == to || own[to] {
                continue;
            }
            let relation = match (own[from], link) {
                (true, Link::Needs(_)) => Relation::Direct,
                (true, Link::Contains) => continue,
                (false, _) => Relation::Transitive,
            };
            // Direct wins: the project asks for it, whoever else does.
            if components[to].relation != Relation::Direct {
                components[to].relation = relation;
            }
        }
        for (component, (stated, _)) in components.iter_mut().zip(&self.stated) {
            if let Some(relation) = stated {
                component.relation = *relation;
            }
        }
    }

    /// The scope of a component is the strongest over all paths to it; the scope of a path is its
    /// weakest link. A link without a scope weakens nothing.
    fn spread_scopes(&mut self) {
        let any = |(_, _, link): &(u32, u32, Link)| {
            !matches!(link, Link::Contains | Link::Needs(Scope::Unknown))
        };
        if !self.links.iter().any(any) {
            return;
        }
        let components = &mut self.inventory.components;
        let mut asked: Vec<Vec<(u32, Scope)>> = vec![Vec::new(); components.len()];
        let mut has_parent = vec![false; components.len()];
        for (from, to, link) in &self.links {
            let scope = match link {
                Link::Needs(Scope::Unknown) | Link::Contains => Scope::Runtime,
                Link::Needs(scope) => *scope,
            };
            if from != to {
                asked[*from as usize].push((*to, scope));
                has_parent[*to as usize] = true;
            }
        }
        let mut best: Vec<Scope> = vec![Scope::Unknown; components.len()];
        let mut queue: VecDeque<u32> = VecDeque::new();
        for (at, component) in components.iter().enumerate() {
            if component.relation == Relation::Own || !has_parent[at] {
                best[at] = Scope::Runtime;
                queue.extend(u32::try_from(at));
            }
        }
        // Every entry rises at most once per scope, so this ends.
        while let Some(from) = queue.pop_front() {
            for (to, scope) in &asked[from as usize] {
                let reached = best[from as usize].min(*scope);
                if reached > best[*to as usize] {
                    best[*to as usize] = reached;
                    queue.push_back(*to);
                }
            }
        }
        for (at, component) in components.iter_mut().enumerate() {
            let stated = self.stated.get(at).is_some_and(|(_, scope)| *scope);
            if !stated && has_parent[at] {
                component.scope = best[at];
            }
        }
    }
}

/// What stands for "no version" in the wild.
fn known(version: &str) -> Option<&str> {
    let version = version.trim();
    let none = version.is_empty()
        || ["unknown", "noassertion", "none", "n/a"]
            .iter()
            .any(|w| version.eq_ignore_ascii_case(w));
    (!none).then_some(version)
}

/// Whether what stands in the place of a version is a range. Generators that read manifests
/// without lockfiles write those (`^1.2`, `>= 1, < 2`, `[1.0,2.0)`).
fn is_range(version: &str) -> bool {
    match version.as_bytes() {
        [b'^' | b'~' | b'<' | b'>' | b'=' | b'!' | b'*', ..] => true,
        [b'[' | b'(', ..] => version.contains(','),
        _ => version.contains("||") || version.contains(", "),
    }
}

/// Older generators write Alpine packages as `pkg:alpine/name`.
fn standard(purl: Purl) -> Purl {
    if purl.purl_type() != "alpine" || purl.namespace().is_some() {
        return purl;
    }
    let qualifiers: Vec<(&str, &str)> = purl.qualifiers().collect();
    Purl::build("apk", Some("alpine"), purl.name(), purl.version(), qualifiers, purl.subpath())
        .unwrap_or(purl)
}

/// Where a purl's own qualifiers say that a package comes from. Generators write `vcs_url` on
/// language packages that were installed from a repository instead of the registry.
fn origin_of(purl: &Purl) -> Origin {
    let language = matches!(
        purl.purl_type(),
        "npm" | "pypi" | "cargo" | "gem" | "composer" | "pub" | "hex" | "golang"
    );
    if let Some(url) = purl.qualifier("vcs_url").filter(|_| language) {
        return git(url);
    }
    match purl.qualifier("download_url") {
        Some(url) if url.starts_with("file:") => Origin::Path(url.into()),
        _ => purl
            .qualifier("repository_url")
            .map_or(Origin::Unstated, |u| Origin::Registry(u.into())),
    }
}

/// A repository with the commit that its URL pins (`git+https://host/repo@commit`, `…#commit`).
fn git(url: &str) -> Origin {
    let (base, commit) = match url.rsplit_once('#') {
        Some((base, fragment)) => (base, Some(fragment)),
        None => match url.rsplit_once('@') {
            // The `@` of `git+ssh://git@host/…` is no pin.
            Some((base, pin)) if !pin.contains(['/', ':']) => (base, Some(pin)),
            _ => (url, None),
        },
    };
    Origin::Git { url: base.into(), commit: commit.filter(|c| !c.is_empty()).map(Into::into) }
}

/// Where a distribution reference points. Some generators write a package's home repository
/// there, so that a repository's URL does not mean that the package was taken from it.
fn distribution(url: &str) -> Origin {
    if url.starts_with("file:") || url.starts_with('.') {
        Origin::Path(url.into())
    } else {
        Origin::Registry(url.into())
    }
}

/// Takes over what one of our own properties says. Our writers put there what a format has no
/// place for; other names are left alone.
pub(super) fn property<'d>(entry: &mut Entry<'d>, name: &str, value: &'d str) {
    match name {
        "trimtab:relation" => {
            entry.relation = Some(match value {
                "own" => Relation::Own,
                "direct" => Relation::Direct,
                "transitive" => Relation::Transitive,
                _ => Relation::Unknown,
            });
            entry.own |= value == "own";
        }
        "trimtab:scope" => {
            entry.scope_is_stated = true;
            entry.scope = match value {
                "test" => Scope::Test,
                "development" => Scope::Development,
                "build" => Scope::Build,
                "optional" => Scope::Optional,
                "runtime" => Scope::Runtime,
                _ => Scope::Unknown,
            };
        }
        "trimtab:member" => entry.member = Some(value),
        "trimtab:group" => entry.groups.push(value.into()),
        "trimtab:requirement" => entry.requirement = Some(value),
        "trimtab:licence" => entry.licence = Some(value.into()),
        "trimtab:hash" => {
            let hash = value.split_once(':').and_then(|(name, hex)| {
                let algorithm = match name {
                    "h1" => HashAlgorithm::GoH1,
                    "SHA-224" => HashAlgorithm::Sha224,
                    _ => return super::cyclonedx::hash(name, hex),
                };
                Hash::from_hex(algorithm, hex)
            });
            entry.hashes.extend(hash);
        }
        "trimtab:cpe" => entry.cpe = Some(value),
        "trimtab:origin" => entry.origin = stated_origin(value),
        _ => {}
    }
}

/// The origin in our own property: `git <url> <commit>`, `url <url>`, `path <path>`.
fn stated_origin(value: &str) -> Option<Origin> {
    let (kind, place) = value.split_once(' ')?;
    match kind {
        "registry" => Some(Origin::Registry(place.into())),
        "git" => {
            let (url, commit) = place.split_once(' ').unwrap_or((place, ""));
            let commit = (!commit.is_empty()).then(|| commit.into());
            Some(Origin::Git { url: url.into(), commit })
        }
        "url" => Some(Origin::Url(place.into())),
        "path" => Some(Origin::Path(place.into())),
        _ => None,
    }
}

/// Text for a message: the first hundred characters.
pub(super) fn short(text: &str) -> String {
    let mut short: String = text.chars().take(100).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The text of a top-level key of a JSON object, or an empty text where its value is no text;
/// `None` if there is no such key. Looks at the whole text, nests nothing and needs no tree: made
/// for telling formats apart, also where the file is cut off.
pub(super) fn top_level<'b>(bytes: &'b [u8], key: &str) -> Option<&'b [u8]> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let start = bytes.iter().position(|b| !b.is_ascii_whitespace())?;
    if bytes.get(start) != Some(&b'{') {
        return None;
    }
    let (mut at, mut depth, mut is_key, mut found) = (start + 1, 1usize, true, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = string_end(bytes, at + 1)?;
                let text = bytes.get(at + 1..end)?;
                if depth == 1 && is_key {
                    found = text == key.as_bytes();
                } else if depth == 1 && found {
                    return Some(text);
                }
                at = end;
            }
            b':' if depth == 1 => is_key = false,
            b',' if depth == 1 => is_key = true,
            b'{' | b'[' if found => return Some(b""),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1).filter(|d| *d > 0)?;
            }
            b if found && !is_key && !b.is_ascii_whitespace() => return Some(b""),
            _ => {}
        }
        at += 1;
    }
    None
}

fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Whether a file's name, in lower case, is one of `names` or ends with one of `endings`.
pub(super) fn named(path: &str, names: &[&str], endings: &[&str]) -> bool {
    let name = crate::view::file_name(path);
    if name.len() > 255 {
        return false;
    }
    let name = name.to_ascii_lowercase();
    names.contains(&name.as_str())
        || endings.iter().any(|e| name.len() > e.len() && name.ends_with(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top_level_keys_are_found_without_a_tree() {
        let json = br#"{ "a": {"spdxVersion": "no"}, "b": ["x", "spdxVersion"], "spdxVersion": "SPDX-2.3", "c": 1 }"#;
        assert_eq!(top_level(json, "spdxVersion"), Some(&b"SPDX-2.3"[..]));
        assert_eq!(top_level(json, "a"), Some(&b""[..]));
        assert_eq!(top_level(json, "c"), Some(&b""[..]));
        assert_eq!(top_level(json, "d"), None);
        assert_eq!(
            top_level(br#"{"a": "x\"", "bomFormat": "CycloneDX", "comp"#, "bomFormat"),
            Some(&b"CycloneDX"[..])
        );
        assert_eq!(top_level(b"[1]", "a"), None);
        assert_eq!(top_level(b"{\"a\\", "a"), None);
    }

    #[test]
    fn repositories_and_their_commits_are_told_apart() {
        let of = |url: &str| match git(url) {
            Origin::Git { url, commit } => (url.to_string(), commit.map(|c| c.to_string())),
            other => panic!("{other:?}"),
        };
        assert_eq!(of("git+https://h/r@abc"), ("git+https://h/r".into(), Some("abc".into())));
        assert_eq!(
            of("git+ssh://git@h/r.git#abc"),
            ("git+ssh://git@h/r.git".into(), Some("abc".into()))
        );
        assert_eq!(of("git+ssh://git@h/r.git"), ("git+ssh://git@h/r.git".into(), None));
    }

    #[test]
    fn scopes_are_the_strongest_over_all_paths() {
        let mut bill = Bill::with_scopes_from_links();
        for name in ["app", "dev", "shared", "lib", "only-dev"] {
            bill.add(Entry {
                id: Some(name),
                name: Some(name),
                own: name == "app",
                ..Entry::default()
            });
        }
        bill.link_ids("app", "dev", Link::Needs(Scope::Development));
        bill.link_ids("app", "lib", Link::Needs(Scope::Unknown));
        bill.link_ids("dev", "shared", Link::Needs(Scope::Unknown));
        bill.link_ids("dev", "only-dev", Link::Needs(Scope::Unknown));
        bill.link_ids("lib", "shared", Link::Needs(Scope::Unknown));
        bill.link_ids("lib", "nowhere", Link::Needs(Scope::Unknown));
        let inventory = bill.finish();
        let scopes: Vec<_> = inventory.components.iter().map(|c| (c.scope, c.relation)).collect();
        assert_eq!(
            scopes,
            [
                (Scope::Unknown, Relation::Own),
                (Scope::Development, Relation::Direct),
                (Scope::Runtime, Relation::Transitive),
                (Scope::Runtime, Relation::Direct),
                (Scope::Development, Relation::Transitive),
            ]
        );
        assert_eq!(inventory.diagnostics.len(), 1);
    }
}
