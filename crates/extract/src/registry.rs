//! The table of formats.

use trimtab_model::{Diagnostic, Family, FileInventory};

use crate::format::*;
use crate::view::FileView;

/// What kind of file a format is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatKind {
    /// Says what was resolved.
    Lockfile,
    /// Says what is asked for.
    Manifest,
    /// Configuration of build or delivery that names what it uses.
    Configuration,
    /// A software bill of materials.
    Sbom,
}

/// A format that is read.
pub struct Format {
    /// Stable id, kebab-case.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The ecosystem of its packages, where there is one for all.
    pub family: Option<Family>,
    /// What kind of file it is.
    pub kind: FormatKind,
    /// The names by which files of the format are known, for people, separated by commas.
    pub names: &'static str,
    /// Whether a path (relative to the root) is this format's by its name.
    pub claims: fn(path: &str) -> bool,
    /// Whether content looks like this format: asked where a name has several formats, and where a
    /// file was named explicitly and no format claims its name. `None`: the name decides.
    pub sniff: Option<fn(bytes: &[u8]) -> bool>,
    /// Reads one file. Problems that leave something to tell are in the inventory's diagnostics.
    pub extract: fn(view: &FileView<'_>) -> Result<FileInventory, Diagnostic>,
}

/// Every format that is read.
pub static FORMATS: &[&Format] = &[
    // Rust
    &cargo_lock::FORMAT,
    &cargo_toml::FORMAT,
    // JavaScript
    &package_lock::FORMAT,
    &yarn_v1::FORMAT,
    &yarn_berry::FORMAT,
    &pnpm_lock::FORMAT,
    &bun_lock::FORMAT,
    &deno_lock::FORMAT,
    &package_json::FORMAT,
    // Python
    &poetry_lock::FORMAT,
    &uv_lock::FORMAT,
    &pdm_lock::FORMAT,
    &pipfile_lock::FORMAT,
    &pylock::FORMAT,
    &requirements::FORMAT,
    &pyproject::FORMAT,
    &pipfile::FORMAT,
    &setuptools::FORMAT,
    // conda
    &conda_lock::FORMAT,
    &conda_explicit::FORMAT,
    &pixi_lock::FORMAT,
    &environment_yml::FORMAT,
    // Go
    &go_mod::FORMAT,
    // Java
    &pom_xml::FORMAT,
    &gradle_lockfile::FORMAT,
    &gradle_verification::FORMAT,
    &gradle_catalog::FORMAT,
    &gradle_build::FORMAT,
    // Ruby
    &gemfile_lock::FORMAT,
    &gemfile::FORMAT,
    // PHP
    &composer_lock::FORMAT,
    &composer_json::FORMAT,
    // .NET
    &nuget_lock::FORMAT,
    &packages_config::FORMAT,
    &deps_json::FORMAT,
    &project_assets::FORMAT,
    &csproj::FORMAT,
    // Elixir, Dart, Swift, Objective-C, C++
    &mix_lock::FORMAT,
    &mix_exs::FORMAT,
    &pubspec_lock::FORMAT,
    &pubspec_yaml::FORMAT,
    &package_resolved::FORMAT,
    &package_swift::FORMAT,
    &podfile_lock::FORMAT,
    &podfile::FORMAT,
    &conan_lock::FORMAT,
    &conanfile::FORMAT,
    // R, Haskell, Julia
    &renv_lock::FORMAT,
    &cabal_freeze::FORMAT,
    &stack_lock::FORMAT,
    &julia_manifest::FORMAT,
    &julia_project::FORMAT,
    // Build and delivery
    &github_workflow::FORMAT,
    &dockerfile::FORMAT,
    &terraform_lock::FORMAT,
    // Operating systems
    &dpkg_status::FORMAT,
    &apk_installed::FORMAT,
    // SBOMs
    &cyclonedx_json::FORMAT,
    &cyclonedx_xml::FORMAT,
    &spdx_json::FORMAT,
    &spdx_tag::FORMAT,
    &spdx_yaml::FORMAT,
    &spdx3_json::FORMAT,
    &syft_json::FORMAT,
];

/// The format with this id.
pub fn by_id(id: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|f| f.id == id)
}

/// The formats that claim a path. Several may, where one name has several formats (`yarn.lock`);
/// `sniff` then tells them apart.
pub fn claiming(path: &str) -> impl Iterator<Item = &'static Format> {
    FORMATS.iter().copied().filter(move |f| (f.claims)(path))
}

/// Whether any format claims a path.
pub fn claims_any(path: &str) -> bool {
    FORMATS.iter().any(|f| (f.claims)(path))
}

/// The first format whose documents look like this.
pub fn sniff(bytes: &[u8]) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|f| f.sniff.is_some_and(|sniff| sniff(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_distinct_and_kebab_case() {
        let mut seen = std::collections::BTreeSet::new();
        for format in FORMATS {
            assert!(seen.insert(format.id), "{} appears twice", format.id);
            assert!(
                format
                    .id
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
        }
    }
}
