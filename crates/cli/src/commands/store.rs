//! `trimtab store`: back it up, take a backup back, carry it to another one; make another organisation in it.

use std::path::Path;

use jiff::Timestamp;
use trimtab_model::{Code, Diagnostic};
use trimtab_server::add_organisation;
use trimtab_store::{Carried, Store as Opened, StoreError};

use super::{Outcome, ledger, serve};
use crate::args::{Store, StoreVerb};
use crate::exit::Exit;
use crate::io::Io;

/// Runs the verb.
///
/// # Errors
/// A store cannot be opened, read or written; the backup is damaged; the target is not empty.
pub fn run(args: &Store, io: &mut Io) -> Outcome {
    serve::runtime()?.block_on(async {
        match &args.verb {
            StoreVerb::Backup { file, store } => {
                let store = ledger::open(store, io).await?;
                store.backup(file).await.map_err(|e| failed(&e, "name another file, or move the one that is there"))?;
                let size = std::fs::metadata(file).map_or(0, |about| about.len());
                io.out(&format!("{}: {size} bytes, a consistent backup\n", file.display()));
                // The backup is good all the same.
                if let Err(error) = store.note_backup(size, Timestamp::now()).await {
                    io.err(&format!("the store could not record that it was backed up: {error}\n"));
                }
                store.close().await;
                Ok(Exit::Clean)
            }
            StoreVerb::Restore { file, store } => {
                exists(file)?;
                let to = open(&serve::address(store, io)?).await?;
                let done = to.restore(file).await;
                to.close().await;
                let help = "the store is as empty as before; give a complete backup and an empty store";
                tell(&done.map_err(|e| failed(&e, help))?, io)
            }
            StoreVerb::Organisation { name, public, store } => {
                let store = ledger::open(store, io).await?;
                let made = add_organisation(&store, name, public, Timestamp::now()).await;
                store.close().await;
                let link = made.map_err(|e| failed(&e, "name another organisation"))?;
                io.out(&format!("Sign in once, within a day, as the first admin of {name}:\n    {link}\n"));
                Ok(Exit::Clean)
            }
            StoreVerb::Migrate { from, to } => {
                if !from.contains("://") {
                    exists(Path::new(from))?;
                }
                let (from, to) = (open(from).await?, open(to).await?);
                let done = from.copy_to(&to).await;
                from.close().await;
                to.close().await;
                let help = "the target is as empty as before, and the source is unchanged; give an empty target";
                tell(&done.map_err(|e| failed(&e, help))?, io)
            }
        }
    })
}

fn failed(error: &StoreError, help: &str) -> Diagnostic {
    Diagnostic::new(Code::Usage, error.to_string()).help(help)
}

fn exists(file: &Path) -> Result<(), Diagnostic> {
    if file.exists() {
        return Ok(());
    }
    let message = format!("`{}` does not exist", file.display());
    Err(Diagnostic::new(Code::Usage, message).help("give a file that exists"))
}

async fn open(address: &str) -> Result<Opened, Diagnostic> {
    let opened = Opened::open(address, Timestamp::now()).await;
    opened.map_err(|e| failed(&e, "check the address of the store"))
}

fn tell(carried: &Carried, io: &mut Io) -> Outcome {
    let rows: u64 = carried.sums.values().map(|sum| sum.rows).sum();
    let (tables, entries) = (carried.sums.len(), carried.entries);
    io.out(&format!(
        "{rows} rows of {tables} tables were copied and compared; {entries} entries of the ledger\n"
    ));
    match &carried.broken {
        None => Ok(Exit::Clean),
        Some(broken) => {
            io.out(&format!("the chain breaks as it did before: {broken}\n"));
            Ok(Exit::Violated)
        }
    }
}
