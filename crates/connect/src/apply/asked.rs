//! With which of its own extras and groups a Python project is tested: those that bring pytest, where they are not installed
//! anyway.

use std::ffi::OsString;
use std::path::Path;

use toml_edit::{DocumentMut, Item, Value};

/// What uv is told beside `uv sync`, and Poetry beside `poetry install`.
pub(crate) fn options(folder: &Path, id: &str) -> Vec<OsString> {
    let bytes = crate::registry::small_file(&folder.join("pyproject.toml")).unwrap_or_default();
    let Ok(document) = String::from_utf8_lossy(&bytes).parse::<DocumentMut>() else {
        return Vec::new();
    };
    let at = |path: &[&str]| {
        path.iter()
            .try_fold(document.as_item(), |item, key| item.get(*key))
            .filter(|i| !i.is_none())
    };
    let found = match id {
        "uv" => {
            let own = at(&["tool", "uv", "dev-dependencies"]).is_some_and(brings);
            let is_there = own || at(&["project", "dependencies"]).is_some_and(brings);
            let group = first(at(&["dependency-groups"]));
            let extra = || first(at(&["project", "optional-dependencies"])).map(|e| ("--extra", e));
            match group {
                _ if is_there => None,
                // It is installed anyway.
                Some(group) if group == "dev" => None,
                Some(group) => Some(("--group", group)),
                None => extra(),
            }
        }
        "poetry" => {
            let groups = at(&["tool", "poetry", "group"]).and_then(Item::as_table_like);
            let with = |name: &str, item: &Item| {
                let is_optional = item.get("optional").and_then(Item::as_bool) == Some(true);
                let table = item.get("dependencies").and_then(Item::as_table_like);
                (is_optional && table.is_some_and(|t| t.contains_key("pytest")))
                    .then(|| ("--with", name.to_owned()))
            };
            let group = groups.and_then(|all| all.iter().find_map(|(name, item)| with(name, item)));
            let extras = [&["project", "optional-dependencies"][..], &["tool", "poetry", "extras"]];
            let mut extras = extras.iter().filter_map(|path| first(at(path)));
            group.or_else(|| extras.next().map(|extra| ("--extras", extra)))
        }
        _ => None,
    };
    found.map(|(option, name)| vec![option.into(), name.into()]).unwrap_or_default()
}

/// The first key whose list has pytest, `dev` before all others.
fn first(table: Option<&Item>) -> Option<String> {
    let table = table?.as_table_like()?;
    let all = table.iter().filter(|(_, item)| brings(item)).map(|(key, _)| key.to_owned());
    all.min_by_key(|key| key != "dev")
}

/// Whether a list of requirements has pytest or a plugin of it.
fn brings(list: &Item) -> bool {
    let mut all = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    all.any(|text| text.trim_start().starts_with("pytest"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_pytest_is_asked_for() {
        for (id, text, asked) in [
            (
                "uv",
                "[project.optional-dependencies]\ntest = [\"pytest>7\"]\nx = [\"y\"]\n",
                "--extra test",
            ),
            ("uv", "[dependency-groups]\ndev = [\"pytest\"]\ntests = [\"pytest\"]\n", ""),
            (
                "uv",
                "[dependency-groups]\ntests = [\"pytest\", {include-group = \"x\"}]\n",
                "--group tests",
            ),
            (
                "uv",
                "[project]\ndependencies = [\"pytest\"]\n[dependency-groups]\na = [\"pytest\"]\n",
                "",
            ),
            ("uv", "not toml", ""),
            (
                "poetry",
                "[tool.poetry.group.t]\noptional = true\n[tool.poetry.group.t.dependencies]\npytest = \"*\"\n",
                "--with t",
            ),
            ("poetry", "[tool.poetry.group.t.dependencies]\npytest = \"*\"\n", ""),
            ("poetry", "[tool.poetry.extras]\ntests = [\"pytest\"]\n", "--extras tests"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("pyproject.toml"), text).unwrap();
            let options = options(folder.path(), id);
            let told: Vec<_> = options.iter().map(|word| word.to_string_lossy()).collect();
            assert_eq!(told.join(" "), asked, "{text}");
        }
    }
}
