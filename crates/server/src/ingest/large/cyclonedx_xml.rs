//! Large CycloneDX documents in XML, read as those in JSON: links first, then components by blocks.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use trimtab_extract::read::xml_parts::{Parts, Tag, walk};

use super::cyclonedx::Listing;
use super::{Distinct, ENTRY, MOST_LINKS, Refused, WAITING, internal};

/// Reads a document by blocks of components.
pub(super) fn in_blocks(path: &Path, block: usize) -> Result<Distinct, Refused> {
    let mut links = Links::default();
    walk(File::open(path).map_err(internal)?, ENTRY, &mut links)?;
    let mut components = Components {
        tag: links.tag,
        product: links.product,
        block,
        lists: 0,
        waiting: String::new(),
        count: 0,
        listing: Listing::new(links.hasher.clone())?,
    };
    walk(File::open(path).map_err(internal)?, ENTRY, &mut components)?;
    components.flush()?;
    components.listing.finish(&links.links)
}

/// The first walk: what the document is about, and which entry needs which, by digests of their identifiers.
#[derive(Default)]
struct Links {
    /// The start tag of the document's element, which names the version.
    tag: String,
    metadata: usize,
    product: String,
    /// The identifiers of the open dependencies, each inside the one before. `None`: it has none, or stands in one
    /// that has none.
    open: Vec<Option<u64>>,
    links: Vec<(u64, u64)>,
    hasher: RandomState,
}

impl Parts<Refused> for Links {
    fn begins(&mut self, path: &str, tag: &Tag<'_>) -> Result<bool, Refused> {
        match path {
            "bom" => self.tag = tag.as_written().to_owned(),
            "bom/metadata" => self.metadata += 1,
            "bom/metadata/component" => {
                return Ok(self.metadata == 1 && self.product.is_empty());
            }
            _ => {
                let inside = path.strip_prefix("bom/dependencies/").unwrap_or_default();
                if inside.split('/').all(|name| name == "dependency") {
                    self.dependency(inside.split('/').count(), tag);
                }
            }
        }
        if self.links.len() > MOST_LINKS {
            return Err(Refused::Unreadable(format!("it has more than {MOST_LINKS} links")));
        }
        Ok(false)
    }

    fn part(&mut self, _: &str, text: &str) -> Result<(), Refused> {
        text.clone_into(&mut self.product);
        Ok(())
    }
}

impl Links {
    /// A dependency begins that stands so deep in others.
    fn dependency(&mut self, depth: usize, tag: &Tag<'_>) {
        self.open.truncate(depth - 1);
        let id = tag.attribute("ref").map(|id| self.hasher.hash_one(id.as_str()));
        let above = self.open.last().copied();
        if let (Some(Some(from)), Some(to)) = (above, id) {
            self.links.push((from, to));
        }
        self.open.push(id.filter(|_| above != Some(None)));
    }
}

/// The second walk: the components.
struct Components {
    tag: String,
    product: String,
    block: usize,
    /// Lists of components so far, of which the first counts.
    lists: usize,
    waiting: String,
    /// Components that wait.
    count: usize,
    listing: Listing,
}

impl Parts<Refused> for Components {
    fn begins(&mut self, path: &str, _: &Tag<'_>) -> Result<bool, Refused> {
        self.lists += usize::from(path == "bom/components");
        Ok(path == "bom/components/component" && self.lists == 1)
    }

    fn part(&mut self, _: &str, text: &str) -> Result<(), Refused> {
        self.waiting.push_str(text);
        self.count += 1;
        let is_full = self.count >= self.block || self.waiting.len() >= WAITING;
        if is_full { self.flush() } else { Ok(()) }
    }
}

impl Components {
    /// Has the waiting components read as a document of their own.
    fn flush(&mut self) -> Result<(), Refused> {
        let (tag, product) = (&self.tag, &self.product);
        let name = tag.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
        let components = std::mem::take(&mut self.waiting);
        self.count = 0;
        self.listing.read(|out| {
            write!(
                out,
                "<{tag}><metadata>{product}</metadata><components>{components}</components></{name}>"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::large::Form;
    use crate::ingest::large::tests::{below, same};

    #[test]
    fn a_document_in_blocks_says_what_the_whole_says() {
        let mut below = below(5);
        let mut read = 0;
        for round in 0..200 {
            let count = 1 + below(9);
            let mut list = String::new();
            for n in 0..count {
                let p = if below(4) == 0 { below(count) } else { n };
                let purl = format!("<purl>pkg:npm/p{p}@1.0.0</purl>");
                let id = format!("bom-ref='r&#x{:x};'", 48 + n);
                let (id, inner) = match below(7) {
                    0 => (id, "<scope>optional</scope>".to_owned() + &purl),
                    1 => (String::new(), purl),
                    2 => (id, String::new()),
                    3 => (
                        id,
                        format!(
                            "{purl}<components><component bom-ref='inner{n}'><name>inner</name>\
                             <purl>pkg:pypi/inner@{}</purl></component></components>",
                            below(3)
                        ),
                    ),
                    4 => (
                        id,
                        format!(
                            "<licenses><license><id>MIT</id></license></licenses>{purl}\
                             <externalReferences><reference type='distribution'><url>file:a</url>\
                             </reference></externalReferences>"
                        ),
                    ),
                    _ => (id, purl),
                };
                list += &format!(
                    "<component type='library' {id}><name>p{p} &amp; <![CDATA[<more>]]></name>\
                     <version>1.0.0</version>{inner}</component><!-- {n} -->\n"
                );
            }
            let mut links = String::new();
            for _ in 0..below(8) {
                let mut one = || match below(9) {
                    0 => String::new(),
                    1 => format!("ref='inner{}'", below(count)),
                    2 => "ref='app'".to_owned(),
                    3 => "ref='nobody'".to_owned(),
                    _ => format!("ref='r{}'", below(count)),
                };
                let (a, b, c, d) = (one(), one(), one(), one());
                links += &format!(
                    "<dependency {a}><dependency {b}><dependency {c}/></dependency><dependency {d}/>\
                     </dependency><other><dependency {d}><dependency {a}/></dependency></other>"
                );
            }
            let app = "<component type='application' bom-ref='app'><name>app</name>\
                       <purl>pkg:npm/app@1.0.0</purl>";
            let metadata = match round % 4 {
                0 => String::new(),
                1 => format!(
                    "<metadata>{app}<properties><property name='trimtab:root'>folder</property>\
                     </properties></component></metadata>"
                ),
                2 => {
                    list += &format!("{app}</component>");
                    format!("<metadata><tools><components/></tools>{app}</component></metadata>")
                }
                _ => format!("<metadata/><metadata>{app}</component></metadata>"),
            };
            let more = if round % 5 == 0 {
                "<components><component><name>not read</name></component></components>"
            } else {
                ""
            };
            let prefix = if round % 3 == 0 { "c:" } else { "" };
            let xmlns = if round % 3 == 0 { "xmlns:c" } else { "xmlns" };
            let document = format!(
                "<?xml version='1.0'?>\n<{prefix}bom {xmlns}='http://cyclonedx.org/schema/bom/1.5'>{metadata}\
                 <components>{list}</components>{more}<dependencies>{links}</dependencies></{prefix}bom>\n"
            );
            read += usize::from(same(Form::CycloneDxXml, document.as_bytes(), &document));
        }
        assert!(read > 150, "{read}");
    }

    #[test]
    fn blocks_are_bounded_by_their_bytes() {
        let mut components = Components {
            tag: "bom xmlns='http://cyclonedx.org/schema/bom/1.5'".to_owned(),
            product: String::new(),
            block: 1000,
            lists: 1,
            waiting: String::new(),
            count: 0,
            listing: Listing::new(RandomState::new()).unwrap(),
        };
        let long = "x".repeat(3 << 20);
        let one = format!("<component><name>a</name><description>{long}</description></component>");
        for _ in 0..12 {
            components.part("", &one).unwrap();
            assert!(components.waiting.len() < WAITING);
        }
        assert_eq!(components.count, 0);
    }

    #[test]
    fn text_between_what_is_read_may_be_as_long_as_it_likes() {
        let long = "x ".repeat(usize::try_from(ENTRY).unwrap() / 2 + 1);
        let document = format!(
            "<bom xmlns='http://cyclonedx.org/schema/bom/1.5'><!--{long}--><metadata><tools>{long}</tools>\
             </metadata><components>{long}<component><name>a</name></component></components>\
             <annotations><![CDATA[{long}]]></annotations></bom>{long}"
        );
        assert!(same(Form::CycloneDxXml, document.as_bytes(), "long"));
    }

    #[test]
    fn what_is_damaged_or_beyond_bounds_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        let bom = "<bom xmlns='http://cyclonedx.org/schema/bom/1.5'>";
        let one = "<component><name>a</name></component>";
        let long = "x".repeat(usize::try_from(ENTRY).unwrap() * 2);
        for text in [
            format!("{bom}<components>{one}"),
            format!("{bom}<components>{one}</bom>"),
            format!("{bom}</bom>"),
            format!("<bom><components>{one}</components></bom>"),
            format!(
                "{bom}<components><component><name>{long}</name></component></components></bom>"
            ),
            format!(
                "{bom}<components><component><name>&long;</name></component></components></bom>"
            ),
            format!("{bom}{}", "<a>".repeat(1000)),
        ] {
            std::fs::write(&path, &text).unwrap();
            assert!(in_blocks(&path, 10).is_err(), "{}", &text[..text.len().min(120)]);
        }
        // Together, entries may be as long as they like.
        let all = one.repeat(300_000);
        std::fs::write(&path, format!("{bom}<components>{all}</components></bom>")).unwrap();
        assert_eq!(in_blocks(&path, 5000).unwrap().0.len(), 1);
    }
}
