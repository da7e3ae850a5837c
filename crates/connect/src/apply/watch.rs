//! Watching all that a program started, as the system's list of processes tells it: what it fills of
//! memory and takes of the processor together, and what outlives it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

/// The variable by which what a run started is known again, wherever it went.
pub(crate) const MARK: &str = "UPDATE_TEST_RUN";
/// Ticks of a second in the system's list, on every processor that we build for.
const TICKS: u64 = 100;
/// How often what is left is looked for, since it may start more.
const ROUNDS: usize = 50;

/// A process, as the list has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    parent: i32,
    group: i32,
    /// When it began: with its number, this is it and no later one.
    begun: u64,
    ticks: u64,
}

/// What is watched.
#[derive(Debug)]
pub(crate) struct Watch {
    first: i32,
    /// When the first began. `None`: it was not seen.
    begun: Option<u64>,
    mark: String,
    known: BTreeMap<i32, u64>,
    ticks: u64,
}

/// What was seen of all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Memory, in bytes.
    pub(crate) memory: u64,
    /// Time of processors. What ended and was not waited for by what lives is not in it.
    pub(crate) processor: Duration,
}

impl Watch {
    /// Of a program that was started with this mark in its environment.
    pub(crate) fn of(first: u32, mark: &str) -> Watch {
        let first = i32::try_from(first).unwrap_or_default();
        let begun = process(first).map(|process| process.begun);
        Watch { first, begun, mark: mark.to_owned(), known: BTreeMap::new(), ticks: 0 }
    }

    /// Looks once. Where memory seems above a limit, it is reckoned anew with what processes share
    /// counted once.
    pub(crate) fn look(&mut self, limit: u64) -> Seen {
        let all = processes();
        let own = self.own(&all);
        let ticks = own.iter().filter_map(|pid| all.get(pid)).map(|process| process.ticks).sum();
        self.ticks = self.ticks.max(ticks);
        let mut memory = own.iter().map(|pid| rough(*pid)).sum();
        if memory > limit {
            memory = own.iter().map(|pid| shared(*pid).unwrap_or_else(|| rough(*pid))).sum();
        }
        Seen { memory, processor: Duration::from_millis(self.ticks * 1000 / TICKS) }
    }

    /// Ends what is left of it; the number of processes that were.
    pub(crate) fn end(&mut self) -> usize {
        let mut ended = BTreeSet::new();
        for _ in 0..ROUNDS {
            let all = processes();
            let mut own = self.own(&all);
            own.extend(all.keys().filter(|pid| is_marked(**pid, &self.mark)));
            own.retain(|pid| *pid != self.first && alive(*pid));
            if own.is_empty() {
                break;
            }
            for pid in own {
                let Some(begun) = all.get(&pid).map(|process| process.begun) else { continue };
                // It may have ended since, and its number been given to another.
                if process(pid).is_some_and(|now| now.begun == begun) {
                    kill(pid);
                    ended.insert((pid, begun));
                }
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        ended.len()
    }

    /// The processes that are of it: the first, its group, and what they and all that were seen
    /// before have started. Once the first is gone, its number and its group may be those of another.
    fn own(&mut self, all: &BTreeMap<i32, Process>) -> BTreeSet<i32> {
        self.known.retain(|pid, begun| all.get(pid).is_some_and(|now| now.begun == *begun));
        let mut below: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for (pid, process) in all {
            below.entry(process.parent).or_default().push(*pid);
        }
        let mut next: Vec<i32> = self.known.keys().copied().collect();
        if all.get(&self.first).is_some_and(|first| Some(first.begun) == self.begun) {
            let group = all.iter().filter(|(_, process)| process.group == self.first);
            next.extend(group.map(|(pid, _)| *pid).chain([self.first]));
        }
        let mut own = BTreeSet::new();
        while let Some(pid) = next.pop() {
            if let Some(process) = all.get(&pid)
                && own.insert(pid)
            {
                self.known.insert(pid, process.begun);
                next.extend(below.get(&pid).into_iter().flatten());
            }
        }
        own
    }
}

/// All processes that are seen. Empty where the system has no such list.
fn processes() -> BTreeMap<i32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            Some((pid, process(pid)?))
        })
        .collect()
}

fn process(pid: i32) -> Option<Process> {
    read(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// A line of the list. The name in it may hold anything.
fn read(stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    Some(Process {
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        begun: number(19)?,
        ticks: (11..15).filter_map(number).sum(),
    })
}

/// What a process has for itself, in bytes; what it has in common with others counts for each.
fn rough(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    sum(&text, &["RssAnon:", "RssShmem:", "VmSwap:"]).unwrap_or(0)
}

/// The same with its share of what it has in common.
fn shared(pid: i32) -> Option<u64> {
    share(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?)
}

/// `None` on systems before Linux 5.3, which do not tell it of what is filled.
fn share(text: &str) -> Option<u64> {
    sum(text, &["Pss_Anon:"])?;
    sum(text, &["Pss_Anon:", "Pss_Shmem:", "SwapPss:"])
}

fn sum(text: &str, names: &[&str]) -> Option<u64> {
    let values = text.lines().filter_map(|line| {
        let rest = names.iter().find_map(|name| line.strip_prefix(name))?;
        rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    });
    values.reduce(u64::saturating_add).map(|kib| kib << 10)
}

fn is_marked(pid: i32, mark: &str) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    let mark = format!("{MARK}={mark}");
    environment.split(|byte| *byte == 0).any(|one| one == mark.as_bytes())
}

/// Whether it runs still; one that only waits to be counted does not.
fn alive(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

fn kill(pid: i32) {
    #[cfg(unix)]
    if let Some(pid) = rustix::process::Pid::from_raw(pid).filter(|pid| !pid.is_init()) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = pid;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_list_is_read_whatever_the_name_is() {
        let line = "7 (a ) 1 2) S 5 6 6 0 -1 4 1 2 3 4 10 20 30 40 20 0 1 0 99 1000 50\n";
        let expected = Process { parent: 5, group: 6, begun: 99, ticks: 100 };
        assert_eq!(read(line), Some(expected));
        assert_eq!(read("7 (a"), None);
    }

    #[test]
    fn memory_is_summed_of_what_is_named() {
        let text = "Name:\tx\nRssAnon:\t  10 kB\nRssFile:\t 5 kB\nRssShmem:\t 2 kB\n";
        assert_eq!(sum(text, &["RssAnon:", "RssShmem:"]), Some(12 << 10));
        assert_eq!(sum("", &["RssAnon:"]), None);
    }

    #[test]
    fn a_system_that_does_not_tell_shares_is_not_taken_for_one_that_fills_nothing() {
        let new = "Pss: 9 kB\nPss_Anon: 4 kB\nPss_File: 3 kB\nPss_Shmem: 2 kB\nSwapPss: 1 kB\n";
        assert_eq!(share(new), Some(7 << 10));
        assert_eq!(share("Rss: 9 kB\nPss: 9 kB\nSwapPss: 0 kB\n"), None);
    }

    #[test]
    fn what_left_its_parents_is_still_of_it() {
        let process = |parent, group, begun| Process { parent, group, begun, ticks: 1 };
        let mut watch = Watch { begun: Some(5), ..Watch::of(10, "m") };
        let all = [(10, process(1, 10, 5)), (11, process(10, 11, 6)), (12, process(11, 12, 7))];
        let other = [(20, process(1, 20, 1)), (21, process(20, 10, 8))];
        let all: BTreeMap<_, _> = all.into_iter().chain(other).collect();
        assert_eq!(watch.own(&all), [10, 11, 12, 21].into());
        // Its parents are gone, and a number was given to another.
        let all = [(12, process(1, 12, 7)), (11, process(1, 11, 9)), (20, process(1, 20, 1))];
        assert_eq!(watch.own(&all.into_iter().collect()), [12].into());
        // So was that of the first, which leads a group again.
        let again = [(10, process(1, 10, 50)), (30, process(10, 10, 51))];
        assert_eq!(watch.own(&all.into_iter().chain(again).collect()), [12].into());
    }
}
