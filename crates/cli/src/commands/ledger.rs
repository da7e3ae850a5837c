//! `trimtab ledger`: reckon its seals again, or write it out.

use jiff::Timestamp;
use trimtab_model::{Code, Diagnostic};
use trimtab_store::{Store, StoreError};

use super::{Outcome, serve};
use crate::args::{Ledger, LedgerVerb, StoreArgs};
use crate::exit::Exit;
use crate::io::Io;

/// Runs the verb.
///
/// # Errors
/// The store cannot be opened or read.
pub fn run(args: &Ledger, io: &mut Io) -> Outcome {
    match &args.verb {
        LedgerVerb::Verify { store } => verify(store, io),
        LedgerVerb::Export { organisation, store } => export(organisation.as_deref(), store, io),
    }
}

fn refused(error: &StoreError) -> Diagnostic {
    Diagnostic::new(Code::Usage, format!("the store cannot be read: {error}")).help("check --store")
}

/// Opens a store that exists.
///
/// # Errors
/// There is none, or it cannot be opened.
pub async fn open(args: &StoreArgs, io: &Io) -> Result<Store, Diagnostic> {
    let address = serve::address(args, io)?;
    let is_file = !address.contains("://");
    if is_file && !std::path::Path::new(&address).exists() {
        let message = format!("there is no store at `{address}`");
        return Err(Diagnostic::new(Code::Usage, message).help("name it with --store"));
    }
    Store::open(&address, Timestamp::now()).await.map_err(|e| refused(&e))
}

fn verify(args: &StoreArgs, io: &mut Io) -> Outcome {
    serve::runtime()?.block_on(async {
        let store = open(args, io).await?;
        let mut exit = Exit::Clean;
        for organisation in store.organisations().await.map_err(|e| refused(&e))? {
            let (count, broken) =
                store.verify_ledger(organisation.org).await.map_err(|e| refused(&e))?;
            match broken {
                None => {
                    io.out(&format!("{}: {count} entries, the chain holds\n", organisation.name));
                }
                Some(at) => {
                    exit = Exit::Violated;
                    io.out(&format!(
                        "{}: the chain breaks at entry {}: {}\n",
                        organisation.name, at.seq, at.what
                    ));
                }
            }
        }
        Ok(exit)
    })
}

fn export(name: Option<&str>, args: &StoreArgs, io: &mut Io) -> Outcome {
    const BLOCK: usize = 5000;
    serve::runtime()?.block_on(async {
        let store = open(args, io).await?;
        let organisations = store.organisations().await.map_err(|e| refused(&e))?;
        let wanted: Vec<_> =
            organisations.iter().filter(|o| name.is_none_or(|n| o.name == n)).collect();
        if wanted.is_empty() {
            let message = format!("there is no organisation `{}`", name.unwrap_or("at all"));
            return Err(Diagnostic::new(Code::Usage, message).help("leave out --organisation"));
        }
        for organisation in wanted {
            let mut after = 0;
            loop {
                let entries =
                    store.ledger(organisation.org, after, BLOCK).await.map_err(|e| refused(&e))?;
                let Some(last) = entries.last() else { break };
                after = last.seq;
                let mut text = String::new();
                for e in &entries {
                    text += &e.line(&organisation.name);
                    text.push('\n');
                }
                io.out(&text);
            }
        }
        Ok(Exit::Clean)
    })
}
