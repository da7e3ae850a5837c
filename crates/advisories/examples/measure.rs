//! Measures the index over a folder of feeds: `measure FOLDER [OUTPUT]`. What counts are ratios in
//! one run: building against merely unpacking and parsing the same JSON on as many threads.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use trimtab_advisories::{Affected, Index, Sources, build};
use trimtab_model::{Family, Version};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let mut args = env::args_os().skip(1);
    let folder = PathBuf::from(args.next().ok_or("measure FOLDER [OUTPUT]")?);
    let output =
        args.next().map_or_else(|| env::temp_dir().join("trimtab-measure.db"), PathBuf::from);
    let sources = Sources::beside(&folder);

    // `measure - INDEX` only reads.
    let rounds = if folder.as_os_str() == "-" { 0 } else { 2 };
    for _ in 0..rounds {
        let start = Instant::now();
        let (records, bytes) = parse_only(&sources)?;
        let plain = start.elapsed();
        let start = Instant::now();
        let report = build(&sources, &output, &mut ())?;
        let built = start.elapsed();
        println!(
            "unpack and parse {records} records, {bytes} bytes: {plain:.1?}; build: {built:.1?}, \
             {:.2} times as long, {} bytes",
            built.as_secs_f64() / plain.as_secs_f64(),
            report.bytes
        );
        println!("{:?}", trimtab_advisories::BuildReport { diagnostics: Vec::new(), ..report });
    }
    println!("peak memory: {}", peak());

    let start = Instant::now();
    let index = Index::open(&output)?;
    println!("open: {:.1?}", start.elapsed());
    println!("{:?}", index.info()?);
    let start = Instant::now();
    let index = Index::open(&output)?;
    println!("open again: {:.1?}", start.elapsed());
    cold(&Index::open(&output)?, &index)?;
    println!("peak memory after cold: {}", peak());
    warm(&index)?;
    let start = Instant::now();
    println!("verify: {:?} in {:.1?}", index.verify()?, start.elapsed());
    Ok(())
}

/// Unpacks and parses every record into a plain JSON value, on as many threads.
fn parse_only(sources: &Sources) -> Outcome<(usize, usize)> {
    let mut zips = Vec::new();
    for folder in sources.osv.iter().chain(&sources.malicious) {
        for entry in fs::read_dir(folder)? {
            let zip = entry?.path().join("all.zip");
            if zip.is_file() {
                zips.push(zip);
            }
        }
    }
    let mut units = Vec::new();
    for zip in &zips {
        let count = zip::ZipArchive::new(File::open(zip)?)?.len();
        units.extend((0..count).step_by(256).map(|start| (zip, start, count.min(start + 256))));
    }
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        let work = || -> Outcome<(usize, usize)> {
            let (mut records, mut bytes) = (0, 0);
            let mut open: Option<(&PathBuf, zip::ZipArchive<File>)> = None;
            let mut text = Vec::new();
            while let Some((zip, start, end)) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
                if open.as_ref().is_none_or(|(path, _)| path != zip) {
                    open = Some((zip, zip::ZipArchive::new(File::open(zip)?)?));
                }
                let Some((_, archive)) = &mut open else { continue };
                for i in *start..*end {
                    text.clear();
                    archive.by_index(i)?.read_to_end(&mut text)?;
                    black_box(serde_json::from_slice::<serde_json::Value>(&text)?);
                    records += 1;
                    bytes += text.len();
                }
            }
            Ok((records, bytes))
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut total = (0, 0);
        for worker in workers {
            let (records, bytes) = worker.join().map_err(|_| "a thread failed")??;
            total = (total.0 + records, total.1 + bytes);
        }
        Ok(total)
    })
}

/// A first look at about 1,100 packages, as a scan of one lockfile does.
fn cold(names_from: &Index, index: &Index) -> Outcome<()> {
    let names: Vec<(Family, String)> = names_from
        .packages()
        .step_by(170)
        .map(|package| package.map(|p| (p.family(), p.name().to_owned())))
        .take(300)
        .chain((0..800).map(|i| Ok((Family::CratesIo, format!("some-crate-{i}")))))
        .collect::<Result<_, _>>()?;
    let versions: Vec<Option<Version>> =
        names.iter().map(|(family, _)| Version::parse(family.scheme(), "1.2.3").ok()).collect();
    let start = Instant::now();
    let mut hits = 0;
    for ((family, name), version) in names.iter().zip(&versions) {
        let Some(package) = index.package(*family, name)? else { continue };
        for entry in package.entries() {
            let Some(version) = version else { continue };
            hits += usize::from(entry.verdict(version).affected == Affected::Yes);
        }
    }
    println!("cold: {} packages, {hits} hits in {:.1?}", names.len(), start.elapsed());
    Ok(())
}

/// Distinct components, half of them in the index, names normalised each time.
fn warm(index: &Index) -> Outcome<()> {
    let known = names(index)?;
    let mut components = Vec::new();
    for (i, (family, name)) in known.iter().enumerate() {
        let text = format!("{}.{}.{}", i % 7, i % 11, i % 5);
        components.push((*family, name.clone(), Version::parse(family.scheme(), &text).ok()));
        components.push((
            *family,
            format!("{name}-x"),
            Version::parse(family.scheme(), &text).ok(),
        ));
    }
    for round in 0..3 {
        let start = Instant::now();
        let (mut hits, mut verdicts) = (0, 0);
        for (family, name, version) in &components {
            let name = family.normalise(name);
            let Some(package) = index.package(*family, &name)? else { continue };
            let Some(version) = version else { continue };
            for entry in package.entries() {
                verdicts += 1;
                hits += usize::from(entry.verdict(version).affected == Affected::Yes);
            }
        }
        let took = start.elapsed();
        println!(
            "warm {round}: {} components, {verdicts} verdicts, {hits} hits in {took:.1?}: {:.0} a second",
            components.len(),
            components.len() as f64 / took.as_secs_f64()
        );
    }
    Ok(())
}

fn names(index: &Index) -> Outcome<Vec<(Family, String)>> {
    let mut all = Vec::new();
    for package in index.packages() {
        let package = package?;
        all.push((package.family(), package.name().to_owned()));
    }
    // Not in the order of the file.
    all.sort_by_key(|(family, name)| blake3::hash(format!("{family}{name}").as_bytes()).to_hex());
    Ok(all)
}

fn peak() -> String {
    let status = fs::read_to_string(Path::new("/proc/self/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.map_or("unknown".to_owned(), |line| line.trim_start_matches("VmHWM:").trim().to_owned())
}
