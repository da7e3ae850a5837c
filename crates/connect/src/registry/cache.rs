//! Kept answers: one JSON file per configuration of the client and purl. A file that cannot be read,
//! or is of another shape, is as good as none.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use trimtab_model::metadata::{Requirement, Standing};
use trimtab_model::{Licence, Metadata, Purl};

use super::{Client, home, small_file};

/// The shape of the files. Another one is asked for again.
const SHAPE: u32 = 1;

/// The file of a purl: named by what configures the client and by the purl, so that an answer of one
/// registry never stands for another's.
pub(super) fn place(folder: &Path, client: &Client, purl: &Purl) -> PathBuf {
    let mut sum = Sha256::new();
    let mut add = |text: &OsStr| {
        sum.update(text.len().to_le_bytes());
        sum.update(text.as_encoded_bytes());
    };
    let mut variables: Vec<_> = std::env::vars_os()
        .filter(|(name, _)| {
            name.to_str().is_some_and(|name| client.variables.iter().any(|v| name.starts_with(v)))
        })
        .collect();
    variables.sort();
    for (name, value) in &variables {
        add(name);
        add(value);
    }
    for file in client.files {
        if let Some(bytes) = home().and_then(|home| small_file(&home.join(file))) {
            add(OsStr::new(file));
            add(OsStr::new(&hex(&Sha256::digest(bytes))));
        }
    }
    add(OsStr::new(&purl.to_string()));
    let name = hex(&sum.finalize());
    folder.join(client.purl_type).join(name).with_extension("json")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[derive(Serialize, Deserialize)]
struct Kept {
    shape: u32,
    purl: String,
    source: String,
    asked: String,
    licence: Option<String>,
    published: Option<String>,
    #[serde(default)]
    published_by: Option<String>,
    #[serde(default)]
    newest: Option<bool>,
    last_release: Option<String>,
    standing: Option<KeptStanding>,
    archived: Option<bool>,
    repository: Option<String>,
    #[serde(default)]
    changelog: Option<String>,
    maintainers: Option<u32>,
    install_scripts: Option<bool>,
    registry: Option<String>,
    dependencies: Option<Vec<(String, String)>>,
    versions: Option<u32>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KeptStanding {
    Offered,
    Deprecated(String),
    Yanked(String),
}

/// Reads a kept answer about a purl.
pub(super) fn read(place: &Path, purl: &Purl) -> Option<Metadata> {
    let kept: Kept = serde_json::from_slice(&small_file(place)?).ok()?;
    let told: Purl = kept.purl.parse().ok()?;
    if kept.shape != SHAPE || told.package() != purl.package() {
        return None;
    }
    let text = |text: Option<String>| text.map(String::into_boxed_str);
    let time = |text: Option<String>| text.and_then(|t| t.parse::<Timestamp>().ok());
    let dependencies = kept.dependencies.map(|all| {
        let read = |(package, versions): (String, String)| {
            Some(Requirement { package: package.parse().ok()?, versions: versions.into() })
        };
        all.into_iter().map(read).collect::<Option<Vec<_>>>()
    });
    Some(Metadata {
        purl: told,
        source: kept.source.into(),
        asked: kept.asked.parse().ok()?,
        licence: kept.licence.map(|l| Licence::read(&l)),
        published: time(kept.published),
        published_by: time(kept.published_by),
        newest: kept.newest,
        last_release: time(kept.last_release),
        standing: kept.standing.map(|s| match s {
            KeptStanding::Offered => Standing::Offered,
            KeptStanding::Deprecated(why) => Standing::Deprecated(why.into()),
            KeptStanding::Yanked(why) => Standing::Yanked(why.into()),
        }),
        archived: kept.archived,
        repository: text(kept.repository),
        changelog: text(kept.changelog),
        maintainers: kept.maintainers,
        install_scripts: kept.install_scripts,
        registry: text(kept.registry),
        dependencies: dependencies.flatten(),
        versions: kept.versions,
    })
}

/// Keeps an answer: written aside and renamed, so that no reader sees half of it.
pub(super) fn write(place: &Path, metadata: &Metadata) -> io::Result<()> {
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    let kept = Kept {
        shape: SHAPE,
        purl: metadata.purl.to_string(),
        source: metadata.source.clone().into(),
        asked: metadata.asked.to_string(),
        licence: metadata.licence.as_ref().map(|l| l.as_str().to_owned()),
        published: metadata.published.map(|t| t.to_string()),
        published_by: metadata.published_by.map(|t| t.to_string()),
        newest: metadata.newest,
        last_release: metadata.last_release.map(|t| t.to_string()),
        standing: metadata.standing.as_ref().map(|s| match s {
            Standing::Offered => KeptStanding::Offered,
            Standing::Deprecated(why) => KeptStanding::Deprecated(why.clone().into()),
            Standing::Yanked(why) => KeptStanding::Yanked(why.clone().into()),
        }),
        archived: metadata.archived,
        repository: text(&metadata.repository),
        changelog: text(&metadata.changelog),
        maintainers: metadata.maintainers,
        install_scripts: metadata.install_scripts,
        registry: text(&metadata.registry),
        dependencies: metadata.dependencies.as_ref().map(|all| {
            all.iter().map(|r| (r.package.to_string(), r.versions.clone().into())).collect()
        }),
        versions: metadata.versions,
    };
    let folder = place.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut aside, &kept)?;
    aside.persist(place).map_err(|e| e.error)?;
    Ok(())
}
