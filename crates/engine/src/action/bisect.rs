//! Finds, with few runs, which actions of a batch break what passes without them, so that the rest
//! can continue.

use std::collections::HashMap;

/// What can be kept of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Actions that pass together, in their order. This very set was run (or is empty).
    pub kept: Vec<usize>,
    /// The smallest sets that were found to break: one action alone, or several that only break
    /// together. Of several, the last was dropped.
    pub breaking: Vec<Vec<usize>>,
    /// Actions that are neither kept nor shown to break anything: there were no runs left.
    pub untold: Vec<usize>,
    /// How many runs it took.
    pub runs: usize,
}

/// Why no more can be found out.
enum Stop<E> {
    /// No runs are left.
    Spent,
    Failed(E),
}

/// Asks what passes, remembers the answers, and counts.
struct Asking<'o, E> {
    passes: &'o mut dyn FnMut(&[usize]) -> Result<bool, E>,
    known: HashMap<Vec<usize>, bool>,
    runs: usize,
    most: usize,
    /// The largest set that passed.
    best: Vec<usize>,
}

impl<E> Asking<'_, E> {
    fn ask(&mut self, set: &[usize]) -> Result<bool, Stop<E>> {
        // Without any action nothing changes.
        if set.is_empty() {
            return Ok(true);
        }
        if let Some(known) = self.known.get(set) {
            return Ok(*known);
        }
        if self.runs >= self.most {
            return Err(Stop::Spent);
        }
        self.runs += 1;
        let passes = (self.passes)(set).map_err(Stop::Failed)?;
        self.known.insert(set.to_vec(), passes);
        if passes && set.len() > self.best.len() {
            self.best = set.to_vec();
        }
        Ok(passes)
    }

    /// A smallest set of `rest` that breaks with `base`, where all of both breaks. Bisection
    /// (QuickXplain): about k·log(n/k) runs for a set of k of n. `new`: `base` has grown since it
    /// was last tried.
    fn smallest(
        &mut self,
        base: &[usize],
        rest: &[usize],
        new: bool,
    ) -> Result<Vec<usize>, Stop<E>> {
        if new && !self.ask(&joined(base, &[]))? {
            return Ok(Vec::new());
        }
        if rest.len() <= 1 {
            return Ok(rest.to_vec());
        }
        let (left, right) = rest.split_at(rest.len() / 2);
        let of_right = self.smallest(&joined(base, left), right, !left.is_empty())?;
        let of_left = self.smallest(&joined(base, &of_right), left, !of_right.is_empty())?;
        Ok(joined(&of_left, &of_right))
    }
}

/// Finds which of `count` actions break, by asking which sets of them pass, with at most `most`
/// runs. The earlier an action is in the order, the more it is worth: of several that break only
/// together, the last is dropped.
///
/// It is assumed that what breaks goes on breaking with more actions. If that is wrong, the kept
/// set passes all the same, because it was run itself, and more might be kept.
///
/// # Errors
/// What the asking says.
pub fn bisect<E>(
    count: usize,
    most: usize,
    passes: &mut dyn FnMut(&[usize]) -> Result<bool, E>,
) -> Result<Kept, E> {
    let known = HashMap::new();
    let mut asking = Asking { passes, known, runs: 0, most, best: Vec::new() };
    let mut left: Vec<usize> = (0..count).collect();
    let mut breaking: Vec<Vec<usize>> = Vec::new();
    let mut dropped: Vec<usize> = Vec::new();
    let ended = search(&mut asking, &mut left, &mut breaking, &mut dropped);
    if let Err(Stop::Failed(e)) = ended {
        return Err(e);
    }
    let spent = ended.is_err();
    let kept = if spent { asking.best.clone() } else { left };
    let told: Vec<usize> = breaking.iter().filter_map(|set| set.last().copied()).collect();
    let untold = (0..count).filter(|at| !kept.contains(at) && !told.contains(at)).collect();
    breaking.sort();
    Ok(Kept { kept, breaking, untold, runs: asking.runs })
}

fn search<E>(
    asking: &mut Asking<'_, E>,
    left: &mut Vec<usize>,
    breaking: &mut Vec<Vec<usize>>,
    dropped: &mut Vec<usize>,
) -> Result<(), Stop<E>> {
    while !asking.ask(left)? {
        let set = asking.smallest(&[], left, false)?;
        // An answer that contradicts the others leaves no set: the last goes, so that this ends.
        let last = set.last().or(left.last()).copied();
        if set.len() > 1 {
            dropped.extend(last);
        }
        left.retain(|at| Some(*at) != last);
        breaking.push(if set.is_empty() { last.into_iter().collect() } else { set });
    }
    // What was dropped for the sake of one that went later may come back.
    dropped.sort_unstable();
    for at in dropped.iter() {
        let with = joined(left, &[*at]);
        if asking.ask(&with)? {
            *left = with;
            breaking.retain(|set| set.last() != Some(at));
        }
    }
    Ok(())
}

/// Both, in order.
fn joined(a: &[usize], b: &[usize]) -> Vec<usize> {
    let mut all = [a, b].concat();
    all.sort_unstable();
    all.dedup();
    all
}
