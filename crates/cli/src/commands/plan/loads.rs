//! Whether a file loads a package whose imports carry other names than its own: modules of Python, packages of Java,
//! namespaces of PHP. Where a project depends on it is no use of it.

use trimtab_model::Purl;

/// Parts of names that others load when they are there, without a word in the project: drivers, backends, plugins.
pub(super) const OTHERWISE: &[&str] = &[
    "plugin",
    "pytest",
    "types-",
    "-stubs",
    "driver",
    "psycopg",
    "mysql",
    "oracle",
    "jdbc",
    "backend",
    "adapter",
    "bridge",
    "polyfill",
    "lxml",
    "html5lib",
    "logback",
    "slf4j",
    "starter",
    "bom",
    "multipart",
    "pillow",
    "validator",
    "argon2",
    "bcrypt",
    "openpyxl",
    "xlrd",
    "pyarrow",
    "uvloop",
    "httptools",
    "gunicorn",
    "redis",
    "memcache",
    "commons-pool",
    "xz",
    "zstd",
    "brotli",
    "snappy",
    "lz4",
    "jaxb",
    "jackson-datatype",
    "jackson-module",
    "provider",
    "spi",
];

/// Whether a text names a module, a package or a namespace, elsewhere than where the project depends on it.
pub(super) fn loads(file: &str, text: &str, package: &Purl, names: &[String]) -> bool {
    let text = match (package.purl_type(), file) {
        ("pypi", "pyproject.toml") => without_requirements(text),
        ("pypi", file) if is_requirements(file) => String::new(),
        ("maven", file) if file == "pom.xml" || file.contains(".gradle") => {
            // It is named once, where it is depended on; a plugin may name it again.
            let text = without_elements(text, "groupId");
            let own = format!(">{}<", package.name());
            if text.matches(&own).count() > 1 {
                return true;
            }
            text
        }
        ("composer", "composer.json") => without_sections(text),
        _ => text.to_owned(),
    };
    names.iter().any(|name| mentions(&text, name))
}

/// Whether a file lists what is depended on, and is no source that has such a name.
fn is_requirements(file: &str) -> bool {
    let names = file.contains("requirements") || file.contains("constraints");
    names && [".txt", ".in", ".pip"].iter().any(|ending| file.ends_with(ending))
}

/// Whether a text has a word that is no part of a longer one. `-` and `.` end a word.
fn mentions(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|rest| rest.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|rest| rest.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// A `pyproject.toml` without what it asks for. What is not TOML stays whole.
fn without_requirements(text: &str) -> String {
    let Ok(mut all) = text.parse::<toml::Table>() else { return text.to_owned() };
    all.remove("dependency-groups");
    if let Some(project) = all.get_mut("project").and_then(toml::Value::as_table_mut) {
        project.remove("dependencies");
        project.remove("optional-dependencies");
    }
    if let Some(tool) = all.get_mut("tool").and_then(toml::Value::as_table_mut) {
        for name in ["poetry", "uv", "pdm"] {
            let Some(table) = tool.get_mut(name).and_then(toml::Value::as_table_mut) else {
                continue;
            };
            for key in ["dependencies", "dev-dependencies", "group", "extras", "sources"] {
                table.remove(key);
            }
        }
    }
    all.to_string()
}

/// A text of XML without the elements of a name.
fn without_elements(text: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(&open) {
        out.push_str(before);
        out.push(' ');
        rest = after.split_once(&close).map_or("", |(_, after)| after);
    }
    out + rest
}

/// A `composer.json` without what it asks for.
fn without_sections(text: &str) -> String {
    let Ok(serde_json::Value::Object(mut all)) = serde_json::from_str(text) else {
        return text.to_owned();
    };
    all.retain(|key, _| !matches!(&**key, "require" | "require-dev"));
    serde_json::Value::Object(all).to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use trimtab_model::Scope;

    use super::super::named::{Named, named};

    #[test]
    fn what_loads_by_other_names_is_looked_for_by_those() {
        let told = |files: &[(&str, &str)], package: &str, names: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            named(folder.path(), &package.parse().unwrap(), Scope::Runtime, Some(&names))
        };
        let by = |file: &str| Named::By(file.to_owned());
        let (yaml, collections) = (&["yaml", "_yaml"][..], &["org.apache.commons.collections"][..]);
        let pyproject = "[project]\nname = \"a\"\ndependencies = [\"yaml\"]\n[tool.poetry.dependencies]\nyaml = \"1\"\n";
        let pom = "<dependency><groupId>org.apache.commons.collections</groupId><artifactId>left</artifactId></dependency>";
        for (file, text, package, names, expected) in [
            ("a.py", "import yaml as y", "pkg:pypi/pyyaml@6", yaml, by("a.py")),
            ("a.py", "from yaml.nodes import Node", "pkg:pypi/pyyaml@6", yaml, by("a.py")),
            ("settings.cfg", "loader = yaml:load", "pkg:pypi/pyyaml@6", yaml, by("settings.cfg")),
            ("a.py", "import ruamel_yaml, yamllint", "pkg:pypi/pyyaml@6", yaml, Named::Nowhere),
            ("requirements.txt", "yaml==1", "pkg:pypi/yaml@1", yaml, Named::Nowhere),
            ("constraints.py", "import yaml", "pkg:pypi/yaml@1", yaml, by("constraints.py")),
            ("pyproject.toml", pyproject, "pkg:pypi/yaml@1", yaml, Named::Nowhere),
            (
                "pyproject.toml",
                "[tool.x]\na = \"yaml\"",
                "pkg:pypi/yaml@1",
                yaml,
                by("pyproject.toml"),
            ),
            (".venv/lib/a.py", "import yaml", "pkg:pypi/pyyaml@6", yaml, Named::Nowhere),
            (
                "src/A.java",
                "import org.apache.commons.collections.map.LRUMap;",
                "pkg:maven/left/left@3",
                collections,
                by("src/A.java"),
            ),
            (
                "src/A.java",
                "import org.apache.commons.collections4.Bag;",
                "pkg:maven/left/left@3",
                collections,
                Named::Nowhere,
            ),
            (
                "pom.xml",
                pom,
                "pkg:maven/org.apache.commons.collections/left@3",
                collections,
                Named::Nowhere,
            ),
            (
                "pom.xml",
                "<groupId>left</groupId><artifactId>left</artifactId>",
                "pkg:maven/left/left@3",
                collections,
                Named::Nowhere,
            ),
            (
                "pom.xml",
                "<artifactId>left</artifactId><annotationProcessor><artifactId>left</artifactId>",
                "pkg:maven/left/left@3",
                collections,
                by("pom.xml"),
            ),
            (
                "a.php",
                "use Acme\\{Yaml\\Parser};",
                "pkg:composer/acme/left@1",
                &["Yaml"],
                by("a.php"),
            ),
            (
                "composer.json",
                "{\"require\": {\"acme/Yaml\": \"1\"}}",
                "pkg:composer/acme/left@1",
                &["Yaml"],
                Named::Nowhere,
            ),
        ] {
            assert_eq!(told(&[(file, text)], package, names), expected, "{file} {text}");
        }
        for package in
            ["pkg:pypi/psycopg2@2", "pkg:pypi/Pillow@9", "pkg:maven/a/mysql-connector-j@8"]
        {
            assert!(matches!(told(&[], package, &["x"]), Named::Untold(_)), "{package}");
        }
    }
}
