//! `cargo test`: `test a::b ... ok`, below the program that they are in.

use super::{Results, Verdict};

pub(super) fn read(lines: &[String], results: &mut Results) {
    let mut within = String::new();
    for line in lines {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("Running ") {
            // `Running unittests src/lib.rs (target/debug/deps/name-0123456789abcdef)`
            let file = rest.rsplit_once('(').map_or(rest, |(_, file)| file.trim_end_matches(')'));
            let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
            within = file.rsplit_once('-').map_or(file, |(name, _)| name).to_owned();
        } else if let Some(name) = line.strip_prefix("Doc-tests ") {
            within = format!("doc {name}");
        } else if let Some((name, verdict)) =
            line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "))
        {
            let verdict = match verdict.split([' ', ',']).next() {
                Some("ok") => Verdict::Passed,
                Some("FAILED") => Verdict::Failed,
                Some("ignored") => Verdict::Skipped,
                _ => continue,
            };
            results.add(&format!("{within} {}", steady(name)), verdict);
        }
    }
}

/// The name of an example in a file that a build script wrote is the same after an update: the folder that it is in is called
/// by what the package is built with (`target/debug/build/name-0123456789abcdef/out/made.rs - f (line 3)`).
fn steady(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').map(without_hash).collect();
    parts.join("/")
}

fn without_hash(part: &str) -> &str {
    match part.rsplit_once('-') {
        Some((stem, hash))
            if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            stem
        }
        _ => part,
    }
}
