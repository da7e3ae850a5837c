//! The pulse: three questions, answered by people of each role. Results are shown only where they
//! identify nobody.

use trimtab_model::Role;

/// Nothing is shown of fewer answers.
pub const LEAST: u64 = 5;
/// How many questions there are.
pub const QUESTIONS: usize = 3;

/// The answers of a role, summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfRole {
    /// The role.
    pub role: Role,
    /// How many answered.
    pub count: u64,
    /// The sum of the answers to each question.
    pub sums: [u64; QUESTIONS],
}

/// What may be shown of some answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Means {
    /// How many answered.
    pub count: u64,
    /// What their answers to each question come to together.
    pub sums: [u64; QUESTIONS],
    /// The mean of each question, 1 to 5, in tenths.
    pub means: [f64; QUESTIONS],
}

/// What may be shown of a round.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// By role; `None`: fewer than [`LEAST`] answered, or nobody.
    pub roles: Vec<(Role, Option<Means>)>,
    /// Of all. `None`: too few, or those who are not shown could be computed from it.
    pub all: Option<Means>,
}

/// What may be shown of a round that is over: nothing of fewer than [`LEAST`] answers, and nothing
/// from which a smaller rest could be computed by subtracting what else is shown.
pub fn told(answers: &[OfRole]) -> Told {
    let roles = answers.iter().map(|of| (of.role, means(of.count, of.sums)));
    let hidden: u64 = answers.iter().map(|of| of.count).filter(|count| *count < LEAST).sum();
    let count = answers.iter().map(|of| of.count).sum();
    let mut sums = [0; QUESTIONS];
    for of in answers {
        for (sum, part) in sums.iter_mut().zip(of.sums) {
            *sum += part;
        }
    }
    let all = if hidden == 0 || hidden >= LEAST { means(count, sums) } else { None };
    Told { roles: roles.collect(), all }
}

fn means(count: u64, sums: [u64; QUESTIONS]) -> Option<Means> {
    let mean = |sum: u64| (sum as f64 / count as f64 * 10.0).round() / 10.0;
    (count >= LEAST).then(|| Means { count, sums, means: sums.map(mean) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is told, and whatever is reckoned from it by taking one away from the other, is of five people or
        /// more.
        #[test]
        fn nobody_is_known_by_it(counts in prop::collection::vec(0u64..14, 0..8)) {
            let answers: Vec<OfRole> = Role::ALL
                .iter()
                .zip(&counts)
                .map(|(role, count)| OfRole { role: *role, count: *count, sums: [3 * count; 3] })
                .collect();
            let told = told(&answers);
            let of_roles: u64 = told.roles.iter().filter_map(|(_, is)| is.map(|is| is.count)).sum();
            prop_assert!(told.roles.iter().filter_map(|(_, is)| *is).all(|is| is.count >= LEAST));
            if let Some(all) = told.all {
                prop_assert!(all.count >= LEAST);
                let rest = all.count - of_roles;
                prop_assert!(rest == 0 || rest >= LEAST, "{rest} of {counts:?}");
            }
        }
    }

    #[test]
    fn one_who_is_alone_in_a_role_hides_the_whole() {
        let of = |role, count| OfRole { role, count, sums: [4 * count, 3 * count, 5 * count] };
        let is = told(&[of(Role::Engineering, 8), of(Role::Product, 1)]);
        assert_eq!(
            is.roles[0].1,
            Some(Means { count: 8, sums: [32, 24, 40], means: [4.0, 3.0, 5.0] })
        );
        assert_eq!((is.roles[1].1, is.all), (None, None));
        let is = told(&[of(Role::Engineering, 8), of(Role::Product, 3), of(Role::Security, 2)]);
        assert_eq!(is.all.map(|all| all.count), Some(13));
    }
}
