//! Asking pip what it chooses for a file, once for each question.

use serde_json::{Value, json};
use trimtab_model::Purl;

use super::super::drive::Drive;
use super::super::refusal::Reason;
use super::super::unbuilt::is_kept;
use super::super::{python, requirement};
use super::question::{self, Question};

/// Where pip writes what it chooses; what stands in the way it tells beside that.
const REPORT: &str = "trimtab-report.json";
/// What is asked for, and what it is held to, while pip is asked: no names of files that are kept.
const QUESTION: &str = "trimtab-question.list";
const HELD: &str = "trimtab-held.list";
/// How pip begins to tell that it did not reach an index.
const RETRIES: &str = "Retrying (";

/// How many packages without a wheel may stay: pip tells one at a time.
const MOST: usize = 40;

/// The packages of a report.
pub(super) fn chosen(report: &Value) -> Vec<Purl> {
    let text = |item: &Value, key: &str| item["metadata"][key].as_str().map(str::to_owned);
    let one = |item: &Value| {
        let (name, version) = (text(item, "name")?, text(item, "version")?);
        let is_whole = !name.is_empty() && !version.is_empty();
        is_whole.then(|| Purl::new("pypi", None, &name).with_version(&version))
    };
    report["install"].as_array().into_iter().flatten().filter_map(one).collect()
}

/// What pip chooses for a file. It reads a file of our own, and none of the project.
pub(super) fn report(
    drive: &Drive<'_>,
    path: &str,
    read: &dyn Fn(&str) -> Option<String>,
) -> Result<Value, Reason> {
    let question = question::of(path, &drive.scratch.inside(), drive.builds(), read);
    for path in &question.unread {
        drive.tell_unread(path.clone());
    }
    if question.is_empty() {
        return Ok(Value::Null);
    }
    held(&question)?;
    let key = key(&question);
    if let Some(text) = drive.answer(&key) {
        return read_report(&text);
    }
    let (text, left) = without_unbuilt(drive, question)?;
    let mut report = read_report(&text)?;
    put_back(&mut report, &left);
    drive.keep_answer(key, report.to_string());
    Ok(report)
}

fn read_report(text: &str) -> Result<Value, Reason> {
    serde_json::from_str(text).map_err(|e| Reason::Failed(format!("its report: {e}")))
}

/// Packages with their versions.
type Versions = Vec<(String, String)>;

/// What pip says of a question, and which packages were left out of it: those that are pinned at a version without a wheel, and
/// are to stay there. What they require is not known without a build.
fn without_unbuilt(
    drive: &Drive<'_>,
    mut question: Question,
) -> Result<(String, Versions), Reason> {
    let mut left = Versions::new();
    if !drive.builds() {
        for (package, version) in drive.unbuilt().among(&question.wanted) {
            if is_kept(drive, &package, &version) {
                question.leave(&package);
                left.push((package, version));
            }
        }
    }
    loop {
        // With nothing left to ask there is no answer.
        let told = match question.is_empty() {
            false => answered(drive, &question, &[]),
            true => Err(left.last().map_or(Reason::NoLater, |(package, version)| {
                let (package, version) = (package.clone(), version.clone());
                Reason::NoWheel { package, version, asked: None }
            })),
        };
        match told {
            Ok(text) => {
                for (package, version) in &left {
                    drive.tell_unasked(package, version);
                }
                return Ok((text, left));
            }
            Err(Reason::NoWheel { package, version, asked: None })
                if left.len() < MOST
                    && !question.is_empty()
                    && is_kept(drive, &package, &version) =>
            {
                question.leave(&package);
                drive.unbuilt().stays(&package, &version);
                left.push((package, version));
            }
            Err(why) => return Err(why),
        }
    }
}

/// A report with what was left out of its question, as it stays where it is.
fn put_back(report: &mut Value, left: &[(String, String)]) {
    let one = |(name, version): &(String, String)| json!({ "metadata": { "name": name, "version": version } });
    // What others ask of it pip would meet with its newest.
    let is_left = |item: &Value| {
        let name = item["metadata"]["name"].as_str().unwrap_or_default();
        left.iter().any(|(package, _)| requirement::same(package, name))
    };
    if let Some(all) = report.get_mut("install").and_then(Value::as_array_mut) {
        all.retain(|item| !is_left(item));
        all.extend(left.iter().map(one));
    }
}

/// That everything is known that a file is held to.
pub(super) fn held(question: &Question) -> Result<(), Reason> {
    let Some(held) = &question.unheld else { return Ok(()) };
    let why = format!("the constraints in `{held}` cannot be read, so nothing can be confirmed");
    Err(Reason::Unsupported(why))
}

/// The answer to a question, if there is one, is that of another too.
pub(super) fn stands(drive: &Drive<'_>, question: &Question, other: &Question) {
    if let Some(text) = drive.answer(&key(question)) {
        drive.keep_answer(key(other), text);
    }
}

fn key(question: &Question) -> String {
    format!("{}\0{}", question.wanted, question.held)
}

/// What pip says of a question, with further arguments.
pub(super) fn answered(
    drive: &Drive<'_>,
    question: &Question,
    more: &[&str],
) -> Result<String, Reason> {
    drive.write(QUESTION, &question.wanted)?;
    drive.write(HELD, &question.held)?;
    let told = asked(drive, question, more);
    drive.forget(QUESTION)?;
    drive.forget(HELD)?;
    told
}

fn asked(drive: &Drive<'_>, question: &Question, more: &[&str]) -> Result<String, Reason> {
    let mut arguments = vec!["install", "--dry-run", "--ignore-installed"];
    if !drive.builds() || !more.is_empty() {
        arguments.extend(["--only-binary", ":all:"]);
    }
    arguments.extend(more);
    arguments.extend(["--progress-bar=off", "--report", REPORT, "--requirement", QUESTION]);
    if !question.held.is_empty() {
        arguments.extend(["--constraint", HELD]);
    }
    let set = [("PIP_DISABLE_PIP_VERSION_CHECK", "1"), ("PIP_NO_INPUT", "1"), ("PIP_QUIET", "0")];
    // What pip-tools compiled is asked about too.
    let mut output = match drive.tool.id == super::TOOL.id {
        true => drive.try_run(&arguments, &set)?,
        false => drive.try_other("pip", &arguments, &set)?,
    };
    if !output.is_well() {
        // What it does before is no reason.
        let said = conflict(&String::from_utf8_lossy(&output.stdout));
        output.stdout = said.into_bytes();
        let pinned = |name: &str| requirement::pin(&question.wanted, name);
        let words = drive.words(&output);
        let why = python::without_wheel(&words, pinned);
        // An index that is not reached offers nothing either.
        let why = why.filter(|_| !drive.builds() && !words.contains(RETRIES));
        return Err(why.unwrap_or_else(|| drive.means(&output)));
    }
    let text = drive.text(REPORT).unwrap_or_default();
    drive.forget(REPORT)?;
    Ok(text)
}

/// Of all that pip tells, who wants what where that cannot be.
fn conflict(said: &str) -> String {
    let lines = said.lines().skip_while(|line| !line.starts_with("The conflict is caused by"));
    let told: Vec<&str> = lines.take_while(|line| !line.trim().is_empty()).collect();
    told.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_chosen_as_it_stays() {
        let mut report = json!({ "install": [{ "metadata": { "name": "django", "version": "3.2.25" } },
                { "metadata": { "name": "Alembic", "version": "1.13.0" } }] });
        put_back(&mut report, &[("alembic".to_owned(), "0.9.9".to_owned())]);
        let all: Vec<String> = chosen(&report).iter().map(ToString::to_string).collect();
        assert_eq!(all, ["pkg:pypi/django@3.2.25", "pkg:pypi/alembic@0.9.9"]);
    }

    #[test]
    fn of_a_conflict_who_wants_what_is_told() {
        let said = "Collecting networks\nThe conflict is caused by:\n    The user requested a==2\n    b 1.0 depends on a<2\n\nTo fix this\n";
        let told = conflict(said);
        assert_eq!(told.lines().count(), 3, "{told}");
        assert_eq!(python::blockers(&told).len(), 1, "{told}");
        assert_eq!(conflict("Collecting networks\n"), "");
    }
}
