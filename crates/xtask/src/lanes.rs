//! Runs the programs of tests in two lanes: a program that waits for a registry or a browser leaves its processor to
//! another one, and the longest, which begin first, do not wait for each other.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use crate::run::Ran;

/// How many programs run at a time; each runs as many tests at a time as there are processors.
const LANES: usize = 2;

/// A program of tests, and the folder of its package, in which cargo would run it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
    path: PathBuf,
    folder: PathBuf,
}

/// The programs of tests among what cargo says it built (`--message-format=json`, one object on a line).
pub(crate) fn programs(messages: &str) -> Vec<Program> {
    let is_test = |line: &&str| {
        // A target says that it has tests, too: the profile says whether this is the program of them.
        let profile = line.split_once(r#""profile":{"#).and_then(|(_, rest)| rest.split_once('}'));
        profile.is_some_and(|(profile, _)| profile.contains(r#""test":true"#))
    };
    let of = |line: &str| {
        let path = PathBuf::from(text(line, "executable")?);
        let folder = Path::new(&text(line, "manifest_path")?).parent()?.to_owned();
        Some(Program { path, folder })
    };
    messages.lines().filter(is_test).filter_map(of).collect()
}

/// The text of a field of an object, if it has that field and the field is a text. Only `\\` and `\"` are undone: no
/// other escapes are in paths.
fn text(object: &str, field: &str) -> Option<String> {
    let start = object.find(&format!(r#""{field}":""#))? + field.len() + 4;
    let mut found = String::new();
    let mut rest = object.get(start..)?.chars();
    loop {
        match rest.next()? {
            '"' => return Some(found),
            '\\' => found.push(rest.next()?),
            other => found.push(other),
        }
    }
}

/// Runs all, the largest first, which are those that take longest. What one prints is printed when it has ended.
pub(crate) fn run(mut programs: Vec<Program>, env: &[(&str, &str)]) -> Ran {
    programs.sort_by_key(|program| std::fs::metadata(&program.path).map_or(0, |m| m.len()));
    let queue = Mutex::new(programs);
    let ran = Mutex::new(Ran { ok: true, out: String::new() });
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some(next) = queue.lock().ok().and_then(|mut queue| queue.pop()) {
                    let one = run_one(&next, env);
                    let Ok(mut all) = ran.lock() else { return };
                    print!("{}", one.out);
                    all.ok &= one.ok;
                    all.out.push_str(&one.out);
                }
            });
        }
    });
    ran.into_inner().unwrap_or(Ran { ok: false, out: String::new() })
}

fn run_one(program: &Program, env: &[(&str, &str)]) -> Ran {
    let name = program.path.file_name().unwrap_or_default().to_string_lossy();
    let began = Instant::now();
    let mut command = Command::new(&program.path);
    command.current_dir(&program.folder).stdin(Stdio::null()).envs(env.iter().copied());
    command.env("CARGO_MANIFEST_DIR", &program.folder);
    match command.stderr(Stdio::inherit()).output() {
        Ok(output) => {
            let out = String::from_utf8_lossy(&output.stdout);
            let took = began.elapsed().as_secs();
            let out = format!("$ {name}\n{out}{name} took {took} s\n");
            let ended = out.lines().any(|line| line.starts_with("test result:"));
            let ok = output.status.success();
            // A program that was killed has no line to be counted.
            let lost = if ended { "" } else { "test result: FAILED. 0 passed; 1 failed;\n" };
            Ran { ok, out: out + lost }
        }
        Err(e) => Ran {
            ok: false,
            out: format!("test result: FAILED. 0 passed; 1 failed; {name}: {e}\n"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_among_what_cargo_says() {
        let messages = r#"{"reason":"compiler-artifact","manifest_path":"/w/crates/a/Cargo.toml","target":{"test":true},"profile":{"test":false},"executable":"/w/target/program"}
{"reason":"compiler-artifact","manifest_path":"/w/crates/a/Cargo.toml","profile":{"opt_level":"0","test":true},"executable":"/w/target/a-1"}
{"reason":"build-finished","success":true}"#;
        let found = Program { path: "/w/target/a-1".into(), folder: "/w/crates/a".into() };
        assert_eq!(programs(messages), [found]);
    }

    #[test]
    fn a_program_that_does_not_end_well_is_counted() {
        let here = std::env::temp_dir();
        let missing = Program { path: here.join("no-such-program"), folder: here };
        let ran = run(vec![missing], &[]);
        assert!(!ran.ok && ran.out.contains("0 passed; 1 failed"), "{}", ran.out);
    }
}
