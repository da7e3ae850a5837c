//! What `go mod tidy` reads of a Go file: its build constraints, its package clause and its imports. The rest of the
//! project's code does not get into a copy.

/// A Go file up to the end of its imports. One that cannot be read so far is kept whole: Go says what is wrong with it.
pub(super) fn head(text: &str) -> String {
    match end(text) {
        Some(end) => format!("{}\n", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// Where the last import ends, or the package clause without one. `None`: it is not Go as far as that.
fn end(text: &str) -> Option<usize> {
    let mut rest = Rest { text, at: 0 };
    rest.take("\u{feff}");
    rest.blank()?;
    rest.word("package")?;
    rest.blank()?;
    rest.name()?;
    let mut end = rest.at;
    loop {
        rest.separated()?;
        if rest.word("import").is_none() {
            return Some(end);
        }
        rest.blank()?;
        if rest.take("(") {
            loop {
                rest.separated()?;
                if rest.take(")") {
                    break;
                }
                rest.import()?;
            }
        } else {
            rest.import()?;
        }
        end = rest.at;
    }
}

/// What is left to read of a file.
struct Rest<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Rest<'t> {
    fn left(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, what: &str) -> bool {
        let is_next = self.left().starts_with(what);
        if is_next {
            self.at += what.len();
        }
        is_next
    }

    /// Skips spaces and comments. `None`: a comment does not end.
    fn blank(&mut self) -> Option<()> {
        loop {
            let left = self.left();
            let trimmed = left.trim_start_matches([' ', '\t', '\r', '\n']);
            self.at += left.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if let Some(comment) = trimmed.strip_prefix("/*") {
                self.at += comment.find("*/")? + "/**/".len();
            } else {
                return Some(());
            }
        }
    }

    /// Skips what may stand between statements.
    fn separated(&mut self) -> Option<()> {
        self.blank()?;
        while self.take(";") {
            self.blank()?;
        }
        Some(())
    }

    /// Takes this word, and not a longer one that begins like it.
    fn word(&mut self, word: &str) -> Option<()> {
        let rest = self.left().strip_prefix(word)?;
        if rest.starts_with(is_of_name) {
            return None;
        }
        self.at += word.len();
        Some(())
    }

    fn name(&mut self) -> Option<()> {
        let left = self.left();
        let length = left.find(|c| !is_of_name(c)).unwrap_or(left.len());
        self.at += length;
        (length > 0).then_some(())
    }

    /// `"path"`, or `name "path"`, where the name may be a dot.
    fn import(&mut self) -> Option<()> {
        if !self.left().starts_with(['"', '`']) {
            if !self.take(".") {
                self.name()?;
            }
            self.blank()?;
        }
        let left = self.left();
        let quote = left.chars().next().filter(|c| ['"', '`'].contains(c))?;
        let path = left.get(1..)?;
        let length = path.find(quote)?;
        // Neither stands in the path of a package: then the text is no import.
        if path.get(..length)?.contains(['\n', '\\']) {
            return None;
        }
        self.at += length + 2;
        Some(())
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_after_its_imports() {
        for (kept, dropped) in [
            ("package a", "\n"),
            ("package a", "\n\nfunc main() { import_ := 1 }\n"),
            ("package a", "\n\nvar importer = \"import\"\n"),
            ("package a;import \"b\"", ";func c() {}"),
            ("package a; import . \"b\"; import _ `c`", "\nvar d = `\nimport \"e\"\n`\n"),
            (
                "// Why.\n\n//go:build linux && !cgo\n// +build linux,!cgo\n\n/* a\n * package z */ package a",
                "\n",
            ),
            (
                "package a\n\nimport (\n\t\"b\"\n\tx \"c/d\" // why\n\n\t// import \"e\"\n\t/* f */ _ \"g\"; \"h\"\n)",
                "\ntype t int\n",
            ),
            ("package a\nimport (\"b\")\n// between\nimport()\nimport (\n`c`;)", "\nconst d = 1\n"),
            (
                "package a\n\n// #include <stdio.h>\n// int f(void) { return 0; }\nimport \"C\"",
                "\n\nfunc f() { C.f() }\n",
            ),
            (
                "package a\n\n/*\n#include <x.h>\nimport \"not this\"\n*/\nimport \"C\"\nimport \"b\"",
                "\n",
            ),
            ("package a\r\n\r\nimport (\r\n\t\"b\"\r\n)", "\r\n\r\nfunc c() {}\r\n"),
            ("\u{feff}package ä\nimport ü \"b\"", "\nfunc c() {}"),
            ("package a\nimport\n\"b\"", "\n//go:embed x.txt\nvar x string\n"),
            ("package a\nimport \"b\"", "\nthis is no Go {{{\n"),
        ] {
            assert_eq!(head(&format!("{kept}{dropped}")), format!("{kept}\n"));
        }
    }

    #[test]
    fn what_is_not_understood_is_kept_whole() {
        for text in [
            "",
            "// only a comment",
            "packages a\nimport \"b\"\n",
            "package\n",
            "package a\n/* without an end\nimport \"b\"\n",
            "package a\nimport b\nfunc c() {}\n",
            "package a\nimport (\n\t\"b\"\nfunc c() {}\n",
            "package a\nimport \"b\nfunc c() {}\n\"",
            "package a\nimport \"b\\\"\"\nfunc c() {}\n",
            "<<<<<<< HEAD\npackage a\n",
        ] {
            assert_eq!(head(text), text);
        }
    }
}
