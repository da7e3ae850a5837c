//! PDF for everybody: A4, tagged (PDF/UA-1, ISO 14289-1), so that a screen reader tells headings, tables and charts, and
//! with faces that are carried along, so that names are written in Latin, Greek, Cyrillic, Hebrew and Arabic letters
//! everywhere. The same document gives the same bytes.

mod face;
mod laid;
mod written;

use super::Document;

/// The document as PDF. What the faces have no letter for (scripts of East Asia) is drawn as a replacement character, and a
/// last line says so; it is in the text of the file all the same. HTML and Markdown show all of it.
///
/// # Errors
///
/// What keeps it from being written: a document of more than a gigabyte, or a fault of ours, as the writer checks what
/// the standard asks for.
pub fn pdf(document: &Document) -> Result<Vec<u8>, String> {
    written::written(&document.title, laid::laid(document))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::super::{Section, sample};
    use super::*;

    #[test]
    fn the_same_document_gives_the_same_bytes_and_is_tagged() {
        let is = pdf(&sample()).unwrap();
        assert!(is.starts_with(b"%PDF-1.7") && is.trim_ascii_end().ends_with(b"%%EOF"));
        assert_eq!(is, pdf(&sample()).unwrap());
        let text = String::from_utf8_lossy(&is);
        for is_said in ["/StructTreeRoot", "/Lang", "/Outlines", "pdfuaid:part"] {
            assert!(text.contains(is_said), "{is_said}");
        }
    }

    /// `pdftotext` reads it as other programs do. Skipped where it is not installed.
    #[test]
    fn names_are_read_again_in_their_letters() {
        let mut document = sample();
        document.lines = vec!["Łukasz Żółć, Ελένη, Дмитрий, Đặng, שלום".to_owned()];
        document.sections.push(Section { title: "Škoda".to_owned(), ..Section::default() });
        let Some(text) = read_again(&pdf(&document).unwrap()) else {
            eprintln!("SKIPPED: pdftotext is not installed");
            return;
        };
        for name in
            ["Łukasz Żółć", "Ελένη", "Дмитрий", "Đặng", "Škoda", "Raise log4j | \"now\" <b>"]
        {
            assert!(text.contains(name), "{name} in {text}");
        }
        assert!(text.contains("שלום"), "{text}");
        // What cannot be drawn, too.
        assert!(text.contains("„日本“"), "{text}");
    }

    #[test]
    fn an_empty_document_is_written() {
        assert!(pdf(&Document::default()).is_ok());
    }

    proptest! {
        /// Whatever people write, it is written: a panic within the writer would end the process.
        #[test]
        fn whatever_is_said_is_written(texts in prop::collection::vec("\\PC{0,40}|[א-ת ء-ي a-z\u{300}]{0,20}", 1..6)) {
            let mut document = sample();
            document.title.clone_from(&texts[0]);
            document.lines.clone_from(&texts);
            document.sections[0].table.rows.push(vec![texts[0].clone(), texts.concat()]);
            let section = Section { title: texts.concat(), text: texts, ..Section::default() };
            document.sections.push(section);
            prop_assert!(pdf(&document).is_ok(), "{:?}", pdf(&document).err());
        }
    }

    fn read_again(pdf: &[u8]) -> Option<String> {
        let mut child = Command::new("pdftotext")
            .args(["-enc", "UTF-8", "-", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        child.stdin.take()?.write_all(pdf).unwrap();
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success());
        Some(String::from_utf8(out.stdout).unwrap())
    }
}
