//! What the stages of a Dockerfile start from, and the edit that raises one of them. Every character of a reference is known
//! by its place in the text, also where a build argument gives it, so that nothing but what differs is written.

use std::collections::HashMap;
use std::fmt;

/// The longest reference that is followed.
const LONGEST: usize = 4096;

/// What a stage starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The name of the image, with its host where one is told; without `library/`, which is the custom of the default one.
    pub name: String,
    /// Its tag.
    pub tag: Option<String>,
    /// Its digest.
    pub digest: Option<String>,
    /// The line.
    pub line: u32,
    /// Whether it is under what the last stage makes.
    pub shipped: bool,
}

impl Start {
    /// The name without a host.
    pub fn path(&self) -> &str {
        match self.name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => path,
            _ => &self.name,
        }
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// Text with the place of each of its bytes.
type Placed = Vec<(u8, usize)>;

/// Whether a text may be a tag.
pub(super) fn is_tag(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    (1..=128).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with(['.', '-'])
}

/// Whether a text may be a digest.
pub(super) fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A reference. `None`: it is none.
pub(super) fn reference(text: &str) -> Option<Start> {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-/:".contains(&b);
    let fine = !name.is_empty()
        && name.bytes().all(plain)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    let name = name.strip_prefix("library/").unwrap_or(name).to_owned();
    let (tag, digest) = (tag.map(str::to_owned), digest.map(str::to_owned));
    fine.then_some(Start { name, tag, digest, line: 0, shipped: false })
}

/// What the stages of a Dockerfile start from; stages that start from another, from nothing, or from what only the command
/// line knows have none.
pub fn starts(text: &str) -> Vec<Start> {
    found(text).into_iter().map(|(start, _)| start).collect()
}

/// The text with every stage that starts from a name at a tag raised to another tag, or tag and digest. `None`: none does.
///
/// # Errors
/// It cannot be raised by an edit, in words.
pub fn raised(text: &str, name: &str, from: &str, to: &str) -> Result<Option<String>, String> {
    let before = found(text);
    let of = |start: &Start| start.path() == name && start.tag.as_deref() == Some(from);
    let exact = before.iter().any(|(s, _)| s.name == name && s.tag.as_deref() == Some(from));
    // Without a host it is the image of any one registry: of one that has the name as it is, if there is one.
    let mut hosts = before.iter().filter(|(s, _)| of(s)).map(|(s, _)| &s.name);
    let first = hosts.next();
    if !exact && hosts.any(|other| Some(other) != first) {
        let why = format!("several registries may provide `{name}:{from}`: name the registry");
        return Err(why);
    }
    let is = |start: &Start| match exact {
        true => start.name == name && start.tag.as_deref() == Some(from),
        false => of(start),
    };
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for (start, placed) in before.iter().filter(|(start, _)| is(start)) {
        if start.digest.is_some() && !to.contains('@') {
            return Err(format!(
                "`{start}` is pinned by a digest: give the new tag with its digest"
            ));
        }
        let all: Vec<u8> = placed.iter().map(|(byte, _)| *byte).collect();
        let tail = start.digest.as_ref().map_or(from.len(), |d| from.len() + 1 + d.len());
        let at = all.len().saturating_sub(tail);
        let edit = differing(placed.get(at..).unwrap_or_default(), to.as_bytes());
        let edit = edit.ok_or_else(|| {
            format!("the tag of `{start}` is composed from several places: edit it by hand")
        })?;
        if !edits.contains(&edit) {
            edits.push(edit);
        }
    }
    if edits.is_empty() {
        return Ok(None);
    }
    let mut out = text.to_owned();
    edits.sort();
    for (start, end, new) in edits.into_iter().rev() {
        if out.get(start..end).is_none() {
            return Err("it cannot be edited".to_owned());
        }
        out.replace_range(start..end, &new);
    }
    // An argument may be used for something else too.
    let after = found(&out);
    let wanted = |start: &Start| {
        let (tag, digest) = to.split_once('@').map_or((to, None), |(tag, d)| (tag, Some(d)));
        Start { tag: Some(tag.to_owned()), digest: digest.map(str::to_owned), ..start.clone() }
    };
    let expected = before.iter().map(|(s, _)| if is(s) { wanted(s) } else { s.clone() });
    if !after.iter().map(|(start, _)| start.clone()).eq(expected) {
        return Err("the tag is shared with another image: edit it by hand".to_owned());
    }
    Ok(Some(out))
}

/// The one place of a text in which it differs from another, and what comes there.
fn differing(old: &[(u8, usize)], new: &[u8]) -> Option<(usize, usize, String)> {
    let same = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let bytes: Vec<u8> = old.iter().map(|(byte, _)| *byte).collect();
    let head = same(&bytes, new);
    let rest = |all: &[u8]| all.get(head..).unwrap_or_default().iter().rev().copied().collect();
    let (a, b): (Vec<u8>, Vec<u8>) = (rest(&bytes), rest(new));
    let tail = same(&a, &b);
    let part = old.get(head..old.len() - tail)?;
    let text = String::from_utf8(new.get(head..new.len() - tail)?.to_vec()).ok()?;
    // What is put in follows what stands before it: the next character may come out of an argument.
    let before = head.checked_sub(1).and_then(|last| old.get(last));
    let at = match (part.first(), before) {
        (Some((_, at)), _) => *at,
        (None, Some((_, last))) => last + 1,
        (None, None) => old.first()?.1,
    };
    // What is taken out must stand together.
    let together = part.iter().zip(at..).all(|((_, is), at)| *is == at);
    together.then(|| (at, at + part.len(), text))
}

/// The references of stages with the places of their characters.
fn found(text: &str) -> Vec<(Start, Placed)> {
    let mut build = Build::default();
    for (line, words) in instructions(text) {
        let Some((keyword, rest)) = words.split_first() else { continue };
        let keyword: Vec<u8> = keyword.iter().map(|(byte, _)| byte.to_ascii_uppercase()).collect();
        match &keyword[..] {
            b"ARG" if build.stages.is_empty() => build.arguments(rest),
            b"FROM" => build.from(rest, line),
            _ => {}
        }
    }
    build.ship();
    build.found
}

/// The words of the instructions, with the line where each starts: continuations joined, comments and here-documents left out.
fn instructions(text: &str) -> Vec<(u32, Vec<Placed>)> {
    let directives = text.lines().map_while(|line| line.trim().strip_prefix('#'));
    let mut settings = directives.filter_map(|line| line.split_once('='));
    let escape = settings
        .any(|(name, value)| name.trim().eq_ignore_ascii_case("escape") && value.trim() == "`");
    let escape = if escape { b'`' } else { b'\\' };
    let mut all: Vec<(u32, Vec<Placed>)> = Vec::new();
    let (mut open, mut here) = (false, Vec::<String>::new());
    let mut at = 0;
    for (line, number) in text.split_inclusive('\n').zip(1u32..) {
        let begin = at;
        at += line.len();
        let trimmed = line.trim();
        if let Some(end) = here.first() {
            if trimmed == end {
                here.remove(0);
            }
            continue;
        }
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let goes_on = trimmed.as_bytes().last() == Some(&escape);
        let lead = line.len() - line.trim_start().len();
        let kept = trimmed.len() - usize::from(goes_on);
        let mut words: Vec<Placed> = Vec::new();
        let mut fresh = true;
        for (offset, byte) in trimmed.bytes().take(kept).enumerate() {
            if byte.is_ascii_whitespace() {
                fresh = true;
                continue;
            }
            if fresh {
                words.push(Placed::new());
            }
            fresh = false;
            if let Some(word) = words.last_mut() {
                word.push((byte, begin + lead + offset));
            }
        }
        match all.last_mut() {
            Some((_, held)) if open => held.extend(words),
            _ => all.push((number, words)),
        }
        open = goes_on;
        if !open && let Some((_, words)) = all.last() {
            here = here_documents(words);
        }
    }
    all
}

/// The end words of the here-documents that an instruction opens.
fn here_documents(words: &[Placed]) -> Vec<String> {
    let text = |word: &Placed| -> String {
        String::from_utf8_lossy(&word.iter().map(|(byte, _)| *byte).collect::<Vec<_>>()).into()
    };
    let keyword = words.first().map(text).unwrap_or_default();
    if !["RUN", "COPY", "ADD"].iter().any(|k| keyword.eq_ignore_ascii_case(k)) {
        return Vec::new();
    }
    let ends = words.iter().map(text).filter_map(|word| {
        let word = word.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
        let end = word.strip_prefix("<<")?.trim_start_matches('-').trim_matches(['"', '\'']);
        let end: String = end.chars().take_while(|c| !";|&>".contains(*c)).collect();
        end.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then_some(end)
    });
    ends.take(16).collect()
}

#[derive(Default)]
struct Build {
    /// Build arguments; `None` where only the command line knows.
    arguments: HashMap<String, Option<Placed>>,
    /// For each stage: the reference that it starts from, or the stage.
    stages: Vec<(Option<usize>, Option<usize>)>,
    names: HashMap<String, usize>,
    found: Vec<(Start, Placed)>,
}

fn string(placed: &[(u8, usize)]) -> String {
    let bytes: Vec<u8> = placed.iter().map(|(byte, _)| *byte).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Build {
    fn arguments(&mut self, words: &[Placed]) {
        for word in words {
            let equals = word.iter().position(|(byte, _)| *byte == b'=');
            let (name, value) = match equals {
                Some(at) => {
                    let (name, value) = word.split_at(at);
                    let value: Placed = value
                        .iter()
                        .skip(1)
                        .filter(|(byte, _)| !b"\"'".contains(byte))
                        .copied()
                        .collect();
                    (string(name), self.expand(&value))
                }
                None => (string(word), None),
            };
            self.arguments.insert(name, value);
        }
    }

    fn from(&mut self, words: &[Placed], line: u32) {
        let mut words = words.iter().filter(|word| !string(word).starts_with("--"));
        let image = words.next().and_then(|word| self.expand(word));
        let name = match (words.next(), words.next()) {
            (Some(word), Some(name)) if string(word).eq_ignore_ascii_case("as") => {
                Some(string(name).to_ascii_lowercase())
            }
            _ => None,
        };
        let mut base = (None, None);
        if let Some(image) = image {
            let text = string(&image);
            base.1 = self.names.get(&text.to_ascii_lowercase()).copied();
            let is_image = base.1.is_none() && !text.eq_ignore_ascii_case("scratch");
            if let Some(start) = reference(&text).filter(|_| is_image) {
                base.0 = Some(self.found.len());
                self.found.push((Start { line, ..start }, image));
            }
        }
        if let Some(name) = name {
            self.names.insert(name, self.stages.len());
        }
        self.stages.push(base);
    }

    /// Follows the last stage down. A stage starts from an earlier one, so this ends.
    fn ship(&mut self) {
        let mut stage = self.stages.last();
        while let Some((image, earlier)) = stage {
            if let Some((start, _)) = image.and_then(|at| self.found.get_mut(at)) {
                start.shipped = true;
            }
            stage = earlier.and_then(|at| self.stages.get(at));
        }
    }

    /// Puts in build arguments: `$X`, `${X}`, `${X:-default}`. `None`: one is not known.
    fn expand(&self, text: &[(u8, usize)]) -> Option<Placed> {
        let mut out = Placed::new();
        let mut rest = text;
        while let Some(((byte, at), after)) = rest.split_first() {
            rest = after;
            if *byte != b'$' {
                out.push((*byte, *at));
                continue;
            }
            let is_name = |(byte, _): &(u8, usize)| byte.is_ascii_alphanumeric() || *byte == b'_';
            if rest.first().is_some_and(|(byte, _)| *byte == b'{') {
                let end = rest.iter().position(|(byte, _)| *byte == b'}')?;
                let inner = rest.get(1..end)?;
                rest = rest.get(end + 1..)?;
                let name = inner.iter().take_while(|one| is_name(one)).count();
                let (name, other) = inner.split_at(name);
                let known = self.arguments.get(&string(name)).cloned().flatten();
                let value = match string(other).as_str() {
                    "" => known,
                    other if other.starts_with(":-") => {
                        let default = inner.get(name.len() + 2..)?.to_vec();
                        Some(known.filter(|known| !known.is_empty()).unwrap_or(default))
                    }
                    _ => None,
                };
                out.extend(value?);
            } else {
                let end = rest.iter().take_while(|one| is_name(one)).count();
                let (name, after) = rest.split_at(end);
                out.extend(self.arguments.get(&string(name))?.clone()?);
                rest = after;
            }
            if out.len() > LONGEST {
                return None;
            }
        }
        Some(out)
    }
}
