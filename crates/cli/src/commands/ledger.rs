//! `trimtab ledger`: recompute its seals, or write it out, with the documents that its entries name.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use trimtab_model::{Code, Diagnostic};
use trimtab_store::{Org, Store, StoreError};

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
        LedgerVerb::Export { organisation, documents, store } => {
            export((organisation.as_deref(), documents.as_deref()), store, io)
        }
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
    if is_file && !Path::new(&address).exists() {
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

fn export((name, to): (Option<&str>, Option<&Path>), args: &StoreArgs, io: &mut Io) -> Outcome {
    const BLOCK: usize = 5000;
    serve::runtime()?.block_on(async {
        let store = open(args, io).await?;
        let organisations = store.organisations().await.map_err(|e| refused(&e))?;
        let wanted: Vec<_> =
            organisations.iter().filter(|o| name.is_none_or(|n| o.name == n)).collect();
        if wanted.is_empty() {
            let (message, help) = match name {
                Some(name) => {
                    (format!("there is no organisation `{name}`"), "leave out --organisation")
                }
                None => ("the store has no organisation".to_owned(), "check --store"),
            };
            return Err(Diagnostic::new(Code::Usage, message).help(help));
        }
        let mut documents = to.map(Documents::into_folder).transpose()?;
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
                if let Some(documents) = &mut documents {
                    for e in &entries {
                        documents.write(&store, organisation.org, &e.data).await?;
                    }
                }
            }
        }
        let missing = documents.map_or(0, |documents| documents.missing);
        if missing == 0 {
            return Ok(Exit::Clean);
        }
        let what = if missing == 1 { "document is" } else { "documents are" };
        io.err(&format!("{missing} {what} named by entries and no longer kept\n"));
        Ok(Exit::Incomplete)
    })
}

/// A folder with what entries name, each called by its SHA-256.
struct Documents {
    folder: PathBuf,
    seen: HashSet<String>,
    /// How many of them are not kept any longer.
    missing: usize,
}

impl Documents {
    /// # Errors
    /// The folder cannot be made.
    fn into_folder(folder: &Path) -> Result<Documents, Diagnostic> {
        std::fs::create_dir_all(folder).map_err(|e| unwritten(folder, &e))?;
        Ok(Documents { folder: folder.to_owned(), seen: HashSet::new(), missing: 0 })
    }

    /// Writes what an entry names: a document that was received, or the text of a charter.
    ///
    /// # Errors
    /// The store does not answer, or the folder cannot be written to.
    async fn write(&mut self, store: &Store, org: Org, data: &str) -> Result<(), Diagnostic> {
        let Ok(data) = serde_json::from_str::<serde_json::Value>(data) else { return Ok(()) };
        let charter = data["charter"].as_i64().filter(|_| data["what"] == "charter-proposed");
        let named = if charter.is_some() { &data["text"] } else { &data["document"] };
        let is_digest =
            |text: &&str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        // Whatever else is called so names no file.
        let Some(digest) = named.as_str().filter(is_digest) else { return Ok(()) };
        if !self.seen.insert(digest.to_owned()) {
            return Ok(());
        }
        let (to, part) = (self.folder.join(digest), self.folder.join(format!("{digest}.part")));
        if to.exists() {
            return Ok(());
        }
        let is_there = match charter {
            Some(id) => {
                let text = store.charter_text(org, id).await.map_err(|e| refused(&e))?;
                let is_it = |text: &String| {
                    Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect::<String>()
                        == digest
                };
                let text = text.filter(is_it);
                if let Some(text) = &text {
                    std::fs::write(&part, text).map_err(|e| unwritten(&part, &e))?;
                }
                text.is_some()
            }
            None => {
                let kept = store.document_to_file(org, digest, &part).await;
                kept.map_err(|e| refused(&e))?
            }
        };
        if is_there {
            // What was begun and not ended is no document.
            std::fs::rename(&part, &to).map_err(|e| unwritten(&to, &e))?;
        } else {
            self.missing += 1;
        }
        Ok(())
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> Diagnostic {
    let message = format!("`{}` cannot be written: {error}", path.display());
    Diagnostic::new(Code::Usage, message).help("name another folder with --documents")
}
