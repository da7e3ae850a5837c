//! Gradle's dependency locks.
//!
//! Follows the Gradle manual, "Locking versions". A project has one `gradle.lockfile`, its build
//! script one `buildscript-gradle.lockfile`: `group:name:version=configuration,…` a line, and
//! `empty=` with the configurations that hold nothing. Before Gradle 6.8 (and by option until 7)
//! there was one file per configuration, `gradle/dependency-locks/<configuration>.lockfile`, with
//! `group:name:version` a line.
//!
//! The lock says in which configurations a component is, not who asks for it. A build may name
//! configurations as it likes: one that is not known may well be what is shipped, so a component
//! that is in no known runtime configuration but in an unknown one has an unknown scope.

use std::collections::HashMap;

use trimtab_model::{Code, Component, Diagnostic, Family, FileInventory, Purl, Scope};

use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "gradle-lockfile",
    title: "Gradle dependency lock",
    family: Some(Family::Maven),
    kind: FormatKind::Lockfile,
    names: "gradle.lockfile, buildscript-gradle.lockfile, gradle/dependency-locks/*.lockfile",
    claims,
    sniff: None,
    extract,
};

fn claims(path: &str) -> bool {
    path.ends_with("gradle.lockfile") || configuration(path).is_some()
}

/// The configuration that a lock of the older layout is of.
fn configuration(path: &str) -> Option<&str> {
    let (folder, name) = path.rsplit_once('/')?;
    (view::file_name(folder) == "dependency-locks").then(|| name.strip_suffix(".lockfile"))?
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let script = view.name().starts_with("buildscript-");
    let of_file = configuration(view.path);
    let mut out = FileInventory::default();
    let mut seen: HashMap<&str, u32> = HashMap::new();
    for (number, line) in text.lines().enumerate() {
        let number = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("empty=") {
            continue;
        }
        let (coordinates, configurations) = line.split_once('=').unwrap_or((line, ""));
        let coordinates = coordinates.trim();
        let Some(purl) = locked(coordinates) else {
            out.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    "a line is not `group:name:version=configurations`",
                )
                .at_line(number)
                .help("write the lock again with `gradle dependencies --write-locks`"),
            );
            continue;
        };
        let at = *seen.entry(coordinates).or_insert_with(|| {
            let mut component = Component::new(purl);
            component.line = Some(number);
            out.add(component)
        });
        if let Some(component) = out.components.get_mut(at as usize) {
            let named = configurations.split(',').map(str::trim).filter(|c| !c.is_empty());
            component.groups.extend(named.chain(of_file).map(Into::into));
            component.groups.dedup();
            component.scope = if script { Scope::Build } else { scope_of_all(&component.groups) };
        }
    }
    Ok(out)
}

fn locked(coordinates: &str) -> Option<Purl> {
    let mut parts = coordinates.split(':');
    let (group, name, version) = (parts.next()?, parts.next()?, parts.next()?);
    let stated = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    (parts.next().is_none() && [group, name, version].into_iter().all(stated))
        .then(|| Purl::new("maven", Some(group), name).with_version(version))
}

fn scope_of_all(configurations: &[Box<str>]) -> Scope {
    let scopes = || configurations.iter().map(|c| scope(c));
    let strongest = scopes().max().unwrap_or_default();
    if strongest != Scope::Runtime && scopes().any(|s| s == Scope::Unknown) {
        Scope::Unknown
    } else {
        strongest
    }
}

/// What a configuration of the Java, Kotlin, Android and Spring Boot plugins, or of a common
/// checker, is for. Source sets and variants prefix the name: `nonprodRuntimeClasspath`.
pub(super) fn scope(configuration: &str) -> Scope {
    const CHECKERS: [&str; 15] = [
        "checkstyle",
        "codenarc",
        "detekt",
        "errorprone",
        "findbugs",
        "googlejavaformat",
        "jacoco",
        "kotlinbta",
        "kotlincompiler",
        "kotlinklib",
        "ktlint",
        "pmd",
        "spotbugs",
        "spotless",
        "jmh",
    ];
    let name = configuration.to_ascii_lowercase();
    if name.starts_with("test") && !name.starts_with("testanddevelopmentonly") {
        return Scope::Test;
    }
    // `androidTestImplementation`, `integrationTestRuntimeClasspath`, `debugUnitTestCompileClasspath`.
    if configuration.contains("Test") {
        return Scope::Test;
    }
    if name.ends_with("developmentonly") || CHECKERS.iter().any(|c| name.starts_with(c)) {
        return Scope::Development;
    }
    let runtime = ["runtimeclasspath", "runtime", "runtimeonly", "implementation", "api"];
    if runtime.iter().any(|r| name.ends_with(r)) && !name.starts_with("provided")
        || matches!(&*name, "compile" | "default" | "runtimeelements")
    {
        return Scope::Runtime;
    }
    let build = ["compileclasspath", "compileonly", "compileonlyapi", "annotationprocessor"];
    let generated = ["kapt", "ksp", "provided", "compileonly"];
    if name == "classpath"
        || name == "buildscript-classpath"
        || build.iter().any(|b| name.ends_with(b))
        || generated.iter().any(|g| name.starts_with(g))
    {
        return Scope::Build;
    }
    Scope::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_have_scopes() {
        for (names, expected) in [
            ("compileClasspath,runtimeClasspath", Scope::Runtime),
            ("compileClasspath", Scope::Build),
            ("compileClasspath,testRuntimeClasspath", Scope::Build),
            ("testCompileClasspath,testRuntimeClasspath", Scope::Test),
            ("debugAndroidTestRuntimeClasspath", Scope::Test),
            ("nonprodRuntimeClasspath", Scope::Runtime),
            ("annotationProcessor,testAnnotationProcessor", Scope::Build),
            ("checkstyle", Scope::Development),
            ("jacocoAgent,checkstyle", Scope::Development),
            ("developmentOnly,testRuntimeClasspath", Scope::Development),
            ("deploy_jar", Scope::Unknown),
            ("deploy_jar,testRuntimeClasspath", Scope::Unknown),
            ("deploy_jar,runtimeClasspath", Scope::Runtime),
            ("providedRuntime", Scope::Build),
            ("", Scope::Unknown),
        ] {
            let configurations: Vec<Box<str>> =
                names.split(',').filter(|n| !n.is_empty()).map(Into::into).collect();
            assert_eq!(scope_of_all(&configurations), expected, "{names}");
        }
    }

    #[test]
    fn names_are_claimed() {
        assert!(claims("a/gradle.lockfile"));
        assert!(claims("buildscript-gradle.lockfile"));
        assert!(claims("app/gradle/dependency-locks/compileClasspath.lockfile"));
        assert!(!claims("app/other.lockfile"));
    }
}
