//! What the lockfiles of npm, yarn, pnpm, bun and deno share: package names, the specifiers by
//! which one package asks for another, where a package comes from, and `package.json`.
//!
//! Traps: the name of a package is never the name it is installed under (`alias@npm:real@1`,
//! TRAPS 11, 36); a git or archive dependency is not the registry's package of that name.

use trimtab_model::{Diagnostic, Hash, HashAlgorithm, Origin, Purl, Scope};

use super::glob;
use crate::read::json::{self, Flavour};
use crate::read::tree::{Kind, Value};
use crate::view::{self, FileView};

/// The longest name that is taken for one; the registry's own limit is 214.
const MAX_NAME: usize = 512;

/// The most members of a workspace that are looked at.
const MAX_MEMBERS: usize = 20_000;

/// The purl of a package by its npm name. `None` if that cannot be one.
pub(crate) fn purl(name: &str) -> Option<Purl> {
    let bad = |b: u8| b <= b' ' || b == 0x7F || b == b'\\';
    if name.is_empty() || name.len() > MAX_NAME || name.bytes().any(bad) {
        return None;
    }
    match name.rsplit_once('/') {
        Some((scope, rest)) if !scope.is_empty() && !rest.is_empty() => {
            Some(Purl::new("npm", Some(scope), rest))
        }
        Some(_) => None,
        None => Some(Purl::new("npm", None, name)),
    }
}

/// `name@what` at the `@` that is not a scope's; the whole as a name, where nothing follows.
pub(crate) fn split_locator(text: &str) -> (&str, &str) {
    let search = text.get(1..).and_then(|rest| rest.find('@'));
    match search {
        Some(at) => (text.get(..=at).unwrap_or(text), text.get(at + 2..).unwrap_or_default()),
        None => (text, ""),
    }
}

/// The real package of an alias specifier, `npm:real@1.0`: name and what is asked of it.
pub(crate) fn alias(specifier: &str) -> Option<(&str, &str)> {
    let (name, what) = split_locator(specifier.strip_prefix("npm:")?);
    // `npm:^1.0`, as yarn berry writes it, renames nothing.
    let named = !what.is_empty() || name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '@');
    let version = name.starts_with('v') && name[1..].starts_with(|c: char| c.is_ascii_digit());
    (named && !version && !name.contains(' ')).then_some((name, what))
}

/// Whether a text is a commit: at least seven hexadecimal digits.
fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Where a package comes from, if a locator or specifier says that it is not a registry.
pub(crate) fn foreign_origin(locator: &str) -> Option<Origin> {
    for protocol in ["file:", "link:", "portal:", "workspace:"] {
        if let Some(path) = locator.strip_prefix(protocol) {
            return Some(Origin::Path(path.into()));
        }
    }
    if let Some(git) = git_origin(locator) {
        return Some(git);
    }
    is_url(locator).then(|| Origin::Url(locator.into()))
}

/// Whether a text is the URL of something.
pub(crate) fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// A repository with its commit, if a locator is one.
fn git_origin(locator: &str) -> Option<Origin> {
    let git = |url: &str, commit: Option<&str>| {
        let commit = commit.filter(|c| is_commit(c)).map(Into::into);
        Some(Origin::Git { url: url.into(), commit })
    };
    let (url, fragment) = match locator.split_once('#') {
        Some((url, fragment)) => (url, Some(fragment)),
        None => (locator, None),
    };
    // `#commit=…`, `#commit:…`, `#head=main&commit=…` are yarn berry's; others write it bare.
    let commit = fragment.map(|fragment| {
        let parts = fragment.split('&');
        let named = |p: &'_ str| {
            p.strip_prefix("commit=").or_else(|| p.strip_prefix("commit:")).map(str::len)
        };
        match parts.clone().find(|p| named(p).is_some()) {
            Some(part) => &part["commit=".len()..],
            None => fragment,
        }
    });
    let protocols =
        ["git+", "git://", "git@", "ssh://", "github:", "gitlab:", "bitbucket:", "gist:"];
    if protocols.iter().any(|p| url.starts_with(p)) {
        return git(url, commit);
    }
    if !is_url(url) {
        // `user/repository`: the short form of a repository at the usual host.
        let mut parts = url.split('/');
        let short = matches!((parts.next(), parts.next(), parts.next()), (Some(a), Some(b), None)
            if !a.is_empty() && !b.is_empty() && !a.starts_with(['@', '.', '~']) && !a.contains(':'));
        return short.then(|| git(url, commit)).flatten();
    }
    if url.ends_with(".git") {
        return git(url, commit);
    }
    let (before, last) = url.rsplit_once('/')?;
    if let Some(repository) =
        before.strip_suffix("/tar.gz").filter(|r| r.contains("//codeload.") && is_commit(last))
    {
        return git(repository, Some(last));
    }
    if let Some((repository, reference)) = url.split_once("/repository/archive.tar.gz?ref=") {
        return git(repository, Some(reference));
    }
    let host = url.split_once("//").map_or("", |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default().rsplit('@').next().unwrap_or_default();
    let forge = matches!(host, "github.com" | "gitlab.com" | "bitbucket.org");
    // Two parts after the host are a repository; more may be an archive of one.
    let repository = forge && url.splitn(6, '/').count() == 5;
    if repository && (commit.is_some() || !last.contains(".t")) {
        return git(url, commit);
    }
    None
}

/// Where `/-/` stands in a URL, which registries put before the name of an archive.
fn archive_folder(url: &str) -> Option<usize> {
    let bytes = url.as_bytes();
    let mut dashes = memchr::memchr_iter(b'-', bytes).filter_map(|at| at.checked_sub(1));
    dashes.find(|at| bytes.get(*at..).is_some_and(|rest| rest.starts_with(b"/-/")))
}

/// The registry that an archive URL belongs to: what stands before `/name/-/file.tgz`, else its host.
pub(crate) fn registry_of(url: &str, name: &str) -> Origin {
    let end = memchr::memchr2(b'#', b'?', url.as_bytes()).unwrap_or(url.len());
    let url = url.get(..end).unwrap_or(url);
    let before = archive_folder(url).and_then(|at| {
        let before = url.get(..at)?;
        let encoded = before.strip_suffix(name).or_else(|| {
            // Registries may write the slash of a scope as %2f.
            let (scope, rest) = name.split_once('/')?;
            let before = before.strip_suffix(rest)?;
            let before = before.strip_suffix("%2f").or_else(|| before.strip_suffix("%2F"))?;
            before.strip_suffix(scope)
        });
        encoded.or_else(|| before.rsplit_once('/').map(|(b, _)| b))
    });
    let base = before.unwrap_or_else(|| {
        let host = url.find("//").map_or(0, |at| at + 2);
        let end = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |e| host + e);
        url.get(..end).unwrap_or(url)
    });
    Origin::Registry(base.trim_end_matches('/').into())
}

/// Where a package comes from by the URL it was resolved to. A plain archive URL is taken for a
/// registry's: whoever knows that it was asked for by URL says so.
pub(crate) fn resolved_origin(resolved: &str, name: &str) -> Origin {
    if resolved.is_empty() {
        return Origin::Unstated;
    }
    // A registry URL never names a repository; this spares the usual case the closer look.
    if is_url(resolved) && archive_folder(resolved).is_some() {
        return registry_of(resolved, name);
    }
    match foreign_origin(resolved) {
        Some(Origin::Url(url)) => registry_of(&url, name),
        Some(origin) => origin,
        None => Origin::Unstated,
    }
}

/// The digest in the fragment of a registry URL (`…tgz#<sha1>`), as yarn v1 writes it.
pub(crate) fn fragment_hash(resolved: &str) -> Option<Hash> {
    let (url, digest) = resolved.split_once('#')?;
    if digest.len() != 40 || !is_url(url) || git_origin(resolved).is_some() {
        return None;
    }
    Hash::from_hex(HashAlgorithm::Sha1, digest)
}

/// A version that means one release: no range, no tag, no wildcard.
pub(crate) fn exact_version(specifier: &str) -> Option<&str> {
    let text = specifier.trim();
    let text = text.strip_prefix('=').unwrap_or(text).trim_start();
    let text = text.strip_prefix('v').unwrap_or(text);
    let core = text.split(['-', '+']).next()?;
    let numeric = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    let mut parts = core.split('.');
    let three = (parts.next().is_some_and(numeric))
        && parts.next().is_some_and(numeric)
        && parts.next().is_some_and(numeric)
        && parts.next().is_none();
    let tail = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+');
    (three && text.bytes().all(tail)).then_some(text)
}

/// The licence as `package.json` declares it: a text, an object with `type`, or a list of either.
pub(crate) fn licence(value: Value<'_>) -> Option<Box<str>> {
    let one = |v: Value<'_>| {
        let text = v.as_str().or_else(|| v.str("type"))?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    if value.kind() != Kind::List {
        return one(value).map(Into::into);
    }
    let all: Vec<String> = value.items().filter_map(one).collect();
    (!all.is_empty()).then(|| all.join(" OR ").into())
}

/// One dependency that a manifest asks for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The name it is installed under.
    pub(crate) name: String,
    /// What is asked for.
    pub(crate) specifier: String,
    /// What for.
    pub(crate) scope: Scope,
    /// Whether it is only expected to be there.
    pub(crate) peer: bool,
    /// One-based line.
    pub(crate) line: u32,
}

/// What a `package.json` says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manifest {
    pub(crate) name: Option<String>,
    pub(crate) name_line: Option<u32>,
    pub(crate) version: Option<String>,
    pub(crate) asked: Vec<Asked>,
    pub(crate) workspaces: Vec<String>,
}

impl Manifest {
    /// Reads the root object of a `package.json`.
    pub(crate) fn of(root: Value<'_>) -> Manifest {
        let text = |key: &str| root.str(key).filter(|t| !t.is_empty()).map(str::to_owned);
        let name_line = root.entries().filter(|(k, _)| k.as_str() == Some("name")).last();
        let workspaces = root.get("workspaces").map(workspaces).unwrap_or_default();
        Manifest {
            name: text("name"),
            name_line: name_line.map(|(k, _)| k.line()),
            version: text("version"),
            asked: asked(root),
            workspaces,
        }
    }

    /// Reads the `package.json` at a path relative to a file's folder. `None` if there is none, or
    /// it cannot be read: its own entry in the inventory says so.
    pub(crate) fn beside(view: &FileView<'_>, relative: &str) -> Option<Manifest> {
        let bytes = view.read(relative)?.ok()?;
        Manifest::parse(&bytes)
    }

    /// Reads the bytes of a `package.json`.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Manifest> {
        let text = crate::read::text::decode(bytes).ok()?;
        let doc = json::parse(&text, Flavour::Relaxed).ok()?;
        (doc.root().kind() == Kind::Map).then(|| Manifest::of(doc.root()))
    }

    /// The purl of the package itself.
    pub(crate) fn purl(&self) -> Option<Purl> {
        let purl = purl(self.name.as_deref()?)?;
        Some(match &self.version {
            Some(version) => purl.with_version(version),
            None => purl,
        })
    }
}

/// The patterns of `workspaces`: a list, or an object with `packages`.
pub(crate) fn workspaces(value: Value<'_>) -> Vec<String> {
    let list = if value.kind() == Kind::Map { value.get("packages") } else { Some(value) };
    list.map(|l| l.texts().map(str::to_owned).collect()).unwrap_or_default()
}

/// The dependencies of a manifest, or of an entry that is laid out like one. A package that
/// stands in several sections is listed once, for its strongest purpose; a peer dependency that
/// is also a development dependency is installed as the latter.
fn asked(root: Value<'_>) -> Vec<Asked> {
    const SECTIONS: [(&str, Scope, bool); 4] = [
        ("dependencies", Scope::Runtime, false),
        ("optionalDependencies", Scope::Optional, false),
        ("devDependencies", Scope::Development, false),
        ("peerDependencies", Scope::Runtime, true),
    ];
    let mut all: Vec<Asked> = Vec::new();
    let mut places: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for (section, scope, peer) in SECTIONS {
        for (key, value) in root.get(section).into_iter().flat_map(Value::entries) {
            let (Some(name), Some(specifier)) = (key.as_str(), value.as_str()) else { continue };
            let optional = root.path(&["peerDependenciesMeta", name]);
            let scope = match peer && optional.is_some_and(|m| m.flag("optional")) {
                true => Scope::Optional,
                false => scope,
            };
            let one = Asked {
                name: name.to_owned(),
                specifier: specifier.to_owned(),
                scope,
                peer,
                line: key.line(),
            };
            match places.get(name).and_then(|p| all.get_mut(*p)) {
                // An optional dependency overrides the plain one of that name.
                Some(held) if section == "optionalDependencies" => *held = one,
                // The last of repeated keys counts, as the native reader takes it.
                Some(held) if held.scope == scope && held.peer == peer => *held = one,
                Some(_) => {}
                None => {
                    places.insert(name.to_owned(), all.len());
                    all.push(one);
                }
            }
        }
    }
    all
}

/// The members of a workspace whose root manifest lies beside a file: folder relative to that
/// file, and manifest. Sorted by folder.
pub(crate) fn members(view: &FileView<'_>, patterns: &[String]) -> Vec<(String, Manifest)> {
    let mut folders: Vec<String> =
        patterns.iter().filter(|p| glob::is_literal(p)).filter_map(|p| clean(p)).collect();
    if patterns.iter().any(|p| !glob::is_literal(p)) {
        let base = view::folder(view.path);
        let prefix = if base.is_empty() { String::new() } else { format!("{base}/") };
        let claimed = view.files.claimed();
        let start = claimed.partition_point(|p| p.as_str() < prefix.as_str());
        for path in claimed.iter().skip(start) {
            let Some(relative) = path.strip_prefix(&prefix) else { break };
            let Some(folder) = relative.strip_suffix("/package.json") else { continue };
            if glob::any_matches(patterns.iter().map(String::as_str), folder) {
                folders.push(folder.to_owned());
            }
        }
    }
    folders.sort_unstable();
    folders.dedup();
    folders.truncate(MAX_MEMBERS);
    let read = |folder: String| {
        let manifest = Manifest::beside(view, &format!("{folder}/package.json"))?;
        Some((folder, manifest))
    };
    folders.into_iter().filter_map(read).collect()
}

/// Whether a lockfile speaks for the manifest at a path: one beside it, or that of a workspace
/// above of which it is a member.
pub(crate) fn lockfile_covers(view: &FileView<'_>) -> bool {
    const LOCKFILES: [&str; 6] = [
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lock",
        "deno.lock",
    ];
    let own = view::folder(view.path);
    view.folders_up().any(|folder| {
        let exists = |name: &&str| view.files.exists(&view::join(folder, name));
        if !LOCKFILES.iter().any(exists) {
            return false;
        }
        let inside = own.strip_prefix(folder).unwrap_or(own).trim_start_matches('/');
        inside.is_empty() || is_member(view, folder, inside) || is_linked(view, folder, inside)
    })
}

/// Whether the workspace whose root is `folder` names the folder `inside` it.
fn is_member(view: &FileView<'_>, folder: &str, inside: &str) -> bool {
    let read = |name: &str| view.files.read(&view::join(folder, name))?.ok();
    let names =
        |patterns: &[String]| glob::any_matches(patterns.iter().map(String::as_str), inside);
    let listed = |bytes: &[u8], key: &str| {
        let text = crate::read::text::decode(bytes).ok()?;
        let doc = json::parse(&text, Flavour::Relaxed).ok()?;
        let patterns = match doc.root().get(key)? {
            value if value.get("members").is_some() => value.get("members").map(workspaces)?,
            value => workspaces(value),
        };
        Some(names(&patterns))
    };
    let manifest =
        |name: &str, key: &str| read(name).and_then(|bytes| listed(&bytes, key)).unwrap_or(false);
    let pnpm = || {
        let bytes = read("pnpm-workspace.yaml")?;
        let text = crate::read::text::decode(&bytes).ok()?;
        let doc = crate::read::yaml::parse(&text).ok()?;
        doc.root().get("packages").map(|p| names(&workspaces(p)))
    };
    manifest("package.json", "workspaces")
        || pnpm().unwrap_or(false)
        || manifest("deno.json", "workspace")
        || manifest("deno.jsonc", "workspace")
}

/// Whether the project in `folder` asks for the package in the folder `inside` it by its path: its
/// lockfile then has what that one asks for, too.
fn is_linked(view: &FileView<'_>, folder: &str, inside: &str) -> bool {
    let Some(Ok(bytes)) = view.files.read(&view::join(folder, "package.json")) else {
        return false;
    };
    let asked = Manifest::parse(&bytes).map(|m| m.asked).unwrap_or_default();
    asked.iter().any(|asked| {
        let path = ["file:", "link:", "portal:"]
            .into_iter()
            .find_map(|prefix| asked.specifier.strip_prefix(prefix));
        path.and_then(|path| view::resolve("", path)).is_some_and(|path| path == inside)
    })
}

/// A relative folder without `./` and a trailing slash; `None` for the root itself.
pub(crate) fn clean(folder: &str) -> Option<String> {
    let parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The file as a JSON object.
pub(crate) fn object<'t>(
    text: &'t str,
    flavour: Flavour,
    what: &str,
) -> Result<crate::read::tree::Document<'t>, Diagnostic> {
    let doc = json::parse(text, flavour)?;
    if doc.root().kind() == Kind::Map {
        return Ok(doc);
    }
    Err(Diagnostic::new(
        trimtab_model::Code::FileMalformed,
        format!("{what} must be a JSON object"),
    )
    .at_line(1)
    .help("write it again with the package manager that made it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(locator: &str) -> Option<(String, Option<String>)> {
        match foreign_origin(locator)? {
            Origin::Git { url, commit } => Some((url.into(), commit.map(Into::into))),
            _ => None,
        }
    }

    #[test]
    fn names_become_purls() {
        assert_eq!(
            purl("@babel/core").unwrap().to_string().replace("%40", "@"),
            "pkg:npm/@babel/core"
        );
        assert_eq!(purl("JSONStream").unwrap().name(), "JSONStream");
        for bad in ["", "@s/", "/x", "a b", "a\n"] {
            assert_eq!(purl(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn aliases_are_seen_through() {
        assert_eq!(alias("npm:@babel/core@^7"), Some(("@babel/core", "^7")));
        assert_eq!(alias("npm:real"), Some(("real", "")));
        assert_eq!(alias("npm:^1.0.0"), None);
        assert_eq!(alias("npm:1.x || 2.x"), None);
        assert_eq!(alias("npm:v1.0.0"), None);
        assert_eq!(alias("^1.0"), None);
    }

    #[test]
    fn repositories_are_told_from_registries() {
        let commit = "0a2d2506c1fe299691fc5db53a2097db3bd615bc";
        for locator in [
            "git+ssh://git@github.com:o/r#0a2d2506c1fe299691fc5db53a2097db3bd615bc",
            "https://github.com/o/r.git#commit=0a2d2506c1fe299691fc5db53a2097db3bd615bc",
            "https://github.com/o/r#0a2d2506c1fe299691fc5db53a2097db3bd615bc",
            "https://codeload.github.com/o/r/tar.gz/0a2d2506c1fe299691fc5db53a2097db3bd615bc",
            "github:o/r#0a2d2506c1fe299691fc5db53a2097db3bd615bc",
            "https://gitlab.com/o/r/repository/archive.tar.gz?ref=0a2d2506c1fe299691fc5db53a2097db3bd615bc",
        ] {
            assert_eq!(git(locator).unwrap().1.as_deref(), Some(commit), "{locator}");
        }
        assert_eq!(git("o/r#main").unwrap().1, None);
        for locator in ["1.0.0", "^1", "https://example.com/a.tgz", "@s/p", "./a/b", "latest"] {
            assert_eq!(git(locator), None, "{locator}");
        }
        assert_eq!(
            resolved_origin("https://registry.example/@s/p/-/p-1.0.0.tgz", "@s/p"),
            Origin::Registry("https://registry.example".into())
        );
        assert_eq!(
            resolved_origin("https://npm.example/api/npm/all/x/-/x-1.0.0.tgz", "x"),
            Origin::Registry("https://npm.example/api/npm/all".into())
        );
    }

    #[test]
    fn one_release_is_told_from_a_range() {
        for exact in ["1.2.3", "=1.2.3", "v1.2.3", "1.2.3-beta.1+b"] {
            assert!(exact_version(exact).is_some(), "{exact}");
        }
        for range in ["^1.2.3", "1.2", "1.x", "*", "", "latest", "1.2.3 || 2.0.0", ">=1.0.0"] {
            assert_eq!(exact_version(range), None, "{range}");
        }
    }
}
