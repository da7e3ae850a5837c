//! Which versions of a new `uv.lock` have no wheel that fits the Python which runs: installing them would run a build.

use std::collections::BTreeSet;

use toml_edit::{DocumentMut, Item, Table, Value};

use super::requirement::same;
use super::sources::{packages, text};

/// What wheels are to fit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Here<'h> {
    /// The minor version of Python 3.
    pub(crate) minor: u32,
    /// The system and the processor, as Rust names them.
    pub(crate) system: (&'h str, &'h str),
}

impl Here<'_> {
    /// As uv tells it: `Using CPython 3.11.7 interpreter at: …`.
    pub(crate) fn of(words: &str) -> Option<Here<'static>> {
        let (_, rest) = words.split_once("Using CPython 3.")?;
        let minor = rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
        Some(Here { minor, system: (std::env::consts::OS, std::env::consts::ARCH) })
    }

    /// Whether a wheel fits, by its name. `None`: it is not the name of one.
    fn fits(self, file: &str) -> Option<bool> {
        let mut parts = file.strip_suffix(".whl")?.rsplitn(4, '-');
        let (platforms, abis, pythons) = (parts.next()?, parts.next()?, parts.next()?);
        let has_abi = |wanted: &str| abis.split('.').any(|abi| abi == wanted);
        let python = pythons.split('.').any(|tag| {
            if tag == "py3" {
                return true;
            }
            let of = |start: &str| tag.strip_prefix(start)?.parse::<u32>().ok();
            match (of("cp3"), of("py3")) {
                (Some(minor), _) => minor == self.minor || minor < self.minor && has_abi("abi3"),
                (None, Some(minor)) => minor <= self.minor,
                (None, None) => false,
            }
        });
        Some(python && platforms.split('.').any(|platform| self.is_platform(platform)))
    }

    fn is_platform(self, tag: &str) -> bool {
        let (system, processor) = self.system;
        let named: &[&str] = match processor {
            "aarch64" => &["aarch64", "arm64", "universal2"],
            "x86" => &["i686", "win32"],
            "x86_64" => &["x86_64", "amd64", "universal2", "intel"],
            other => &[other],
        };
        let is_system = match system {
            "macos" => tag.starts_with("macosx"),
            "windows" => tag.starts_with("win"),
            _ => tag.contains("linux"),
        };
        tag == "any" || is_system && named.iter().any(|name| tag.ends_with(name))
    }
}

/// Of some packages the versions that a lockfile brings and that have no wheel which fits. One that is asked for on some
/// systems or Pythons only is not told: whether it is for this one is not looked at.
pub(crate) fn unfit(
    (before, after): (&str, &str),
    names: &[&str],
    here: Here<'_>,
) -> Vec<(String, String)> {
    let read = |text: &str| text.parse::<DocumentMut>().ok();
    let (Some(old), Some(new)) = (read(before), read(after)) else { return Vec::new() };
    let key =
        |package: &Table| (text(package, "name").to_owned(), text(package, "version").to_owned());
    let there: BTreeSet<(String, String)> = packages(&old).map(key).collect();
    let mut found = Vec::new();
    for name in names {
        let own: Vec<&Table> =
            packages(&new).filter(|package| same(text(package, "name"), name)).collect();
        let [package] = &own[..] else { continue };
        let key = key(package);
        if !there.contains(&key) && !has_fitting(package, here) && !is_conditional(&new, &key.0) {
            found.push(key);
        }
    }
    found
}

fn has_fitting(package: &Table, here: Here<'_>) -> bool {
    let registry = package.get("source").is_some_and(|source| source.get("registry").is_some());
    let wheels = package.get("wheels").and_then(Item::as_array).into_iter().flatten();
    let url = |wheel: &Value| {
        let table = wheel.as_inline_table()?;
        let of = |key: &str| table.get(key).and_then(Value::as_str);
        of("url").or_else(|| of("path")).or_else(|| of("filename")).map(str::to_owned)
    };
    let mut names = wheels.filter_map(url);
    !registry
        || names.any(|url| {
            let name = url.rsplit('/').next().unwrap_or_default().replace("%2B", "+");
            here.fits(&name) != Some(false)
        })
}

/// Whether each package that asks for one does so under a condition.
fn is_conditional(document: &DocumentMut, name: &str) -> bool {
    let mut asked = packages(document).flat_map(|package| {
        let groups = ["optional-dependencies", "dev-dependencies"].into_iter();
        let tables = groups.filter_map(|key| package.get(key)?.as_table_like());
        let lists = tables.flat_map(|table| table.iter()).map(|(_, item)| item);
        let all = lists.chain(package.get("dependencies"));
        all.filter_map(Item::as_array).flatten().filter_map(Value::as_inline_table)
    });
    !asked.any(|entry| {
        entry.get("name").and_then(Value::as_str) == Some(name) && entry.get("marker").is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: Here<'_> = Here { minor: 11, system: ("linux", "x86_64") };

    #[test]
    fn wheels_fit_by_their_names() {
        for (file, fits) in [
            ("a-1-py3-none-any.whl", Some(true)),
            ("a-1-py2.py3-none-any.whl", Some(true)),
            ("a-1-py2-none-any.whl", Some(false)),
            ("a-1-py312-none-any.whl", Some(false)),
            ("a-1-1build-py3-none-any.whl", Some(true)),
            ("PyYAML-5.4-cp39-cp39-manylinux1_x86_64.whl", Some(false)),
            ("PyYAML-6.0.1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", Some(true)),
            ("PyYAML-6.0.1-cp311-cp311-manylinux2014_aarch64.whl", Some(false)),
            ("PyYAML-6.0.1-cp311-cp311-win_amd64.whl", Some(false)),
            ("c-1-cp37-abi3-musllinux_1_1_x86_64.whl", Some(true)),
            ("c-1-cp312-abi3-manylinux_2_28_x86_64.whl", Some(false)),
            ("c-1.tar.gz", None),
        ] {
            assert_eq!(LINUX.fits(file), fits, "{file}");
        }
        let mac = Here { minor: 11, system: ("macos", "aarch64") };
        assert_eq!(mac.fits("a-1-cp311-cp311-macosx_11_0_arm64.whl"), Some(true));
        assert_eq!(mac.fits("a-1-cp311-cp311-macosx_10_9_x86_64.whl"), Some(false));
        let windows = Here { minor: 11, system: ("windows", "x86_64") };
        assert_eq!(windows.fits("a-1-cp311-cp311-win_amd64.whl"), Some(true));
    }

    #[test]
    fn the_python_that_runs_is_told_by_uv() {
        let words = "Using CPython 3.11.7 interpreter at: bin/python3\nResolved 2 packages";
        assert_eq!(Here::of(words).map(|here| here.minor), Some(11));
        assert!(Here::of("Resolved 2 packages").is_none());
    }

    #[test]
    fn only_what_came_in_and_does_not_fit_is_told() {
        let locked = |version: &str, tag: &str, marker: &str| {
            format!(
                "[[package]]\nname = \"demo\"\nversion = \"1\"\nsource = {{ virtual = \".\" }}\n\
                 dependencies = [{{ name = \"left\"{marker} }}]\n\n[[package]]\nname = \"left\"\n\
                 version = \"{version}\"\nsource = {{ registry = \"https://registry.example\" }}\n\
                 wheels = [{{ url = \"https://registry.example/left-{version}-{tag}.whl\" }}]\n"
            )
        };
        let old = locked("1.0", "cp39-cp39-manylinux1_x86_64", "");
        let new = locked("1.1", "cp39-cp39-manylinux1_x86_64", "");
        let told = unfit((&old, &new), &["Left"], LINUX);
        assert_eq!(told, [("left".to_owned(), "1.1".to_owned())]);
        assert!(unfit((&old, &new), &["right"], LINUX).is_empty());
        assert!(unfit((&new, &new), &["left"], LINUX).is_empty(), "it was there before");
        let fits = locked("1.1", "cp311-cp311-manylinux1_x86_64", "");
        assert!(unfit((&old, &fits), &["left"], LINUX).is_empty());
        let windows = locked("1.1", "cp311-cp311-win_amd64", ", marker = \"os_name == 'nt'\"");
        assert!(unfit((&old, &windows), &["left"], LINUX).is_empty(), "it is for other systems");
    }
}
