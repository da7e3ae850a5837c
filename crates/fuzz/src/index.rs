//! The index: bytes whose sums are right although the content is not. What a fuzzer changes is
//! sealed again, so that it reaches what lies behind the sums.

use std::fs;

use trimtab_advisories::{Index, IndexError, Sources};
use trimtab_model::{Family, Purl, Version};

use crate::{Target, seeds};

pub(crate) fn target() -> Target {
    Target::new("index", run, vec![whole()])
}

/// The index of our own cases.
fn whole() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder for a while can be made");
    let input = folder.path().join("all");
    fs::create_dir_all(&input).expect("it is ours");
    for (i, record) in seeds::advisories().iter().enumerate() {
        fs::write(input.join(format!("{i}.json")), record).expect("it is ours");
    }
    let target = folder.path().join("index");
    let sources = Sources { osv: vec![folder.path().to_path_buf()], ..Sources::default() };
    trimtab_advisories::build(&sources, &target, &mut ()).expect("our cases make an index");
    fs::read(target).expect("it was just written")
}

/// Opens the bytes as they are, and sealed again, and asks everything.
pub fn run(bytes: &[u8]) {
    if let Ok(index) = Index::open_bytes(bytes.to_vec()) {
        let _ = ask(&index);
    }
    let mut sealed = bytes.to_vec();
    Index::reseal(&mut sealed);
    if let Ok(index) = Index::open_bytes(sealed) {
        let _ = ask(&index);
        let _ = index.verify();
    }
}

fn ask(index: &Index) -> Result<(), IndexError> {
    let _ = (index.info(), index.families(), index.withdrawn());
    for package in index.packages().take(200) {
        let package = package?;
        let _ = index.package(package.family(), package.name())?;
        for entry in package.entries().take(50) {
            let _ = (entry.release(), entry.hint(), entry.kind(), entry.is_open());
            let _ = entry.fixed().take(50).count();
            let _ = entry.symbols().take(50).count();
            let _ = entry.platforms().take(50).count();
            let _ = entry.verdict_of_text("1.0.0");
            if let Ok(version) = Version::parse(package.family().scheme(), "1.0.0") {
                let _ = entry.verdict(&version);
                let _ = entry.fixes_above(&version).take(50).count();
            }
        }
    }
    for number in 0..index.advisory_count().min(200) {
        let advisory = index.advisory_at(number)?;
        let _ = index.advisory(advisory.id())?;
        let _ = (advisory.summary(), advisory.published(), advisory.modified(), advisory.label());
        let _ = advisory.severities().take(50).count() + advisory.references().take(50).count();
        let _ = advisory.aliases().take(50).count() + advisory.upstream().take(50).count();
    }
    for number in 0..index.group_count().min(200) {
        let _ = index.group(number)?;
    }
    let _ = (index.id("CVE-2026-7")?, index.kev("CVE-2026-7")?, index.epss("CVE-2026-7")?);
    let _ = index.lifecycle(&Purl::new("npm", None, "x"))?;
    let _ = index.package(Family::Npm, "nothing")?;
    Ok(())
}
