//! Short lessons of ours about weaknesses: what one is, how it is exploited, how to avoid it. One file per weakness in
//! `lessons/`; the names of weaknesses are those of the Common Weakness Enumeration.

/// A lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lesson {
    /// The number of the weakness.
    pub cwe: u32,
    /// What it is called here.
    pub title: &'static str,
    /// What it is.
    pub what: &'static str,
    /// How it is exploited.
    pub exploited: &'static str,
    /// How to avoid it.
    pub avoided: &'static str,
}

/// The files, by number.
const FILES: &[(u32, &str)] = &[
    (20, include_str!("../lessons/cwe-20.md")),
    (22, include_str!("../lessons/cwe-22.md")),
    (59, include_str!("../lessons/cwe-59.md")),
    (74, include_str!("../lessons/cwe-74.md")),
    (77, include_str!("../lessons/cwe-77.md")),
    (78, include_str!("../lessons/cwe-78.md")),
    (79, include_str!("../lessons/cwe-79.md")),
    (89, include_str!("../lessons/cwe-89.md")),
    (94, include_str!("../lessons/cwe-94.md")),
    (116, include_str!("../lessons/cwe-116.md")),
    (119, include_str!("../lessons/cwe-119.md")),
    (125, include_str!("../lessons/cwe-125.md")),
    (190, include_str!("../lessons/cwe-190.md")),
    (200, include_str!("../lessons/cwe-200.md")),
    (203, include_str!("../lessons/cwe-203.md")),
    (269, include_str!("../lessons/cwe-269.md")),
    (284, include_str!("../lessons/cwe-284.md")),
    (287, include_str!("../lessons/cwe-287.md")),
    (295, include_str!("../lessons/cwe-295.md")),
    (306, include_str!("../lessons/cwe-306.md")),
    (327, include_str!("../lessons/cwe-327.md")),
    (352, include_str!("../lessons/cwe-352.md")),
    (362, include_str!("../lessons/cwe-362.md")),
    (400, include_str!("../lessons/cwe-400.md")),
    (416, include_str!("../lessons/cwe-416.md")),
    (434, include_str!("../lessons/cwe-434.md")),
    (444, include_str!("../lessons/cwe-444.md")),
    (476, include_str!("../lessons/cwe-476.md")),
    (502, include_str!("../lessons/cwe-502.md")),
    (506, include_str!("../lessons/cwe-506.md")),
    (601, include_str!("../lessons/cwe-601.md")),
    (611, include_str!("../lessons/cwe-611.md")),
    (674, include_str!("../lessons/cwe-674.md")),
    (770, include_str!("../lessons/cwe-770.md")),
    (787, include_str!("../lessons/cwe-787.md")),
    (798, include_str!("../lessons/cwe-798.md")),
    (835, include_str!("../lessons/cwe-835.md")),
    (862, include_str!("../lessons/cwe-862.md")),
    (863, include_str!("../lessons/cwe-863.md")),
    (917, include_str!("../lessons/cwe-917.md")),
    (918, include_str!("../lessons/cwe-918.md")),
    (1321, include_str!("../lessons/cwe-1321.md")),
    (1333, include_str!("../lessons/cwe-1333.md")),
];

fn read((cwe, text): (u32, &'static str)) -> Option<Lesson> {
    let (what, rest) = text.split_once("\n## How it is exploited\n")?;
    let (exploited, avoided) = rest.split_once("\n## How to avoid it\n")?;
    let (title, what) = what.strip_prefix("# ")?.split_once('\n')?;
    Some(Lesson {
        cwe,
        title: title.trim(),
        what: what.trim(),
        exploited: exploited.trim(),
        avoided: avoided.trim(),
    })
}

/// Every lesson, by the number of its weakness.
pub fn all() -> impl Iterator<Item = Lesson> {
    FILES.iter().filter_map(|file| read(*file))
}

/// The lesson about a weakness, by its name (`CWE-79`). `None`: there is none yet.
pub fn of(name: &str) -> Option<Lesson> {
    let number: u32 = name.strip_prefix("CWE-")?.parse().ok()?;
    FILES.iter().find(|(cwe, _)| *cwe == number).and_then(|file| read(*file))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The 25 most dangerous weaknesses of 2024.
    const DANGEROUS: [u32; 25] = [
        79, 787, 89, 352, 22, 125, 78, 416, 862, 434, 94, 20, 77, 287, 269, 502, 200, 863, 918,
        119, 476, 798, 190, 400, 306,
    ];

    #[test]
    fn every_file_is_a_lesson_with_all_its_parts() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/lessons");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let told: BTreeSet<String> = all().map(|is| format!("cwe-{}.md", is.cwe)).collect();
        assert_eq!(told, files);
        for is in all() {
            for part in [is.title, is.what, is.exploited, is.avoided] {
                assert!(!part.is_empty() && !part.contains('#'), "{is:?}");
            }
            assert!(is.what.len() + is.exploited.len() + is.avoided.len() < 900, "short: {is:?}");
        }
    }

    #[test]
    fn the_most_dangerous_have_one() {
        for cwe in DANGEROUS {
            assert_eq!(of(&format!("CWE-{cwe}")).map(|is| is.cwe), Some(cwe));
        }
        for none in ["CWE-", "CWE-x", "79", "CWE-99999", ""] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
