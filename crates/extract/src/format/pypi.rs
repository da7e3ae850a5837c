//! What the Python formats share: names, digests, where a package comes from, and the graph of
//! packages and their extras.

use std::borrow::Cow;
use std::collections::HashMap;

use trimtab_model::{Family, FileInventory, Hash, HashAlgorithm, Origin, Purl, Relation, Scope};

use super::address::{git, without_credentials};
use super::scopes;

/// The purl of a package.
pub(super) fn purl(name: &str) -> Purl {
    Purl::new("pypi", None, name)
}

/// A name in the form in which names are compared (PEP 503).
pub(super) fn key(name: &str) -> Cow<'_, str> {
    Family::PyPI.normalise(name)
}

/// Where the packages of a file stand, by name. A name may have several versions.
#[derive(Default)]
pub(super) struct Names(HashMap<String, Vec<u32>>);

impl Names {
    /// The most versions of one name that are told apart. A real lockfile has two or three; without
    /// a bound, edges between all versions of two names would grow with the square of a file.
    const MOST: usize = 64;

    /// Adds a component under its name.
    pub(super) fn add(&mut self, name: &str, position: u32) {
        let positions = self.0.entry(key(name).into_owned()).or_default();
        if positions.len() < Names::MOST {
            positions.push(position);
        }
    }

    /// The components of a name, in the order of the file.
    pub(super) fn of(&self, name: &str) -> &[u32] {
        self.0.get(&*key(name)).map_or(&[], Vec::as_slice)
    }
}

/// Adds a group to those of a component, once. Only so many are kept.
pub(super) fn add_group(groups: &mut Vec<Box<str>>, group: Box<str>) {
    if groups.len() < 100 && !groups.contains(&group) {
        groups.push(group);
    }
}

/// A digest written as `sha256:…`, or as bare hexadecimal of SHA-256.
pub(super) fn hash(text: &str) -> Option<Hash> {
    let (name, hex) = text.split_once([':', '=']).unwrap_or(("sha256", text));
    hash_of(name, hex.trim())
}

/// A digest by the name that Python's `hashlib` gives the function.
pub(super) fn hash_of(name: &str, hex: &str) -> Option<Hash> {
    let algorithm = match name.trim() {
        "md5" => HashAlgorithm::Md5,
        "sha1" => HashAlgorithm::Sha1,
        "sha224" => HashAlgorithm::Sha224,
        "sha256" => HashAlgorithm::Sha256,
        "sha384" => HashAlgorithm::Sha384,
        "sha512" => HashAlgorithm::Sha512,
        "sha3_256" => HashAlgorithm::Sha3_256,
        "sha3_384" => HashAlgorithm::Sha3_384,
        "sha3_512" => HashAlgorithm::Sha3_512,
        "blake2b" => HashAlgorithm::Blake2b512,
        _ => return None,
    };
    Hash::from_hex(algorithm, hex)
}

/// What the name of a dependency group says about it. By custom, groups are for development.
pub(super) fn group_scope(group: &str) -> Scope {
    match &*key(group) {
        "main" | "default" => Scope::Runtime,
        "test" | "tests" | "testing" => Scope::Test,
        _ => Scope::Development,
    }
}

/// The origin that a URL or path of a requirement names, and the name in its `#egg=`.
/// `git+https://host/x.git@v1#egg=x`, `git@host:x.git`, `https://host/x-1.0.tar.gz`, `./x`.
pub(super) fn origin(text: &str) -> (Origin, Option<&str>) {
    let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
    let egg = fragment.split('&').find_map(|part| part.strip_prefix("egg="));
    let egg = egg.map(|egg| egg.split('[').next().unwrap_or(egg)).filter(|e| !e.is_empty());
    let vcs = ["git+", "hg+", "svn+", "bzr+"].into_iter().find_map(|p| address.strip_prefix(p));
    if let Some(address) = vcs {
        // The reference follows the last `@` of the path; one before the host is a user.
        let path = address.find("://").map_or(0, |at| at + 3);
        let path = path + address.get(path..).and_then(|a| a.find('/')).unwrap_or(0);
        let (url, reference) = match address.rfind('@').filter(|at| *at > path) {
            Some(at) => (address.get(..at).unwrap_or(address), address.get(at + 1..)),
            None => (address, None),
        };
        return (git(url, reference), egg);
    }
    if let Some(path) = address.strip_prefix("file:") {
        return (Origin::Path(path.trim_start_matches("//").into()), egg);
    }
    if address.contains("://") {
        return (Origin::Url(without_credentials(address).into()), egg);
    }
    (Origin::Path(address.into()), egg)
}

/// Name and version in the file name of a wheel or source archive, where they are clear.
pub(super) fn archive_name(address: &str) -> Option<(&str, &str)> {
    let file = address.split(['?', '#']).next()?.rsplit(['/', '\\']).next()?;
    if let Some(stem) = file.strip_suffix(".whl") {
        // name-version(-build)?-python-abi-platform
        let mut parts = stem.split('-');
        let found = (parts.next()?, parts.next()?);
        return (parts.count() >= 3 && !found.0.is_empty()).then_some(found);
    }
    let endings = [".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".zip"];
    let stem = endings.into_iter().find_map(|ending| file.strip_suffix(ending))?;
    let (name, version) = stem.rsplit_once('-')?;
    let numbers = version.starts_with(|c: char| c.is_ascii_digit());
    (numbers && version.contains('.') && !name.is_empty()).then_some((name, version))
}

/// Packages and their extras, as nodes: an extra brings in its package, and more. So what only an
/// extra needs is there only where that extra is asked for.
pub(super) struct Graph {
    /// The component of each node; the first are the packages themselves.
    owners: Vec<u32>,
    extras: HashMap<(u32, Box<str>), u32>,
    edges: Vec<(u32, u32)>,
    seeds: Vec<(u32, Scope)>,
}

impl Graph {
    /// The graph of a file whose components all stand in it already.
    pub(super) fn new(file: &FileInventory) -> Graph {
        let count = u32::try_from(file.components.len()).unwrap_or(u32::MAX);
        Graph {
            owners: (0..count).collect(),
            extras: HashMap::new(),
            edges: Vec::new(),
            seeds: Vec::new(),
        }
    }

    /// The node of an extra of a package.
    pub(super) fn extra(&mut self, component: u32, extra: &str) -> u32 {
        let wanted = (component, key(extra).into());
        if let Some(node) = self.extras.get(&wanted) {
            return *node;
        }
        let node = u32::try_from(self.owners.len()).unwrap_or(u32::MAX);
        self.owners.push(component);
        self.extras.insert(wanted, node);
        self.edges.push((node, component));
        node
    }

    /// `from` (a component's position, or the node of an extra) needs a component with extras.
    pub(super) fn needs<'x>(
        &mut self,
        from: u32,
        to: u32,
        extras: impl IntoIterator<Item = &'x str>,
    ) {
        self.edges.push((from, to));
        for extra in extras {
            let node = self.extra(to, extra);
            self.edges.push((from, node));
        }
    }

    /// The project needs a node, for this.
    pub(super) fn seed(&mut self, node: u32, scope: Scope) {
        self.seeds.push((node, scope));
    }

    /// Writes edges into the file, the scopes of what had none, and which are transitive. Without
    /// any seed, what nothing asks for must have been asked for by the project.
    pub(super) fn settle(mut self, file: &mut FileInventory) {
        if self.seeds.is_empty() {
            let mut asked = vec![false; file.components.len()];
            for (from, to) in &self.edges {
                let own = self.owners.get(*from as usize) == self.owners.get(*to as usize);
                if let Some(slot) = asked.get_mut(*to as usize).filter(|_| !own) {
                    *slot = true;
                }
            }
            for (i, component) in file.components.iter_mut().enumerate() {
                if !asked.get(i).copied().unwrap_or(true) {
                    if component.relation == Relation::Unknown {
                        component.relation = Relation::Direct;
                    }
                    self.seeds.push((u32::try_from(i).unwrap_or(u32::MAX), component.scope));
                }
            }
        }
        let reached = scopes::spread(self.owners.len(), &self.edges, &self.seeds);
        let mut strongest: Vec<Option<Scope>> = vec![None; file.components.len()];
        for (node, scope) in reached.iter().enumerate() {
            let owner = self.owners.get(node).map_or(usize::MAX, |o| *o as usize);
            if let (Some(slot), Some(_)) = (strongest.get_mut(owner), scope) {
                *slot = (*slot).max(*scope);
            }
        }
        for (component, scope) in file.components.iter_mut().zip(&strongest) {
            let Some(scope) = scope else { continue };
            if component.scope == Scope::Unknown {
                component.scope = *scope;
            }
            if component.relation == Relation::Unknown {
                component.relation = Relation::Transitive;
            }
        }
        for (from, to) in &self.edges {
            let alive = reached.get(*from as usize).is_some_and(Option::is_some)
                || (*from as usize) < file.components.len();
            let ends = (self.owners.get(*from as usize), self.owners.get(*to as usize));
            if let (true, (Some(from), Some(to))) = (alive, ends) {
                file.edge(*from, *to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_origins() {
        let git = |url: &str, commit: Option<&str>| Origin::Git {
            url: url.into(),
            commit: commit.map(Into::into),
        };
        assert_eq!(
            origin("git+https://user:secret@git.example/a/b.git@0123abc#egg=b[x]&subdirectory=c"),
            (git("https://git.example/a/b.git", Some("0123abc")), Some("b"))
        );
        assert_eq!(
            origin("git+ssh://git@git.example/a.git@main").0,
            git("ssh://git@git.example/a.git", None)
        );
        assert_eq!(
            origin("https://t@x.example/a.whl").0,
            Origin::Url("https://x.example/a.whl".into())
        );
        assert_eq!(origin("./a").0, Origin::Path("./a".into()));
        assert_eq!(origin("file:///a/b").0, Origin::Path("/a/b".into()));
    }

    #[test]
    fn archives_tell_name_and_version() {
        assert_eq!(archive_name("./d/numpy-1.9.2-cp34-none-win32.whl"), Some(("numpy", "1.9.2")));
        assert_eq!(archive_name("https://x.example/a-b-1.0.tar.gz#sha256=1"), Some(("a-b", "1.0")));
        assert_eq!(archive_name("https://x.example/archive/main.zip"), None);
        assert_eq!(archive_name("https://x.example/1.26.8.zip"), None);
        assert_eq!(archive_name("bad.whl"), None);
    }

    #[test]
    fn an_extra_is_needed_only_where_it_is_asked_for() {
        let mut file = FileInventory::default();
        for name in ["a", "b", "only-x"] {
            file.add(trimtab_model::Component::new(purl(name)));
        }
        let mut graph = Graph::new(&file);
        let x = graph.extra(1, "X");
        graph.needs(x, 2, []);
        graph.needs(0, 1, ["x"]);
        graph.seed(0, Scope::Development);
        graph.seed(1, Scope::Runtime);
        graph.settle(&mut file);
        let scopes: Vec<_> = file.components.iter().map(|c| c.scope).collect();
        assert_eq!(scopes, [Scope::Development, Scope::Runtime, Scope::Development]);
        file.settle();
        assert_eq!(file.edges, [(0, 1), (1, 2)]);
    }
}
