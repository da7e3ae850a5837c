//! The licences of a large SPDX 3 document: elements of their own, stated by relationships, and put together of others.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use serde_json::{Map, Value, json};
use trimtab_extract::format::spdx_graph::{MAX_LICENCE, MAX_OWN_LICENCES};

use super::Refused;
use super::json::{Members, Wanted, weight};
use super::spdx3::{identity, is_relationship, last_word};

/// The most bytes of all licences together, and of all identifiers by which they are stated.
const LICENCES: usize = 64 << 20;
/// The most bytes of one element that are kept; the licence of a larger one is not known.
const ELEMENT: usize = 128 << 10;
/// The most packages and files of which a licence is stated, and the most licences.
const MOST_LICENSED: usize = 2_000_000;
/// The most members of one licence; the scanner's reader takes no more steps.
const MOST_OF_LICENCE: usize = 200;

const EXPRESSION: &str = "simplelicensing_licenseExpression";
const OWN: &str = "simplelicensing_customIdToUri";
const MEMBER: &str = "expandedlicensing_member";
const SUBJECT: &str = "expandedlicensing_subjectLicense";
const EXTENDABLE: &str = "expandedlicensing_subjectExtendableLicense";
/// What is kept of an element as it is.
const KEPT: [&str; 5] =
    [EXPRESSION, SUBJECT, EXTENDABLE, "expandedlicensing_subjectAddition", "name"];

/// What a walk finds of licences, and of what they are stated.
#[derive(Default)]
pub(super) struct Licences {
    elements: Vec<Element>,
    bytes: usize,
    /// The places of elements, by digests of their identifiers.
    at: HashMap<u64, usize>,
    /// Identifiers of licences that are stated, each once.
    named: Vec<Box<str>>,
    named_bytes: usize,
    position: HashMap<u64, usize>,
    /// By digest of what they are stated of, the positions of identifiers.
    declared: HashMap<u64, usize>,
    concluded: HashMap<u64, usize>,
    hasher: RandomState,
    /// Of the next element: the first end of a relationship, and the members of a licence.
    to: Option<String>,
    members: Vec<String>,
    member_bytes: usize,
}

/// A licence, or a part of one.
struct Element {
    /// What is read of it.
    text: Box<str>,
    /// Digests of the identifiers of what it is made of.
    made_of: Box<[u64]>,
}

impl Element {
    fn bytes(&self) -> usize {
        size_of::<Element>() + self.text.len() + size_of_val(&*self.made_of)
    }
}

impl Members for Licences {
    fn wants(&self, list: &str) -> bool {
        list == "@graph"
    }

    fn of_item(&self, member: &str) -> Wanted {
        match member {
            "type" | "@type" | "spdxId" | "@id" | "from" | "relationshipType" | OWN => {
                Wanted::Whole
            }
            "to" | MEMBER => Wanted::Texts,
            _ if KEPT.contains(&member) => Wanted::Whole,
            _ => Wanted::Not,
        }
    }

    fn text(&mut self, member: &str, text: &str) -> Result<(), Refused> {
        if member == "to" {
            self.to.get_or_insert_with(|| text.to_owned());
        } else if self.members.len() <= MOST_OF_LICENCE && self.member_bytes <= ELEMENT {
            // What is above the bound together is no licence that is read: the rest need not be held.
            self.member_bytes += text.len();
            self.members.push(text.to_owned());
        }
        Ok(())
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        let (to, members) = (self.to.take(), std::mem::take(&mut self.members));
        self.member_bytes = 0;
        let Some((id, kind)) = identity(&value) else { return Ok(()) };
        if is_relationship(kind) {
            let (Some(from), Some(to)) = (value["from"].as_str(), to) else { return Ok(()) };
            return self.stated(from, value["relationshipType"].as_str().unwrap_or_default(), &to);
        }
        if kind.contains("licensing") || kind.ends_with("License") {
            self.element(id, kind, &value, &members)?;
        }
        Ok(())
    }
}

impl Licences {
    /// Takes over a relationship, if it states a licence.
    fn stated(&mut self, from: &str, kind: &str, to: &str) -> Result<(), Refused> {
        let is_declared = kind == "hasDeclaredLicense";
        if !is_declared && kind != "hasConcludedLicense" {
            return Ok(());
        }
        let from = self.hasher.hash_one(from);
        let position = *self.position.entry(self.hasher.hash_one(to)).or_insert(self.named.len());
        if position == self.named.len() {
            self.named.push(to.into());
            self.named_bytes += to.len();
        }
        let of = if is_declared { &mut self.declared } else { &mut self.concluded };
        of.entry(from).or_insert(position);
        if of.len().max(self.named.len()) > MOST_LICENSED {
            let message = format!("licences are stated of more than {MOST_LICENSED} elements");
            return Err(Refused::Unreadable(message));
        }
        self.within(self.named_bytes)
    }

    /// Takes over an element; of several with one identifier the last counts.
    fn element(
        &mut self,
        id: &str,
        kind: &str,
        value: &Value,
        members: &[String],
    ) -> Result<(), Refused> {
        let (mut kept, made_of) = reduced(value, kind, members);
        kept.insert("type".to_owned(), kind.into());
        kept.insert("spdxId".to_owned(), id.into());
        let text = Value::Object(kept).to_string();
        let element = if text.len() <= ELEMENT {
            let made_of = made_of.into_iter().map(|id| self.hasher.hash_one(id)).collect();
            Element { text: text.into(), made_of }
        } else {
            Element { text: "{}".into(), made_of: Box::default() }
        };
        self.bytes += element.bytes();
        let at = *self.at.entry(self.hasher.hash_one(id)).or_insert(self.elements.len());
        match self.elements.get_mut(at) {
            Some(before) => self.bytes -= std::mem::replace(before, element).bytes(),
            None => self.elements.push(element),
        }
        self.within(self.bytes)
    }

    fn within(&self, bytes: usize) -> Result<(), Refused> {
        if bytes <= LICENCES {
            return Ok(());
        }
        Err(Refused::Unreadable(format!("its licences are above {LICENCES} bytes")))
    }

    /// The identifiers of licences that are stated of an element, by the relationship that states them.
    pub(super) fn of(&self, id: &str) -> impl Iterator<Item = (&'static str, &str)> {
        let id = self.hasher.hash_one(id);
        let maps =
            [("hasDeclaredLicense", &self.declared), ("hasConcludedLicense", &self.concluded)];
        maps.into_iter().filter_map(move |(kind, map)| {
            let licence = self.named.get(*map.get(&id)?)?;
            Some((kind, &**licence))
        })
    }

    /// Adds a licence to a block, with those that it is made of, unless it was added before.
    pub(super) fn add(&self, id: &str, block: &mut Added) {
        let root = self.hasher.hash_one(id);
        if !block.walked.insert(root) {
            return;
        }
        let mut waiting = VecDeque::from([root]);
        let mut seen: HashSet<usize> = HashSet::new();
        let mut bytes = 0;
        // Each step of the reader is one here, and one more for the licence that an expression names.
        for _ in 0..2 * MOST_OF_LICENCE {
            let Some(id) = waiting.pop_front() else { break };
            let Some((at, element)) =
                self.at.get(&id).and_then(|at| Some((*at, self.elements.get(*at)?)))
            else {
                continue;
            };
            if !seen.insert(at) {
                continue;
            }
            // One of which a part is missing is unknown: what is as long is no licence that anybody reads.
            bytes += element.text.len();
            if bytes > 2 * ELEMENT {
                break;
            }
            waiting.extend(&*element.made_of);
            if block.elements.insert(at)
                && let Ok(element) = serde_json::from_str::<Value>(&element.text)
            {
                block.weight += weight(&element);
                block.graph.push(element);
            }
        }
    }
}

/// What of the licences is in a block of packages.
#[derive(Default)]
pub(super) struct Added {
    /// Digests of licences that were added with all that they are made of.
    walked: HashSet<u64>,
    elements: HashSet<usize>,
    pub graph: Vec<Value>,
    /// Of the graph.
    pub weight: usize,
}

/// What the scanner's reader reads of an element, and the identifiers of what it is made of.
fn reduced<'d>(
    value: &'d Value,
    kind: &str,
    members: &'d [String],
) -> (Map<String, Value>, Vec<&'d str>) {
    let short = |member: &str| value[member].as_str().filter(|text| text.len() <= MAX_LICENCE);
    let texts =
        KEPT.iter().filter_map(|member| Some(((*member).to_owned(), short(member)?.into())));
    let mut kept: Map<String, Value> = texts.collect();
    if let Some(expression) = short(EXPRESSION) {
        // Only a name that is the whole expression is looked for.
        let own = value[OWN].as_array().into_iter().flatten().take(MAX_OWN_LICENCES);
        let mut own = own.filter(|entry| entry["key"].as_str() == Some(expression.trim()));
        let own = own.next().and_then(|entry| entry["value"].as_str());
        if let Some(own) = own {
            let entry = json!({ "key": expression.trim(), "value": own });
            kept.insert(OWN.to_owned(), json!([entry]));
        }
        return (kept, own.into_iter().collect());
    }
    let made_of = match last_word(kind) {
        "ConjunctiveLicenseSet" | "DisjunctiveLicenseSet" => {
            kept.insert(MEMBER.to_owned(), members.into());
            members.iter().map(String::as_str).collect()
        }
        "OrLaterOperator" => short(SUBJECT).into_iter().collect(),
        "WithAdditionOperator" => short(EXTENDABLE).into_iter().collect(),
        _ => Vec::new(),
    };
    (kept, made_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(elements: &[Value]) -> Licences {
        let mut licences = Licences::default();
        for element in elements {
            for member in ["to", MEMBER] {
                for text in element[member].as_array().into_iter().flatten() {
                    licences.text(member, text.as_str().unwrap()).unwrap();
                }
            }
            licences.item(element.clone()).unwrap();
        }
        licences
    }

    #[test]
    fn an_element_is_kept_within_bounds_and_without_what_is_not_read() {
        let many: Vec<String> = (0..10_000).map(|n| format!("urn:l:{n}")).collect();
        let licences = filled(&[
            json!({ "type": "expandedlicensing_ConjunctiveLicenseSet", "spdxId": "urn:many",
                MEMBER: many }),
            json!({ "type": "expandedlicensing_CustomLicense", "spdxId": "urn:l:0", "name": "Ours",
                "simplelicensing_licenseText": "x".repeat(ELEMENT) }),
            json!({ "type": "expandedlicensing_CustomLicense", "spdxId": "urn:l:0", "name": "Ours",
                "comment": "x".repeat(ELEMENT) }),
            json!({ "type": "expandedlicensing_CustomLicense", "spdxId": "x".repeat(ELEMENT) }),
        ]);
        assert_eq!(licences.elements.len(), 3);
        assert_eq!(licences.elements[0].made_of.len(), MOST_OF_LICENCE + 1);
        assert!(licences.bytes < 20_000, "{}", licences.bytes);
        assert_eq!(licences.bytes, licences.elements.iter().map(Element::bytes).sum::<usize>());
    }

    #[test]
    fn a_licence_is_added_once_to_a_block() {
        let licences = filled(&[
            json!({ "type": "expandedlicensing_ConjunctiveLicenseSet", "spdxId": "urn:set",
                MEMBER: ["urn:one", "urn:set", "https://spdx.org/licenses/MIT"] }),
            json!({ "type": "expandedlicensing_CustomLicense", "spdxId": "urn:one", "name": "Ours" }),
        ]);
        let mut block = Added::default();
        licences.add("urn:one", &mut block);
        licences.add("urn:set", &mut block);
        let weight = block.weight;
        licences.add("urn:set", &mut block);
        licences.add("urn:nobody", &mut block);
        assert_eq!((block.graph.len(), block.weight), (2, weight));
        assert_eq!(block.walked.len(), 3);
    }

    #[test]
    fn only_identifiers_of_licences_are_kept_and_within_bounds() {
        let relation = |n: usize, kind: &str| {
            json!({ "type": "Relationship", "spdxId": "r", "from": format!("urn:p:{n}"),
                "relationshipType": kind, "to": [format!("urn:p:{}", n + 1)] })
        };
        let mut all: Vec<Value> = (0..1000).map(|n| relation(n, "dependsOn")).collect();
        all.push(relation(0, "hasDeclaredLicense"));
        all.push(relation(0, "hasConcludedLicense"));
        let mut licences = filled(&all);
        assert_eq!(licences.named.iter().map(|id| &**id).collect::<Vec<_>>(), ["urn:p:1"]);
        assert_eq!((licences.named_bytes, licences.position.len()), (7, 1));
        licences.named_bytes = LICENCES;
        assert!(licences.stated("urn:p:1", "hasDeclaredLicense", "urn:p:1").is_ok());
        assert!(licences.stated("urn:p:1", "hasDeclaredLicense", "urn:other").is_err());
    }
}
