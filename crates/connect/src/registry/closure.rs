//! What a package would bring, all the way down, as the resolver of its own ecosystem chooses: run
//! in an empty folder, with the user's configuration, so that no code of any package runs. The
//! lockfile that it writes is passed on as it is; reading it is the extractors' part.

use std::fs;
use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trimtab_model::metadata::Brought;
use trimtab_model::{Diagnostic, Licence, Purl};

use super::run::Runner;
use super::{
    Options, Question, cache, offline, question, small_file, told, unavailable as diagnostic,
};

/// What a resolver chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// Who chose, in words (`npm install --package-lock-only`).
    pub source: Box<str>,
    /// When.
    pub asked: Timestamp,
    /// The lockfiles that it wrote: name and text.
    pub lockfiles: Vec<(Box<str>, Box<str>)>,
    /// What it told of packages beside that. Without lockfiles, these are all, the package itself
    /// included.
    pub packages: Vec<Brought>,
}

/// What came of asking a resolver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// What it chose. `None`: unknown, and a diagnostic says why.
    pub closure: Option<Closure>,
    /// Whether it was kept from an earlier time.
    pub kept: bool,
    /// What went wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl Question<'_> {
    /// What a resolver chose now.
    pub(super) fn closure(&self, source: &str) -> Closure {
        Closure {
            source: source.into(),
            asked: self.now,
            lockfiles: Vec::new(),
            packages: Vec::new(),
        }
    }
}

/// Asks what a package at a version would bring.
pub fn closure(purl: &Purl, options: &Options) -> Resolved {
    let unavailable = |(why, help): (String, String)| {
        let message = format!("what {purl} would bring in is unknown: {why}");
        Resolved { closure: None, kept: false, diagnostics: vec![diagnostic(&message, help)] }
    };
    let Some(version) = purl.version() else {
        return unavailable((
            "it has no version".to_owned(),
            "name one, as `pkg:npm/left-pad@1.3.0`".to_owned(),
        ));
    };
    let (client, question) = match question(purl, options) {
        Ok(both) => both,
        Err(why) => return unavailable(why),
    };
    let place =
        options.cache.as_deref().map(|folder| cache::place(&folder.join("closure"), client, purl));
    if let Some(closure) = place.as_deref().and_then(|place| read(place, purl)) {
        let age = options.now.duration_since(closure.asked);
        if options.offline || (age >= SignedDuration::ZERO && age <= options.longest_kept) {
            return Resolved { closure: Some(closure), kept: true, diagnostics: Vec::new() };
        }
    }
    if options.offline {
        return unavailable(offline());
    }
    let options = Options { time_limit: options.resolve_limit, ..options.clone() };
    let answer = Runner::new(client.program, &options)
        .and_then(|runner| (client.resolve)(&question, version, &runner));
    let closure = match answer {
        Ok(closure) => closure,
        Err(failure) => return unavailable(told(client, &failure, &options)),
    };
    let kept = place.as_deref().map_or(Ok(()), |place| write(place, purl, &closure));
    let diagnostics = kept.err().map(|e| {
        let message = format!("could not cache what {purl} would bring in: {e}");
        diagnostic(&message, "make the cache folder writable")
    });
    Resolved { closure: Some(closure), kept: false, diagnostics: diagnostics.into_iter().collect() }
}

/// The shape of kept files. Another one is asked for again.
const SHAPE: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Kept {
    shape: u32,
    purl: String,
    source: String,
    asked: String,
    lockfiles: Vec<(String, String)>,
    packages: Vec<KeptPackage>,
}

#[derive(Serialize, Deserialize)]
struct KeptPackage {
    purl: String,
    licence: Option<String>,
    install_scripts: Option<bool>,
}

fn read(place: &Path, purl: &Purl) -> Option<Closure> {
    let kept: Kept = serde_json::from_slice(&small_file(place)?).ok()?;
    if kept.shape != SHAPE || kept.purl.parse::<Purl>().ok()? != *purl {
        return None;
    }
    let package = |p: KeptPackage| {
        Some(Brought {
            purl: p.purl.parse().ok()?,
            licence: p.licence.as_deref().map(Licence::read),
            install_scripts: p.install_scripts,
        })
    };
    Some(Closure {
        source: kept.source.into(),
        asked: kept.asked.parse().ok()?,
        lockfiles: kept.lockfiles.into_iter().map(|(n, t)| (n.into(), t.into())).collect(),
        packages: kept.packages.into_iter().map(package).collect::<Option<_>>()?,
    })
}

fn write(place: &Path, purl: &Purl, closure: &Closure) -> io::Result<()> {
    let package = |p: &Brought| KeptPackage {
        purl: p.purl.to_string(),
        licence: p.licence.as_ref().map(|l| l.as_str().to_owned()),
        install_scripts: p.install_scripts,
    };
    let kept = Kept {
        shape: SHAPE,
        purl: purl.to_string(),
        source: closure.source.to_string(),
        asked: closure.asked.to_string(),
        lockfiles: closure.lockfiles.iter().map(|(n, t)| (n.to_string(), t.to_string())).collect(),
        packages: closure.packages.iter().map(package).collect(),
    };
    let folder = place.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&mut aside, &kept)?;
    aside.persist(place).map_err(|e| e.error)?;
    Ok(())
}
