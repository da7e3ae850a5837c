//! What is derived from code: compared here, written by `cargo xtask generate`.

use std::fmt::Write;
use std::path::Path;

use crate::command::{Terminal, run, run_with};
use trimtab_extract::{FORMATS, FormatKind};
use trimtab_model::Code;

/// Compares a file with its text, or writes it when asked to.
fn check(path: &str, text: &str) {
    let file = trimtab_testkit::repository().join(path);
    if std::env::var_os("TRIMTAB_GENERATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))
            .expect("the folder can be made");
        std::fs::write(&file, text).expect("the file can be written");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == text, "{path} is not fresh: run `cargo xtask generate`");
}

#[test]
fn the_page_of_formats() {
    let mut text =
        "# Formats\n\nWhat Trimtab reads. Made from the registry by `cargo xtask generate`.\n"
            .to_owned();
    for (kind, title) in [
        (FormatKind::Lockfile, "Lockfiles"),
        (FormatKind::Manifest, "Manifests"),
        (FormatKind::Configuration, "Build and delivery"),
        (FormatKind::Sbom, "SBOMs"),
    ] {
        let _ = write!(
            text,
            "\n## {title}\n\n| id | format | ecosystem | files |\n|---|---|---|---|\n"
        );
        for format in FORMATS.iter().filter(|f| f.kind == kind) {
            let family = format.family.map_or("any", |f| f.osv_name());
            let names: Vec<_> =
                format.names.split(',').map(|n| format!("`{}`", n.trim())).collect();
            let _ = writeln!(
                text,
                "| `{}` | {} | {family} | {} |",
                format.id,
                format.title,
                names.join(", ")
            );
        }
    }
    check("docs/generated/formats.md", &text);
}

#[test]
fn the_page_of_diagnostics() {
    let mut text = "# Diagnostics\n\nEvery code that Trimtab prints, what it means, and whether it makes a scan incomplete (exit code 3).\nMade from the table of codes by `cargo xtask generate`.\n\n| code | severity | incomplete | meaning |\n|---|---|---|---|\n".to_owned();
    for code in Code::ALL {
        let incomplete = if code.makes_incomplete() { "yes" } else { "no" };
        let _ = writeln!(
            text,
            "| `{code}` | {} | {incomplete} | {} |",
            code.severity().as_str(),
            code.about()
        );
    }
    check("docs/generated/diagnostics.md", &text);
}

#[test]
fn the_page_of_the_command_line() {
    let mut text =
        "# The command line\n\nMade from the definitions that `--help` prints, by `cargo xtask generate`.\n".to_owned();
    let verbs: &[&[&str]] = &[
        &[],
        &["scan"],
        &["sbom"],
        &["sbom", "convert"],
        &["sbom", "diff"],
        &["sbom", "merge"],
        &["sbom", "check"],
        &["db"],
        &["db", "update"],
        &["db", "status"],
        &["db", "verify"],
        &["db", "diff"],
        &["explain"],
        &["plan"],
        &["backtest"],
        &["gate"],
        &["apply"],
        &["requests"],
        &["rollback"],
        &["check-new"],
        &["charter"],
        &["charter", "init"],
        &["charter", "presets"],
        &["charter", "check"],
        &["charter", "explain"],
        &["charter", "diff"],
        &["exceptions"],
        &["exceptions", "check"],
        &["exceptions", "import"],
        &["vex"],
        &["vex", "preview"],
        &["vex", "write"],
        &["policy"],
        &["policy", "test"],
        &["policy", "list"],
        &["policy", "show"],
        &["why"],
        &["convert"],
        &["compare"],
        &["serve"],
        &["push"],
        &["deployed"],
        &["ledger"],
        &["ledger", "verify"],
        &["ledger", "export"],
        &["store"],
        &["store", "backup"],
        &["store", "restore"],
        &["store", "migrate"],
        &["store", "organisation"],
        &["demo"],
        &["formats"],
        &["completions"],
        &["man"],
    ];
    for verb in verbs {
        let mut args = verb.to_vec();
        args.push("--help");
        let ran = run(&args);
        assert_eq!(ran.exit, trimtab_cli::Exit::Clean, "{}", ran.err);
        let name =
            std::iter::once("trimtab").chain(verb.iter().copied()).collect::<Vec<_>>().join(" ");
        let help: Vec<_> = ran.out.lines().map(str::trim_end).collect();
        let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", help.join("\n").trim());
    }
    check("docs/generated/command-line.md", &text);
}

#[test]
fn the_schema_of_the_json() {
    let text = format!("{:#}\n", trimtab_report::json::schema());
    check("docs/schemas/scan-1.schema.json", &text);
    let text = format!("{:#}\n", trimtab_report::gate::json::schema());
    check("docs/schemas/gate-1.schema.json", &text);
    let text = format!("{:#}\n", trimtab_report::selection::json::schema());
    check("docs/schemas/selection-1.schema.json", &text);
    let text = format!("{:#}\n", trimtab_report::plan::json::schema());
    check("docs/schemas/plan-1.schema.json", &text);
    let text = format!("{:#}\n", trimtab_report::backtest::json::schema());
    check("docs/schemas/backtest-1.schema.json", &text);
    let text = format!("{:#}\n", trimtab_report::applied::json::schema());
    check("docs/schemas/applied-1.schema.json", &text);
    let text = format!("{:#}\n", trimtab_report::finished::schema());
    check("docs/schemas/finished-1.schema.json", &text);
    let text = format!("{:#}\n", trimtab_report::requests::json::schema());
    check("docs/schemas/requests-1.schema.json", &text);
}

#[test]
fn the_schemas_of_what_people_write() {
    for (name, schema) in [
        ("charter", trimtab_charter::charter_schema()),
        ("project", trimtab_charter::project_schema()),
        ("exceptions", trimtab_decisions::exceptions::schema()),
    ] {
        let text = format!("{:#}\n", schema.to_value());
        check(&format!("docs/schemas/{name}-1.schema.json"), &text);
    }
}

#[test]
fn the_page_of_worked_examples() {
    check(
        "docs/generated/charter-framework.md",
        &format!(
            "# The framework, in words\n\nWhat `trimtab charter explain framework` tells. Made by `cargo xtask generate`.\n\n```text\n{}```\n",
            trimtab_charter::tell::write(&trimtab_charter::preset::default(), 100)
        ),
    );
}

#[test]
fn the_picture_of_the_readme() {
    let ran = run_with(&["demo"], "", Terminal { colour: true, ascii: false });
    check("docs/images/demo.svg", &picture(&ran.out));
    assert!(trimtab_testkit::repository().join("README.md").exists());
}

/// A terminal's text as SVG: bold, dim and the eight colours that the table uses.
fn picture(ansi: &str) -> String {
    const LINE: usize = 19;
    let lines: Vec<&str> = ansi.trim_end().lines().collect();
    let (width, height) = (100 * 8 + 42, lines.len() * LINE + 40);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"The output of trimtab demo\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#14171A\"/>\n\
         <g font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"13.3\" fill=\"#E8EAED\">\n"
    );
    for (i, line) in lines.iter().enumerate() {
        let _ = write!(svg, "<text x=\"20\" y=\"{}\">", 30 + i * LINE);
        for (n, part) in line.split('\u{1b}').enumerate() {
            let (code, text) = if n == 0 {
                ("0", part)
            } else {
                part.trim_start_matches('[').split_once('m').unwrap_or(("0", part))
            };
            // Renderers collapse plain spaces, whatever `xml:space` says.
            let text = text
                .replace(' ', "\u{a0}")
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            let style = match code {
                "1" => " font-weight=\"bold\"",
                "2" => " fill=\"#A4ACB6\"",
                "31" => " fill=\"#FF8A80\"",
                "33" => " fill=\"#FFB074\"",
                "36" => " fill=\"#E5C45A\"",
                "32" => " fill=\"#8FD1AE\"",
                "35" => " fill=\"#B6B9F2\"",
                _ => "",
            };
            if !text.is_empty() {
                let _ = write!(svg, "<tspan{style}>{text}</tspan>");
            }
        }
        svg.push_str("</text>\n");
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}
