//! JUnit's XML, where Maven and Gradle leave it.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use ignore::WalkBuilder;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Results, Verdict};

/// Folders that they are left in.
const FOLDERS: &[&str] = &["surefire-reports", "failsafe-reports", "test-results"];
/// The most entries that are looked at.
const ENTRIES: usize = 500_000;
/// The largest file that is read, in bytes.
const SIZE: u64 = 32 << 20;

pub(super) fn read(folder: &Path, since: SystemTime, results: &mut Results) {
    let walk = WalkBuilder::new(folder)
        .standard_filters(false)
        .follow_links(false)
        .sort_by_file_name(Ord::cmp)
        .filter_entry(|entry| entry.file_name() != "node_modules" && entry.file_name() != ".git")
        .build();
    for entry in walk.take(ENTRIES).flatten() {
        let path = entry.path();
        let within = path.components().any(|part| FOLDERS.iter().any(|f| part.as_os_str() == *f));
        if !within || path.extension().is_none_or(|e| e != "xml") {
            continue;
        }
        let Ok(about) = entry.metadata() else { continue };
        let fresh = about.modified().is_ok_and(|at| at >= since);
        if fresh
            && about.is_file()
            && about.len() <= SIZE
            && let Ok(text) = fs::read_to_string(path)
        {
            cases(&text, results);
        }
    }
}

/// The cases of one document. What is not well-formed ends it.
pub(super) fn cases(text: &str, results: &mut Results) {
    let mut reader = Reader::from_str(text);
    let mut case: Option<(String, Verdict)> = None;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => match tag.name().as_ref() {
                "testcase" => case = Some((name(&tag), Verdict::Passed)),
                "failure" | "error" => set(&mut case, Verdict::Failed),
                "skipped" => set(&mut case, Verdict::Skipped),
                _ => {}
            },
            Ok(Event::Empty(tag)) => match tag.name().as_ref() {
                "testcase" => results.add(&name(&tag), Verdict::Passed),
                "failure" | "error" => set(&mut case, Verdict::Failed),
                "skipped" => set(&mut case, Verdict::Skipped),
                _ => {}
            },
            Ok(Event::End(tag)) if tag.name().as_ref() == "testcase" => {
                if let Some((name, verdict)) = case.take() {
                    results.add(&name, verdict);
                }
            }
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn set(case: &mut Option<(String, Verdict)>, verdict: Verdict) {
    if let Some((_, held)) = case {
        *held = verdict;
    }
}

fn name(tag: &BytesStart<'_>) -> String {
    let told = |wanted: &str| {
        let found = tag.attributes().flatten().find(|a| a.key.as_ref() == wanted);
        found.map(|a| a.value.into_owned()).unwrap_or_default()
    };
    format!("{} {}", told("classname"), told("name"))
}
