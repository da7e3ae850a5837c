//! Every colour that words are written in stands out from both grounds, light and dark.

/// Contrast that all words must have; WCAG AA asks for 4.5.
const LEAST: f64 = 5.5;

const WORDS: &[&str] =
    &["ink", "muted", "accent", "critical", "high", "medium", "low", "unknown", "better", "worse"];

/// The relative luminance of `#RRGGBB`, as WCAG 2 defines it.
fn luminance(colour: &str) -> f64 {
    let part = |at: usize| {
        let value = u8::from_str_radix(&colour[at..at + 2], 16).expect("two digits");
        let share = f64::from(value) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
}

fn contrast(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn words_stand_out() {
    let style = include_str!("../assets/style.css");
    // Light comes first, then dark; what is printed is not checked here.
    let roots: Vec<&str> = style.split(":root {").skip(1).take(2).collect();
    assert_eq!(roots.len(), 2);
    for root in roots {
        let token = |name: &str| {
            let (_, after) = root.split_once(&format!("--{name}: ")).expect(name);
            after.split(';').next().expect("a value").to_owned()
        };
        for ground in ["ground", "raised"] {
            for word in WORDS {
                let reached = contrast(&token(word), &token(ground));
                assert!(reached >= LEAST, "{word} on {ground}: {reached:.2}");
            }
        }
        assert!(contrast(&token("edge"), &token("ground")) >= 3.0, "edges of fields");
    }
    assert!((contrast("#000000", "#FFFFFF") - 21.0).abs() < 1e-9);
}
