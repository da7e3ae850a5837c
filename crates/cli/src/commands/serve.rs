//! `trimtab serve`: the server, until it is told to stop.

use jiff::Timestamp;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use trimtab_model::{Code, Diagnostic};
use trimtab_server::{Settings, first_link, log, start};

use super::Outcome;
use crate::args::{Serve, StoreArgs};
use crate::exit::Exit;
use crate::index;
use crate::io::Io;

/// The file name of the store in the data folder.
const NAME: &str = "trimtab.sqlite";

/// Runs the verb.
///
/// # Errors
/// The store cannot be opened, or the address is taken.
pub fn run(args: &Serve, io: &mut Io) -> Outcome {
    log(args.log_json);
    let settings = Settings {
        store: address(&args.store, io)?,
        listen: args.listen.clone(),
        index: index::path(&args.index, io)?,
        public: args.public.clone().unwrap_or_else(|| format!("http://{}", args.listen)),
        largest_upload: args.largest_upload.saturating_mul(1 << 20),
        workers: args.workers,
    };
    let runtime = runtime()?;
    runtime.block_on(async {
        let refused = |text: String| {
            Diagnostic::new(Code::Usage, format!("the server does not start: {text}"))
                .help("check --store and --listen")
        };
        let running = start(settings, Timestamp::now).await.map_err(refused)?;
        let link = first_link(&running.app, &args.organisation).await;
        if let Some(link) = link.map_err(|e| refused(e.to_string()))? {
            io.out(&format!("Sign in once, within a day, as the first admin:\n    {link}\n"));
        }
        if running.app.index().is_none() {
            io.err("There is no advisory index yet: run `trimtab db update`, then start again.\n");
        }
        io.err(&format!("Listening on {}\n", running.address));
        stopped().await;
        io.err("Stopping: what was begun is finished\n");
        running.stop().await;
        Ok(Exit::Clean)
    })
}

/// The store that is named, or the default one.
///
/// # Errors
/// None is named and the system has no place for data.
pub fn address(args: &StoreArgs, io: &Io) -> Result<String, Diagnostic> {
    if let Some(store) = &args.store {
        return Ok(store.clone());
    }
    let none = || {
        Diagnostic::new(Code::Usage, "there is no folder for data on this system")
            .help("name the store with --store FILE or TRIMTAB_STORE")
    };
    let folder = io.data_folder.as_ref().ok_or_else(none)?;
    std::fs::create_dir_all(folder).map_err(|e| {
        Diagnostic::new(Code::Usage, format!("`{}` cannot be made: {e}", folder.display()))
            .help("name the store with --store FILE")
    })?;
    Ok(folder.join(NAME).to_string_lossy().into_owned())
}

/// A runtime for what waits on many things at once.
///
/// # Errors
/// The system gives no threads.
pub fn runtime() -> Result<Runtime, Diagnostic> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Diagnostic::new(Code::Usage, format!("no threads can be started: {e}")))
}

/// Until somebody says stop.
async fn stopped() {
    let (Ok(mut end), Ok(mut break_off)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = end.recv() => {}
        _ = break_off.recv() => {}
    }
}
