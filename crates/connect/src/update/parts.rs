//! Packages that are parts of another one: it requires each of them in exactly its own version, as `rails` requires
//! `actionpack`. A part moves with the whole and in no other way. Some lockfiles tell which these are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use trimtab_model::Purl;

use super::Tool;
use super::drive::below;
use super::proposal::spelled;
use super::scratch::Scratch;

/// Requirements that are kept.
const MOST: usize = 100_000;

/// A package by its name in small letters, at a version.
type At = (String, String);

/// What a lockfile tells of it.
#[derive(Debug, Default)]
pub struct Parts {
    of: BTreeMap<At, BTreeSet<String>>,
    kept: usize,
}

impl Parts {
    /// Reads the lockfiles in a tool's folder. Nothing is known where they do not tell ranges, as those of Gradle.
    pub fn of(tool: &'static Tool, base: &Scratch) -> Parts {
        let read = match tool.id {
            "bundler" => bundler,
            "composer" => composer,
            "dotnet" => nuget,
            _ => return Parts::default(),
        };
        let mut parts = Parts::default();
        for name in tool.lockfiles {
            if let Some(text) = base.read(&below(&base.inside(), name)) {
                read(&text, &mut parts);
            }
        }
        parts
    }

    /// Whether a package is a part of another one, or of a part of it.
    pub fn has(&self, tool: &'static Tool, whole: &Purl, part: &Purl) -> bool {
        let (Ok(whole_name), Ok(part_name)) = (spelled(whole, tool), spelled(part, tool)) else {
            return false;
        };
        let (Some(version), Some(own)) = (whole.version(), part.version()) else { return false };
        let (version, part_name) = (bare(version), part_name.to_lowercase());
        if bare(own) != version {
            return false;
        }
        let mut next = vec![whole_name.to_lowercase()];
        let mut seen: BTreeSet<String> = next.iter().cloned().collect();
        while let Some(name) = next.pop() {
            for needs in self.of.get(&(name, version.to_owned())).into_iter().flatten() {
                if *needs == part_name {
                    return true;
                }
                if seen.insert(needs.clone()) {
                    next.push(needs.clone());
                }
            }
        }
        false
    }

    /// Keeps that a package requires another one exactly in its own version.
    fn keep(&mut self, who: &str, own: &str, needs: &str, exactly: &str) {
        if bare(own) == bare(exactly) && self.kept < MOST {
            self.kept += 1;
            let of = (who.to_lowercase(), bare(own).to_owned());
            self.of.entry(of).or_default().insert(needs.to_lowercase());
        }
    }
}

/// Composer's tags may begin with a `v`.
fn bare(version: &str) -> &str {
    version.trim_start_matches('v')
}

/// Four spaces and `rails (6.0.3)`; below it six and `actionpack (= 6.0.3)`.
fn bundler(text: &str, parts: &mut Parts) {
    let named = |line: &str| -> Option<(String, String)> {
        let (name, rest) = line.split_once(" (")?;
        Some((name.to_owned(), rest.strip_suffix(')')?.to_owned()))
    };
    let mut who: Option<(String, String)> = None;
    for line in text.lines() {
        let line = line.trim_end();
        let content = line.trim_start_matches(' ');
        match line.len() - content.len() {
            4 => who = named(content),
            6 => {
                let needs = named(content);
                if let (Some((name, own)), Some((needs, range))) = (&who, &needs)
                    && let Some(exactly) = range.strip_prefix("= ")
                {
                    parts.keep(name, own, needs, exactly);
                }
            }
            _ => who = None,
        }
    }
}

/// `"name": "a/a", "version": "v6.0.3", "require": {"a/b": "6.0.3"}`. A version alone is exact.
fn composer(text: &str, parts: &mut Parts) {
    let Ok(lock) = serde_json::from_str::<Value>(text) else { return };
    let sections =
        ["packages", "packages-dev"].iter().filter_map(|name| lock.get(name)?.as_array());
    for package in sections.flatten() {
        let text = |key: &str| package.get(key).and_then(Value::as_str);
        let (Some(name), Some(own)) = (text("name"), text("version")) else { continue };
        for (needs, range) in
            package.get("require").and_then(Value::as_object).into_iter().flatten()
        {
            match range.as_str().map(|range| range.trim_start_matches('=').trim()) {
                Some("self.version") => parts.keep(name, own, needs, own),
                Some(exactly) => parts.keep(name, own, needs, exactly),
                None => {}
            }
        }
    }
}

/// For each framework `"A": {"resolved": "1.0.0", "dependencies": {"B": "[1.0.0]"}}`. A version alone is the least.
fn nuget(text: &str, parts: &mut Parts) {
    let Ok(lock) = serde_json::from_str::<Value>(text) else { return };
    let frameworks = lock.get("dependencies").and_then(Value::as_object);
    let packages = frameworks.into_iter().flatten().filter_map(|(_, all)| all.as_object());
    for (name, package) in packages.flatten() {
        let Some(own) = package.get("resolved").and_then(Value::as_str) else { continue };
        let needs = package.get("dependencies").and_then(Value::as_object);
        for (needs, range) in needs.into_iter().flatten() {
            let inside = range.as_str().and_then(|r| r.strip_prefix('[')?.strip_suffix(']'));
            let Some(inside) = inside else { continue };
            let ends: Vec<&str> = inside.split(',').map(str::trim).collect();
            if let Some((exactly, others)) = ends.split_first()
                && others.iter().all(|end| end == exactly)
            {
                parts.keep(name, own, needs, exactly);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(tool: &str, read: fn(&str, &mut Parts), text: &str, whole: &str, part: &str) -> bool {
        let mut parts = Parts::default();
        read(text, &mut parts);
        let tool = Tool::by_id(tool).unwrap();
        parts.has(tool, &whole.parse().unwrap(), &part.parse().unwrap())
    }

    #[test]
    fn a_gemfile_lock_tells_what_rails_is_made_of() {
        let text = "GEM\n  remote: https://gems.example/\n  specs:\n    actionpack (6.0.3)\n      \
                    actionview (= 6.0.3)\n      rack (~> 2.0)\n    actionview (6.0.3)\n    devise (4.7.1)\n      \
                    railties (>= 4.1.0)\n    own (6.0.3)\n      actionpack (>= 6.0.3)\n    rack (2.0.1)\n    \
                    rails (6.0.3)\n      actionpack (= 6.0.3)\n      sprockets (= 2.0.0)\n    sprockets (2.0.0)\n\n\
                    DEPENDENCIES\n  rails (~> 6.0.3)\n";
        let has = |whole: &str, part: &str| has("bundler", bundler, text, whole, part);
        assert!(has("pkg:gem/rails@6.0.3", "pkg:gem/actionpack@6.0.3"));
        assert!(has("pkg:gem/rails@6.0.3", "pkg:gem/actionview@6.0.3"), "a part of a part");
        assert!(!has("pkg:gem/rails@6.0.3", "pkg:gem/rack@2.0.1"));
        assert!(!has("pkg:gem/rails@6.0.3", "pkg:gem/sprockets@2.0.0"), "of a version of its own");
        assert!(!has("pkg:gem/own@6.0.3", "pkg:gem/actionpack@6.0.3"), "in a range");
        assert!(!has("pkg:gem/rails@6.0.4", "pkg:gem/actionpack@6.0.4"), "not what is locked");
        assert!(!has("pkg:gem/actionpack@6.0.3", "pkg:gem/rails@6.0.3"));
    }

    #[test]
    fn a_composer_lock_tells_it() {
        let text = r#"{"packages":[
            {"name":"a/all","version":"v6.0.3","require":{"php":">=8","a/part":"6.0.3","a/own":"self.version","a/later":"^6.0.3"}}],
            "packages-dev":[{"name":"a/dev","version":"1.0.0","require":{"a/tool":"=1.0.0"}}]}"#;
        let has = |whole: &str, part: &str| has("composer", composer, text, whole, part);
        assert!(has("pkg:composer/a/all@6.0.3", "pkg:composer/a/part@v6.0.3"));
        assert!(has("pkg:composer/a/all@v6.0.3", "pkg:composer/a/own@6.0.3"));
        assert!(has("pkg:composer/a/dev@1.0.0", "pkg:composer/a/tool@1.0.0"));
        assert!(!has("pkg:composer/a/all@6.0.3", "pkg:composer/a/later@6.0.3"));
        let mut parts = Parts::default();
        composer("{", &mut parts);
        composer(r#"{"packages":{"a":1}}"#, &mut parts);
        assert!(parts.of.is_empty());
    }

    #[test]
    fn a_lockfile_of_nuget_tells_it() {
        let text = r#"{"version":1,"dependencies":{"net8.0":{
            "Own.All":{"type":"Direct","resolved":"1.2.0","dependencies":{"Own.Part":"[1.2.0]","Own.Other":"[1.2.0, 1.2.0]","Own.Least":"1.2.0","Own.Range":"[1.2.0, 2.0.0)"}}}}}"#;
        let has = |part: &str| has("dotnet", nuget, text, "pkg:nuget/Own.All@1.2.0", part);
        assert!(has("pkg:nuget/Own.Part@1.2.0") && has("pkg:nuget/own.other@1.2.0"));
        assert!(!has("pkg:nuget/Own.Least@1.2.0") && !has("pkg:nuget/Own.Range@1.2.0"));
    }
}
