//! `trimtab demo`: the main job on a small sample organisation, with no network and nothing else
//! installed. The sample is part of the program; its index is built in a folder that goes away.

use std::path::{Path, PathBuf};

use trimtab_advisories::Sources;
use trimtab_advisories::index::{self, Index};
use trimtab_engine::repository;
use trimtab_model::evidence::Fact;
use trimtab_model::{Code, Diagnostic};
use trimtab_server::{Settings, demo};

use super::{Outcome, scan};
use crate::agreement;
use crate::args;
use crate::exit::Exit;
use crate::io::Io;
use crate::output::Output;
use crate::sample;

/// When the sample's findings were detected, for their deadlines.
const SEEN: &str = "2026-02-02T09:00:00Z";

/// Runs the verb.
///
/// # Errors
/// The temporary folder or the output cannot be written.
pub fn run(args: &args::Demo, io: &mut Io) -> Outcome {
    let output = Output::of(&args.output)?;
    let folder = Temporary::new()?;
    if args.serve {
        return serve(&folder.0, io);
    }
    sample::write_advisories(&folder.0).map_err(|e| unwritable(&folder.0, &e))?;
    let path = folder.0.join("demo.index");
    index::build(&Sources::beside(&folder.0), &path, &mut ()).map_err(|e| {
        Diagnostic::new(Code::Usage, format!("the sample's index cannot be built: {e}"))
    })?;
    let index = Index::open(&path).map_err(|e| e.diagnostic())?;
    let inventory = trimtab_extract::scan_files(&sample::services());
    let mut scan = scan::of_inventory(sample::NAME.to_owned(), inventory, &index)?;
    // As if everything had been detected on the day of the sample's scores.
    let seen = SEEN.parse().map_err(|_| Diagnostic::new(Code::Usage, "the sample has no day"))?;
    let agreement = sample::agreement().map_err(|p| agreement::told(p, io))?;
    let (weighing, _) = repository::weigh(
        &scan,
        &agreement,
        &|_| Some(Fact { value: seen, source: "the sample".into() }),
        seen,
    )?;
    scan.weighing = Some(weighing);
    let exit = scan::finish(&scan, &output, None, io)?;
    if output.shows_table() {
        io.err(
            "\nA sample: three services of a ferry company under their own charter, as if all had been\n\
             detected on 2026-02-02.\n\
             Next: trimtab db update, then trimtab scan PATH.\n",
        );
    }
    Ok(exit)
}

/// The seed of the year: the same for everybody, so that people can talk about what they see.
const SEED: u64 = 20_260_202;
/// Where it is served if nothing else is there.
const USUAL: &str = "127.0.0.1:8321";

/// Serves an organisation with a made year of history, until Ctrl-C or the system ends it.
fn serve(folder: &Path, io: &mut Io) -> Outcome {
    let told = |e: String| Diagnostic::new(Code::Usage, format!("the demo cannot be served: {e}"));
    let advisories = folder.join("advisories");
    sample::write_advisories(&advisories).map_err(|e| unwritable(folder, &e))?;
    let yesterday = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24);
    sample::date_catalogue(&advisories, yesterday.to_zoned(jiff::tz::TimeZone::UTC).date())
        .map_err(|e| unwritable(folder, &e))?;
    let path = folder.join("demo.index");
    index::build(&Sources::beside(&advisories), &path, &mut ()).map_err(|e| told(e.to_string()))?;
    let inventory = trimtab_extract::scan_files(&sample::services());
    let made = demo::Sample {
        organisation: sample::NAME.to_owned(),
        charter: sample::charter(),
        components: inventory.files.into_iter().flat_map(|f| f.components).collect(),
        advisories,
        folder: folder.to_owned(),
    };
    let listen = free().map_err(|e| told(e.to_string()))?;
    let settings = Settings {
        store: folder.join("demo.sqlite").display().to_string(),
        public: format!("http://{listen}"),
        listen,
        index: path,
        largest_upload: 64 << 20,
        workers: 2,
        keep_days: None,
        feeds: None,
        access: trimtab_server::Access::default(),
        notices: trimtab_server::Notices::default(),
    };
    let runtime = tokio::runtime::Runtime::new().map_err(|e| told(e.to_string()))?;
    runtime.block_on(async {
        let clock = jiff::Timestamp::now;
        let running = trimtab_server::start(settings, clock).await.map_err(told)?;
        io.err("Creating a year of history …\n");
        let filled = demo::fill(&running.app, &made, SEED, clock()).await.map_err(told)?;
        let link = demo::link(&running.app, filled.org, filled.person).await.map_err(told)?;
        io.out(&format!(
            "{}: {} systems, {} assets, {} snapshots, {} deployments in a year.\n\
             Open {link}\nThe link works once: enter any address and a password of at least 15 characters, and you have every role.\n\
             Ctrl-C ends the demo and deletes everything.\n",
            sample::NAME, filled.systems, filled.assets, filled.snapshots, filled.deployments
        ));
        super::serve::stopped().await;
        running.stop().await;
        Ok::<(), Diagnostic>(())
    })?;
    Ok(Exit::Clean)
}

/// The usual address or, if something is there, a free one.
fn free() -> std::io::Result<String> {
    let usual = std::net::TcpListener::bind(USUAL);
    let found = usual.or_else(|_| std::net::TcpListener::bind("127.0.0.1:0"))?;
    Ok(found.local_addr()?.to_string())
}

/// A folder that goes away with the value.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Result<Temporary, Diagnostic> {
        let base = std::env::temp_dir();
        // Others may hold a name already: the first that can be made is ours alone.
        for attempt in 0..1000 {
            let folder = base.join(format!("trimtab-demo-{}-{attempt}", std::process::id()));
            match std::fs::create_dir(&folder) {
                Ok(()) => return Ok(Temporary(folder)),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(unwritable(&base, &e)),
            }
        }
        Err(unwritable(&base, &std::io::Error::other("too many folders of this name")))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(Code::Usage, format!("`{}` cannot be written: {error}", path.display()))
        .help("set TMPDIR to a folder that you may write to")
}
