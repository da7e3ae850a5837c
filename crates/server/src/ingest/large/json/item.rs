//! One item of a list, of which what is not wanted is passed over.

use std::cell::Cell;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{ENTRY, Members, Refused, Wanted, ended};

/// An item, as [`Members`] want it.
pub(super) struct Item<'m> {
    pub members: &'m mut dyn Members,
    pub left: &'m Cell<u64>,
    pub refused: &'m Cell<Option<Refused>>,
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut kept = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            match self.members.of_item(&key) {
                Wanted::Whole => drop(kept.insert(key, map.next_value()?)),
                Wanted::Texts => {
                    let left = self.left.get();
                    let (members, refused) = (&mut *self.members, self.refused);
                    let member = &key;
                    map.next_value_seed(Texts { member, members, left: self.left, refused })?;
                    self.left.set(left);
                }
                Wanted::Not => {
                    let left = self.left.replace(u64::MAX);
                    map.next_value::<IgnoredAny>()?;
                    self.left.set(left);
                }
            }
        }
        Ok(kept.into())
    }
}

/// The texts of a member that holds one or several; what is no text is left out.
struct Texts<'m> {
    member: &'m str,
    members: &'m mut dyn Members,
    left: &'m Cell<u64>,
    refused: &'m Cell<Option<Refused>>,
}

impl<'de> DeserializeSeed<'de> for Texts<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        self.left.set(ENTRY);
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.members.text(self.member, text).map_err(|why| ended(self.refused, why))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(item) = seq.next_element::<Value>()? {
            if let Value::String(text) = item {
                let taken = self.members.text(self.member, &text);
                taken.map_err(|why| ended(self.refused, why))?;
            }
            self.left.set(ENTRY);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        loop {
            // A name is held as it is, however long; a value that nobody wants is not.
            self.left.set(ENTRY);
            if map.next_key::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
            self.left.set(u64::MAX);
            map.next_value::<IgnoredAny>()?;
        }
    }
}
