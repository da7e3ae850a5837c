//! Which suites and formats are compared, and where we read something else on purpose.

/// Suite, folder, and our format.
pub(crate) const SUITES: &[(&str, &str, &str)] = &[
    ("scalibr", "csproj", "csproj"),
    ("scalibr", "depsjson", "deps-json"),
    ("scalibr", "packagesconfig", "packages-config"),
    ("scalibr", "packageslockjson", "nuget-lock"),
    ("scalibr", "mixlock", "mix-lock"),
    ("scalibr", "pubspec", "pubspec-lock"),
    ("scalibr", "packageresolved", "package-resolved"),
    ("scalibr", "podfilelock", "podfile-lock"),
    ("scalibr", "conanlock", "conan-lock"),
    ("scalibr", "renvlock", "renv-lock"),
    ("scalibr", "cabal", "cabal-freeze"),
    ("scalibr", "stacklock", "stack-lock"),
    ("scalibr", "manifesttoml", "julia-manifest"),
    ("scalibr", "githubactions", "github-workflow"),
    ("scalibr", "dockerbaseimage", "dockerfile"),
    ("scalibr", "dpkg", "dpkg-status"),
    ("scalibr", "apk", "apk-installed"),
    ("trivy", "nuget-lock", "nuget-lock"),
    ("trivy", "dotnet-core_deps", "deps-json"),
    ("trivy", "julia-manifest", "julia-manifest"),
];

/// Where we read something else on purpose: the case, one line of the difference, the reason.
pub(crate) const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("scalibr/csproj: package with empty Version attribute", "extra: LiteDB@", NO_VERSION),
    ("scalibr/csproj: package without Version attribute", "extra: LiteDB@", NO_VERSION),
    (
        "scalibr/renvlock: with mixed sources",
        "extra: mime@0.12.1",
        "a remote is used too: origin Git",
    ),
    (
        "scalibr/renvlock: with bioconductor",
        "extra: BSgenome@1.60.0",
        "Bioconductor is an ecosystem of its own, with advisories",
    ),
    (
        "scalibr/renvlock: without repository",
        "extra: morning@0.1.0",
        "it is used; where it comes from is unstated",
    ),
    (
        "scalibr/cabal: valid stack.yaml.lock file with package problems",
        "extra: foo@2.4.0.3",
        "a constraint without `any.` is what older versions of Cabal wrote, and pins",
    ),
    (
        "scalibr/manifesttoml: no version dependency - should be filtered out",
        "extra: Unicode@",
        "the standard library is used; its version is unknown",
    ),
    (
        "scalibr/githubactions: edge_cases_skip_local_docker_and_malformed",
        "extra: alpine@3.18",
        "an image that a step runs in is used",
    ),
    (
        "scalibr/githubactions: invalid_yaml_no_packages_no_error",
        "failed: file-malformed",
        "what could not be looked at is said (TRAPS 37)",
    ),
    ("scalibr/dockerbaseimage: larger than size limit", "extra: nginx@1.27.4", SIZE_LIMIT),
    ("scalibr/dockerbaseimage: larger than size limit", "extra: ubuntu@latest", SIZE_LIMIT),
    (
        "scalibr/dpkg: statusfield",
        "extra: wantinstall_unpacked@1.0",
        "the files of an unpacked package are there, and so are their flaws",
    ),
    (
        "scalibr/dpkg: status.d file without Status field set should work",
        "failed: file-malformed",
        "`foo.md5sums` is not claimed, so the walker never asks for it",
    ),
    (
        "trivy/nuget-lock: 1",
        "extra: my.project@",
        "another project of the solution, with origin path: edges lead through it",
    ),
    (NO_RUNTIME, "extra: Microsoft.NETCore.App@1.1.2", COMPILED_AGAINST),
    (NO_RUNTIME, "extra: Microsoft.NETCore.Platforms@1.1.0", COMPILED_AGAINST),
    (NO_RUNTIME, "extra: NETStandard.Library@1.6.0", COMPILED_AGAINST),
    (NO_RUNTIME, "extra: System.Net.Http@4.1.0", COMPILED_AGAINST),
    (
        "trivy/julia-manifest: Manifest file doesn't contain child dependency of another dependency",
        "did not fail",
        DIAGNOSED,
    ),
    (
        "trivy/julia-manifest: Manifest file contains multiple dependencies with same name",
        "did not fail",
        DIAGNOSED,
    ),
];

pub(crate) const NO_VERSION: &str =
    "a reference without a version is used, and reported as floating";
pub(crate) const SIZE_LIMIT: &str = "the suite sets a limit of a few bytes; ours is the walker's";
pub(crate) const NO_RUNTIME: &str = "trivy/dotnet-core_deps: happy path with skipped libs";
pub(crate) const COMPILED_AGAINST: &str =
    "not deployed, so of scope build; it brings in what is deployed";
pub(crate) const DIAGNOSED: &str =
    "the bad edge is a diagnostic with its line, and the packages are listed (TRAPS 34)";

/// Formats of this file's family: every one is fed with broken input below.
pub(crate) const FORMATS: &[&str] = &[
    "nuget-lock",
    "packages-config",
    "deps-json",
    "project-assets",
    "csproj",
    "mix-lock",
    "pubspec-lock",
    "package-resolved",
    "podfile-lock",
    "conan-lock",
    "renv-lock",
    "cabal-freeze",
    "stack-lock",
    "julia-manifest",
    "github-workflow",
    "dockerfile",
    "terraform-lock",
    "dpkg-status",
    "apk-installed",
];

/// Cases of a switch that we do not have.
pub(crate) const NOT_OURS: &[&str] = &["scalibr/dpkg: statusfield including not installed"];
