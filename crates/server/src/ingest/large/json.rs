//! Goes through a large document in JSON, and gives only what is wanted of it, an entry at a time.

mod item;

use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{ENTRY, Refused};
use item::Item;

/// What is done with a member of an item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wanted {
    /// It is kept, and counts to the bytes of the item.
    Whole,
    /// It is one text or a list of them, which are given one by one before the item.
    Texts,
    /// It is passed over, whatever its length.
    Not,
}

/// About how many bytes a value takes in memory.
pub(super) fn weight(value: &Value) -> usize {
    let inside = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| 2 * size_of::<String>() + key.len() + weight(value))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    size_of::<Value>() + inside
}

/// What is done with the members of a document.
pub(super) trait Members {
    /// Whether the items of this list are wanted.
    fn wants(&self, list: &str) -> bool;
    /// Whether this member is wanted as it is.
    fn keeps(&self, _: &str) -> bool {
        false
    }
    /// One member as it is.
    fn member(&mut self, _: String, _: Value) {}
    /// The items of this list hold lists, and only of these the items are wanted: their name.
    fn inside(&self, _: &str) -> Option<&'static str> {
        None
    }
    /// The items of a list follow.
    fn list(&mut self, _: &str) {}
    /// What is done with a member of the items.
    fn of_item(&self, _: &str) -> Wanted {
        Wanted::Whole
    }
    /// One text of such a member of the next item.
    fn text(&mut self, _: &str, _: &str) -> Result<(), Refused> {
        Ok(())
    }
    /// One item of a list. A refusal ends the walk, and is what it comes to.
    fn item(&mut self, value: Value) -> Result<(), Refused>;
}

/// Goes through the members of a document.
pub(super) fn walk(path: &Path, members: &mut dyn Members) -> Result<(), Refused> {
    let file = File::open(path).map_err(|e| Refused::Internal(e.to_string()))?;
    let left = Cell::new(u64::MAX);
    let mut input = BufReader::new(Bounded { file, left: &left });
    // What some programs write first.
    let mut mark = [0u8; 3];
    let marked = input.read_exact(&mut mark).is_ok() && mark == *b"\xEF\xBB\xBF";
    let start: &[u8] = if marked { &[] } else { &mark };
    let mut from = serde_json::Deserializer::from_reader(start.chain(input));
    let refused = Cell::new(None);
    let top = Top { members, left: &left, refused: &refused };
    let walked = top.deserialize(&mut from).and_then(|()| from.end());
    match refused.take() {
        Some(refused) => Err(refused),
        None => walked.map_err(|e| Refused::Unreadable(e.to_string())),
    }
}

/// A file of which no entry may be too large.
struct Bounded<'l> {
    file: File,
    left: &'l Cell<u64>,
}

impl Read for Bounded<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(into)?;
        match self.left.get().checked_sub(read as u64) {
            Some(left) => self.left.set(left),
            None => return Err(std::io::Error::other(format!("an entry is above {ENTRY} bytes"))),
        }
        Ok(read)
    }
}

struct Top<'m> {
    members: &'m mut dyn Members,
    left: &'m Cell<u64>,
    refused: &'m Cell<Option<Refused>>,
}

impl<'de> DeserializeSeed<'de> for Top<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        loop {
            self.left.set(ENTRY);
            let Some(key) = map.next_key::<String>()? else { break };
            if self.members.wants(&key) {
                let inside = self.members.inside(&key);
                if inside.is_none() {
                    self.members.list(&key);
                }
                let (left, refused) = (self.left, self.refused);
                map.next_value_seed(Items { members: self.members, inside, left, refused })?;
            } else if self.members.keeps(&key) {
                self.left.set(ENTRY);
                self.members.member(key, map.next_value()?);
            } else {
                self.left.set(u64::MAX);
                map.next_value::<IgnoredAny>()?;
            }
        }
        self.left.set(u64::MAX);
        Ok(())
    }
}

/// The items of a list, or with `inside` those of a list in each of them.
struct Items<'m> {
    members: &'m mut dyn Members,
    inside: Option<&'static str>,
    left: &'m Cell<u64>,
    refused: &'m Cell<Option<Refused>>,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list")
    }

    // As some write a list without items.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if let Some(list) = self.inside {
            loop {
                let (left, refused) = (self.left, self.refused);
                let one = Inside { list, members: &mut *self.members, left, refused };
                if seq.next_element_seed(one)?.is_none() {
                    return Ok(());
                }
            }
        }
        loop {
            self.left.set(ENTRY);
            let (left, refused) = (self.left, self.refused);
            let one = Item { members: &mut *self.members, left, refused };
            let Some(item) = seq.next_element_seed(one)? else { return Ok(()) };
            self.members.item(item).map_err(|why| ended(refused, why))?;
        }
    }
}

/// Notes a refusal, and ends the walk.
fn ended<E: Error>(refused: &Cell<Option<Refused>>, why: Refused) -> E {
    refused.set(Some(why));
    E::custom("it is refused")
}

/// An object of which the items of one list are wanted.
struct Inside<'m> {
    list: &'static str,
    members: &'m mut dyn Members,
    left: &'m Cell<u64>,
    refused: &'m Cell<Option<Refused>>,
}

impl<'de> DeserializeSeed<'de> for Inside<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Inside<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        loop {
            self.left.set(ENTRY);
            let Some(key) = map.next_key::<String>()? else { return Ok(()) };
            if key == self.list {
                self.members.list(&key);
                let (left, refused) = (self.left, self.refused);
                let members = &mut *self.members;
                map.next_value_seed(Items { members, inside: None, left, refused })?;
            } else {
                self.left.set(u64::MAX);
                map.next_value::<IgnoredAny>()?;
            }
        }
    }
}
