//! Where results go: `--format X` with `--output FILE`, and any number of `--output FORMAT=FILE`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::{OsStringValueParser, TypedValueParser};
use trimtab_model::{Code, Diagnostic};

/// A file, with the format that goes into it where one is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target<F> {
    /// The format. `None`: the one that `--format` names.
    pub format: Option<F>,
    /// The file.
    pub file: PathBuf,
}

/// How a target is read from the command line.
pub fn target<F: ValueEnum + Send + Sync + 'static>() -> impl TypedValueParser<Value = Target<F>> {
    OsStringValueParser::new().try_map(read::<F>)
}

/// `FORMAT=FILE` or `FILE`. What looks like a format and is none is a slip, and not the name of a file.
fn read<F: ValueEnum>(text: OsString) -> Result<Target<F>, String> {
    let named = text.to_str().and_then(|text| text.split_once('='));
    let Some((word, file)) = named.filter(|(word, _)| is_word(word)) else {
        return Ok(Target { format: None, file: text.into() });
    };
    let Ok(format) = F::from_str(word, false) else {
        let known = F::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let known: Vec<String> = known.map(|v| v.get_name().to_owned()).collect();
        let known = known.join(", ");
        return Err(format!(
            "`{word}` is not a format: {known}; for a file of this name, write `./{word}=…`"
        ));
    };
    if file.is_empty() {
        return Err(format!("name a file after `{word}=`"));
    }
    Ok(Target { format: Some(format), file: file.into() })
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// Every format with where it goes, the files first. `None` is standard output: it gets what `--format`
/// names, unless that goes to a file.
///
/// # Errors
/// Two results would go to one file, or two files have no format of their own.
pub fn pairs<F: Copy>(
    format: F,
    targets: &[Target<F>],
) -> Result<Vec<(F, Option<PathBuf>)>, Diagnostic> {
    let usage = |message: String, help: &str| Diagnostic::new(Code::Usage, message).help(help);
    let mut all: Vec<(F, Option<PathBuf>)> = Vec::with_capacity(targets.len() + 1);
    for target in targets {
        if all.iter().any(|(_, file)| file.as_ref() == Some(&target.file)) {
            let message = format!("two results would go to `{}`", target.file.display());
            return Err(usage(message, "name another file for one of them"));
        }
        // Told before the work and not after it.
        let folder = target.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let file = target.file.display();
            let message =
                format!("`{file}` cannot be written: there is no folder `{}`", folder.display());
            return Err(usage(message, "make the folder, or name another file"));
        }
        all.push((target.format.unwrap_or(format), Some(target.file.clone())));
    }
    let plain = targets.iter().filter(|t| t.format.is_none());
    match plain.count() {
        0 => all.push((format, None)),
        1 => {}
        _ => {
            return Err(usage(
                "two files have no format of their own".to_owned(),
                "name the format before each file: --output sarif=FILE",
            ));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
    enum Kind {
        Text,
        StepSummary,
    }

    fn of(text: &str) -> Result<Target<Kind>, String> {
        read(text.into())
    }

    #[test]
    fn a_format_stands_before_the_file() {
        let file = |format, file: &str| Ok(Target { format, file: file.into() });
        for (text, expected) in [
            ("a.json", file(None, "a.json")),
            ("text=a=b", file(Some(Kind::Text), "a=b")),
            ("step-summary=/dev/stdout", file(Some(Kind::StepSummary), "/dev/stdout")),
            ("./text=a", file(None, "./text=a")),
            ("=a", file(None, "=a")),
            ("x y=a", file(None, "x y=a")),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
        assert!(of("txt=a").unwrap_err().contains("`txt` is not a format: text, step-summary"));
        assert!(of("text=").unwrap_err().contains("name a file"));
    }

    #[test]
    fn standard_output_gets_what_goes_to_no_file() {
        let go = |targets: &[&str]| {
            let targets: Vec<_> = targets.iter().map(|t| of(t).unwrap()).collect();
            pairs(Kind::Text, &targets)
        };
        assert_eq!(go(&[]).unwrap(), [(Kind::Text, None)]);
        assert_eq!(go(&["a"]).unwrap(), [(Kind::Text, Some("a".into()))]);
        assert_eq!(
            go(&["step-summary=a"]).unwrap(),
            [(Kind::StepSummary, Some("a".into())), (Kind::Text, None)]
        );
        assert_eq!(
            go(&["step-summary=a", "b"]).unwrap(),
            [(Kind::StepSummary, Some("a".into())), (Kind::Text, Some("b".into()))]
        );
        assert!(go(&["a", "b"]).is_err());
        assert!(go(&["text=a", "step-summary=a"]).is_err());
    }
}
