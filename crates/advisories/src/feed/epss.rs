//! FIRST's Exploit Prediction Scoring System: one csv of all CVEs for each day, mostly gzipped.
//!
//! The first line is a comment (`#model_version:…,score_date:…`), the second names the columns,
//! each further one is `CVE-…,probability,percentile`. Read line by line: memory does not grow
//! with the file.

use std::io::{self, BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use trimtab_model::advisory::Epss;

use super::kev::is_cve;

/// The most bytes that are read, unpacked. A day's file has about 10 MB.
const MAX_BYTES: u64 = 256 << 20;
/// The longest line.
const MAX_LINE: u64 = 4096;

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Day {
    /// The day of the scores (`2026-01-30`), else the file's comment line has none.
    pub date: Box<str>,
    /// Rows with a score.
    pub rows: u64,
    /// Rows that could not be understood.
    pub skipped: u64,
}

/// Reads scores, gzipped or not, and hands each row to `each`.
///
/// # Errors
/// The stream cannot be read, is not gzip after all, or has no row of scores.
pub fn read(input: impl Read, mut each: impl FnMut(&str, Epss)) -> io::Result<Day> {
    let mut input = BufReader::new(input);
    let gzipped = input.fill_buf()?.starts_with(&[0x1F, 0x8B]);
    let plain: Box<dyn Read + '_> =
        if gzipped { Box::new(MultiGzDecoder::new(input)) } else { Box::new(input) };
    let mut lines = BufReader::with_capacity(1 << 16, plain.take(MAX_BYTES));
    let mut day = Day { date: "unknown".into(), ..Day::default() };
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut lines).take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let Ok(text) = std::str::from_utf8(&line) else {
            day.skipped += 1;
            continue;
        };
        let text = text.trim();
        if let Some(comment) = text.strip_prefix('#') {
            if let Some(date) = score_date(comment) {
                day.date = date.into();
            }
        } else if let Some((cve, epss)) = row(text) {
            day.rows += 1;
            each(cve, epss);
        } else if !text.is_empty() && !text.starts_with("cve,") {
            day.skipped += 1;
        }
    }
    if day.rows == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it has no row of scores"));
    }
    Ok(day)
}

fn score_date(comment: &str) -> Option<&str> {
    let date = comment.split(',').find_map(|part| part.trim().strip_prefix("score_date:"))?;
    date.get(..10)
}

fn row(text: &str) -> Option<(&str, Epss)> {
    let mut fields = text.split(',').map(str::trim);
    let cve = fields.next().filter(|cve| is_cve(cve))?;
    let probability: f64 = fields.next()?.parse().ok()?;
    let percentile: f64 = fields.next()?.parse().ok()?;
    let valid = (0.0..=1.0).contains(&probability) && (0.0..=1.0).contains(&percentile);
    valid.then_some((cve, Epss { probability, percentile }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rows_and_counts_the_rest() {
        let text = "#model_version:v1,score_date:2026-01-30T12:55:00Z\ncve,epss,percentile\n\
                    CVE-1999-0001,0.01151,0.78086\nCVE-2026-25210,5e-05,0.00191\n\
                    CVE-2026-1,7,0.1\nCVE-2026-2,NaN,0.1\nnonsense\n";
        let mut rows = Vec::new();
        let day = read(text.as_bytes(), |cve, epss| rows.push((cve.to_owned(), epss))).unwrap();
        assert_eq!((&*day.date, day.rows, day.skipped), ("2026-01-30", 2, 3));
        assert_eq!(rows[1].0, "CVE-2026-25210");
        assert!((rows[1].1.probability - 0.000_05).abs() < 1e-12);
        assert!(read(&b""[..], |_, _| {}).is_err());
        assert!(read(&[0x1F, 0x8B, 0, 0][..], |_, _| {}).is_err());
    }
}
