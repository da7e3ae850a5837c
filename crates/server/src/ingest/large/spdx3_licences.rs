//! The licences of a large SPDX 3 document: elements of their own, stated by relationships, and put together of others.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use serde_json::Value;

use super::Refused;
use super::json::Members;
use super::spdx3::{identity, relationship, texts};

/// The most bytes of all licences together.
const LICENCES: usize = 64 << 20;
/// The most packages and files of which a licence is stated.
const MOST_LICENSED: usize = 2_000_000;
/// The most elements of one licence; the scanner's reader takes no more steps.
const MOST_OF_LICENCE: usize = 200;

/// What a walk finds of licences, and of what they are stated.
#[derive(Default)]
pub(super) struct Licences {
    /// By identifier, as they are written.
    elements: HashMap<Box<str>, Box<str>>,
    bytes: usize,
    /// Identifiers of licences, each once.
    named: Vec<Box<str>>,
    position: HashMap<u64, u32>,
    /// By digest of what they are stated of, the positions of identifiers.
    declared: HashMap<u64, u32>,
    concluded: HashMap<u64, u32>,
    hasher: RandomState,
}

impl Members for Licences {
    fn wants(&self, list: &str) -> bool {
        list == "@graph"
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        let Some((id, kind)) = identity(&value) else { return Ok(()) };
        if let Some((from, kind, to)) = relationship(&value, kind) {
            let Some(to) = to.first() else { return Ok(()) };
            let (from, to) = (self.hasher.hash_one(from), self.position(to));
            match kind {
                "hasDeclaredLicense" => drop(self.declared.entry(from).or_insert(to)),
                "hasConcludedLicense" => drop(self.concluded.entry(from).or_insert(to)),
                _ => {}
            }
            if self.declared.len().max(self.concluded.len()) > MOST_LICENSED {
                let message = format!("licences are stated of more than {MOST_LICENSED} elements");
                return Err(Refused::Unreadable(message));
            }
        } else if kind.contains("licensing") || kind.ends_with("License") {
            let text = value.to_string();
            self.bytes += text.len();
            if self.bytes > LICENCES {
                let message = format!("its licences are above {LICENCES} bytes");
                return Err(Refused::Unreadable(message));
            }
            self.elements.insert(id.into(), text.into());
        }
        Ok(())
    }
}

impl Licences {
    fn position(&mut self, id: &str) -> u32 {
        let next = u32::try_from(self.named.len()).unwrap_or(u32::MAX);
        let position = *self.position.entry(self.hasher.hash_one(id)).or_insert(next);
        if position == next {
            self.named.push(id.into());
        }
        position
    }

    /// The identifiers of licences that are stated of an element, by the relationship that states them.
    pub(super) fn of(&self, id: &str) -> impl Iterator<Item = (&'static str, &str)> {
        let id = self.hasher.hash_one(id);
        let maps =
            [("hasDeclaredLicense", &self.declared), ("hasConcludedLicense", &self.concluded)];
        maps.into_iter().filter_map(move |(kind, map)| {
            let licence = self.named.get(*map.get(&id)? as usize)?;
            Some((kind, &**licence))
        })
    }

    /// Adds a licence, with those that it is made of, unless it was added before.
    pub(super) fn add<'l>(
        &'l self,
        id: &'l str,
        added: &mut HashSet<&'l str>,
        graph: &mut Vec<Value>,
    ) {
        let mut waiting: VecDeque<String> = VecDeque::from([id.to_owned()]);
        let mut seen: HashSet<String> = HashSet::new();
        while let Some(id) = waiting.pop_front() {
            let Some((id, text)) = self.elements.get_key_value(id.as_str()) else { continue };
            if seen.len() > MOST_OF_LICENCE || !seen.insert(id.to_string()) {
                continue;
            }
            let Ok(element) = serde_json::from_str::<Value>(text) else { continue };
            for member in [
                "expandedlicensing_member",
                "expandedlicensing_subjectLicense",
                "expandedlicensing_subjectExtendableLicense",
            ] {
                waiting.extend(texts(&element, member).take(MOST_OF_LICENCE).map(str::to_owned));
            }
            let own = element["simplelicensing_customIdToUri"].as_array();
            let own = own.into_iter().flatten().filter_map(|entry| entry["value"].as_str());
            waiting.extend(own.take(MOST_OF_LICENCE).map(str::to_owned));
            if added.insert(id) {
                graph.push(element);
            }
        }
    }
}
