//! Whether the chain of a ledger holds: all of it, or a part that goes on where another ended.

use crate::db::{Sql, args};
use crate::error::Result;
use crate::ledger::{Break, START};
use crate::{Org, Store};

/// How many entries are read at once.
const BLOCK: usize = 5000;

/// How far a ledger was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The last entry that holds; 0: none.
    pub seq: i64,
    /// Its seal: a next part goes on from both.
    pub hash: String,
    /// How many entries there are, as the ledger's head says.
    pub entries: i64,
    /// Whether that was all of it.
    pub is_whole: bool,
    /// Where the chain breaks.
    pub broken: Option<Break>,
}

impl Store {
    /// Reckons every seal again. Returns how many entries there are, and where the chain breaks first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn verify_ledger(&self, org: Org) -> Result<(i64, Option<Break>)> {
        let all = self.verify_ledger_from(org, None, usize::MAX).await?;
        Ok((all.seq, all.broken))
    }

    /// Reckons seals again from an entry on that was found to hold, at most so many; `None`: from the beginning.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn verify_ledger_from(
        &self,
        org: Org,
        from: Option<(i64, &str)>,
        most: usize,
    ) -> Result<Verified> {
        let mut last = from.map_or((0, START.to_owned()), |(seq, hash)| (seq, hash.to_owned()));
        let mut is_whole = false;
        let mut broken = match from {
            Some((seq, hash)) if seq > 0 => self.has_changed(org, seq, hash).await?,
            _ => None,
        };
        let mut left = most;
        while broken.is_none() && !is_whole && left > 0 {
            let entries = self.ledger(org, last.0, left.min(BLOCK)).await?;
            left = left.saturating_sub(entries.len());
            for entry in &entries {
                if entry.seq != last.0.saturating_add(1) {
                    broken = Some(Break { seq: entry.seq, what: "an entry before it is missing" });
                    break;
                }
                if entry.seal(&last.1) != entry.hash {
                    broken = Some(Break { seq: entry.seq, what: "its seal does not fit" });
                    break;
                }
                last = (entry.seq, entry.hash.clone());
            }
            if !entries.is_empty() {
                continue;
            }
            let head = self.ledger_head(org).await?;
            is_whole = head == last;
            // What came while it was read is read as well.
            if !is_whole && self.ledger(org, last.0, 1).await?.is_empty() {
                let seq = last.0.saturating_add(1);
                broken = Some(Break { seq, what: "entries at the end are missing" });
            }
        }
        let head = self.ledger_head(org).await?;
        // A part may end where the ledger does.
        is_whole |= broken.is_none() && head == last;
        let entries = head.0;
        Ok(Verified { seq: last.0, hash: last.1, entries, is_whole, broken })
    }

    /// Where a ledger ends, as its head says.
    async fn ledger_head(&self, org: Org) -> Result<(i64, String)> {
        let sql = "SELECT seq, hash FROM ledger_head WHERE org = $1";
        let head = (&mut &self.db).first(sql, args![org.0]).await?;
        head.map_or(Ok((0, START.to_owned())), |row| Ok((row.int(0)?, row.text(1)?)))
    }

    /// Whether an entry is another one than was found to hold.
    async fn has_changed(&self, org: Org, seq: i64, hash: &str) -> Result<Option<Break>> {
        let entry = self.ledger(org, seq.saturating_sub(1), 1).await?;
        let what = match entry.first() {
            Some(entry) if entry.seq == seq && entry.hash == hash => return Ok(None),
            Some(entry) if entry.seq == seq => "it has another seal than when it was verified",
            _ => "it is missing, and was verified",
        };
        Ok(Some(Break { seq, what }))
    }
}
