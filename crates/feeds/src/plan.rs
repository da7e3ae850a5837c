//! Where the feeds of an update come from: files and folders here, servers, or some of each.

use std::path::Path;

use trimtab_advisories::feed::{self, Sources};
use trimtab_connect::Url;
use trimtab_connect::feeds::{Mirrored, Source, Wanted};
use trimtab_model::{Code, Diagnostic, Family};

/// What people name, as they write it. Nothing named means the public feeds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// A folder or address in OSV's bulk layout.
    pub from: Option<String>,
    /// Malicious packages in the same layout.
    pub malicious: Option<String>,
    /// CISA's catalogue.
    pub kev: Option<String>,
    /// FIRST's scores.
    pub epss: Option<String>,
    /// Product lifecycles.
    pub lifecycle: Option<String>,
    /// Only these ecosystems.
    pub ecosystems: Vec<String>,
}

/// What an update reads.
#[derive(Debug, Default)]
pub struct Plan {
    /// Files here; after fetching, all of them.
    pub(crate) local: Sources,
    /// What servers have.
    pub(crate) remote: Wanted,
    /// Whether some of the files here are the user's own.
    pub(crate) has_own_files: bool,
    /// What is not there.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Plan {
    /// Whether a server is asked.
    pub fn is_remote(&self) -> bool {
        let w = &self.remote;
        w.osv.is_some()
            || [&w.malicious, &w.kev, &w.epss, &w.lifecycle].iter().any(|from| from.is_some())
    }

    /// Takes over what was fetched.
    pub(crate) fn add(&mut self, mirrored: &Mirrored) {
        let mut fetched = mirrored.clone();
        self.local.osv.append(&mut fetched.osv);
        self.local.malicious.append(&mut fetched.malicious);
        self.local.kev = self.local.kev.take().or(fetched.kev);
        self.local.epss = self.local.epss.take().or(fetched.epss);
        self.local.lifecycle = self.local.lifecycle.take().or(fetched.lifecycle);
    }
}

/// Reads what was named.
///
/// # Errors
/// A name is no ecosystem, no address, or nothing is there.
pub fn plan(named: &Named) -> Result<Plan, Diagnostic> {
    let mut plan = Plan::default();
    let ecosystems = ecosystems(&named.ecosystems)?;
    match named.from.as_deref() {
        None => plan.remote = Wanted::public(),
        Some(from) if Url::is_url(from) => plan.remote = Wanted::mirror(address(from)?),
        Some(from) => {
            let path = existing(from, "--from")?;
            plan.has_own_files = true;
            plan.local = Sources::beside(path);
            choose(&mut plan, &ecosystems, from)?;
        }
    }
    plan.remote.ecosystems = ecosystems;
    if let Some(given) = named.malicious.as_deref() {
        plan.remote.malicious = None;
        plan.local.malicious.clear();
        if Url::is_url(given) {
            plan.remote.malicious = Some(Source::Named(address(given)?));
        } else {
            plan.local.malicious = vec![existing(given, "--malicious")?.into()];
            plan.has_own_files = true;
        }
    }
    type Find = fn(&Path) -> Option<std::path::PathBuf>;
    let singles: [(&Option<String>, &str, Find, _, _); 3] = [
        (&named.kev, "--kev", feed::kev_in, &mut plan.local.kev, &mut plan.remote.kev),
        (&named.epss, "--epss", feed::epss_in, &mut plan.local.epss, &mut plan.remote.epss),
        (
            &named.lifecycle,
            "--lifecycle",
            feed::lifecycle_in,
            &mut plan.local.lifecycle,
            &mut plan.remote.lifecycle,
        ),
    ];
    for (given, option, find, local, remote) in singles {
        let Some(given) = given.as_deref() else { continue };
        (*local, *remote) = (None, None);
        if Url::is_url(given) {
            *remote = Some(Source::Named(address(given)?));
            continue;
        }
        let path = existing(given, option)?;
        plan.has_own_files = true;
        *local = if path.is_dir() { find(path) } else { Some(path.into()) };
        if local.is_none() {
            return Err(Diagnostic::new(
                Code::FeedUnavailable,
                format!("`{given}` has no file of this feed"),
            )
            .help(format!("name the file itself with {option}")));
        }
    }
    Ok(plan)
}

fn usage(text: String, help: &str) -> Diagnostic {
    Diagnostic::new(Code::Usage, text).help(help)
}

fn ecosystems(names: &[String]) -> Result<Vec<Family>, Diagnostic> {
    let mut families = Vec::new();
    for name in names {
        let family = Family::from_name(name).ok_or_else(|| {
            usage(
                format!("`{name}` is not a known ecosystem"),
                "use OSV's names: npm, PyPI, Maven, Go, crates.io, Debian, …",
            )
        })?;
        families.push(family);
    }
    families.sort();
    families.dedup();
    Ok(families)
}

/// Keeps the chosen ecosystems of folders in OSV's layout.
fn choose(plan: &mut Plan, chosen: &[Family], from: &str) -> Result<(), Diagnostic> {
    if chosen.is_empty() {
        return Ok(());
    }
    if let Some(file) = plan.local.osv.iter().find(|path| !path.is_dir()) {
        return Err(usage(
            format!("--ecosystems chooses folders, and `{}` is a file", file.display()),
            "leave it out, or name the folder above with --from",
        ));
    }
    let of = |folder: &Path| -> Vec<(Family, std::path::PathBuf)> {
        let paths = chosen.iter().map(|f| (*f, folder.join(f.osv_name())));
        paths.filter(|(_, path)| path.is_dir()).collect()
    };
    let found: Vec<_> = plan.local.osv.iter().flat_map(|folder| of(folder)).collect();
    for family in chosen.iter().filter(|family| !found.iter().any(|(f, _)| f == *family)) {
        plan.diagnostics.push(
            Diagnostic::new(
                Code::FeedUnavailable,
                format!("there are no advisories for {family} in `{from}`"),
            )
            .help("name another folder with --from, or leave it out of --ecosystems"),
        );
    }
    if found.is_empty() {
        return Err(plan.diagnostics.swap_remove(0));
    }
    plan.local.osv = found.into_iter().map(|(_, path)| path).collect();
    // Not every ecosystem has malicious packages on record.
    let malicious = plan.local.malicious.iter().flat_map(|folder| of(folder));
    plan.local.malicious = malicious.map(|(_, path)| path).collect();
    Ok(())
}

fn address(text: &str) -> Result<Url, Diagnostic> {
    text.parse().map_err(|e| {
        // Not the text: it may have a password in it.
        usage(format!("the address cannot be used: {e}"), "write it as https://HOST/FOLDER")
    })
}

fn existing<'p>(path: &'p str, option: &str) -> Result<&'p Path, Diagnostic> {
    let found = Path::new(path);
    if path.is_empty() || !found.exists() {
        return Err(Diagnostic::new(Code::FeedUnavailable, format!("`{path}` is not there"))
            .help(format!("name a folder, a file or an address with {option}")));
    }
    Ok(found)
}
