//! Who truly stands in the way, of all that a tool tells of a conflict.

use super::Tool;
use super::confirm::allows;
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::requirement;

/// How a blocker names the project.
pub(crate) const PROJECT: &str = "the project";

/// A conflict without requirements that are in nobody's way: those that allow the version which is wanted, as our own
/// edits and what the tool was asked for do; and what a tool concludes for the project out of what a package requires.
/// `asked`: all that was asked for, this wish among them. What is removed or replaced goes to no version of its own.
pub(crate) fn truly(reason: Reason, wish: &Wish, asked: &[Wish], tool: &Tool) -> Reason {
    let goes = |wish: &Wish| matches!(wish.kind, Kind::Remove | Kind::Replace);
    if goes(wish) {
        return reason;
    }
    let Reason::Conflict { mut blockers, said } = reason else { return reason };
    let moved: Vec<(&str, Option<&str>)> =
        asked.iter().filter(|wish| !goes(wish)).flat_map(Wish::packages).collect();
    let same = |a: &str, b: &str| match tool.purl_type {
        "pypi" => requirement::same(a, b),
        _ => a == b,
    };
    blockers.retain(|blocker| {
        let mut moved = moved.iter().filter(|(name, _)| same(name, &blocker.needs));
        let fits = |to: &str| allows(tool.purl_type, &blocker.range, to) == Some(true);
        !moved.any(|(_, to)| to.is_some_and(fits))
    });
    let (of_project, mut of_packages): (Vec<Blocker>, Vec<Blocker>) =
        blockers.into_iter().partition(|blocker| blocker.who == PROJECT);
    let concluded = |blocker: &Blocker| {
        of_packages.iter().any(|by| same(&by.needs, &blocker.needs) && by.range == blocker.range)
    };
    let own: Vec<Blocker> = of_project.into_iter().filter(|blocker| !concluded(blocker)).collect();
    of_packages.extend(own);
    Reason::Conflict { blockers: of_packages, said }
}

#[cfg(test)]
mod tests {
    use trimtab_model::Proposal;

    use super::*;
    use crate::update::python;

    fn told(tool: &str, proposal: &Proposal, blockers: Vec<Blocker>) -> Vec<String> {
        let tool = Tool::by_id(tool).unwrap();
        let asked: Vec<Wish> = Wish::all(proposal, tool).unwrap().concat();
        let reason = Reason::Conflict { blockers, said: "no solution".to_owned() };
        let last = asked.last().unwrap();
        truly(reason, last, &asked, tool).blockers().iter().map(ToString::to_string).collect()
    }

    /// What we asked for and no repository has is what stands in the way.
    #[test]
    fn what_is_not_there_is_told() {
        let text = "[ERROR] Could not find artifact org.example:left:jar:9.0 in central";
        let left = Proposal::Raise {
            package: "pkg:maven/org.example/left@1.0".parse().unwrap(),
            to: "9.0".into(),
        };
        let all = told("maven", &left, crate::update::maven::blockers(text));
        assert_eq!(all, ["`the project` requires `org.example:left 9.0, which no repository has`"]);
    }

    /// uv's words about an attempt of ours, `flask==2.2.5`, and about what the project really asks for.
    #[test]
    fn what_we_asked_for_ourselves_stands_in_nobodys_way() {
        let text = "Because flask==2.2.5 depends on werkzeug>=2.2.2 and your project depends on flask==2.2.5, we can \
                    conclude that your project depends on werkzeug>=2.2.2. And because your project depends on \
                    werkzeug>=0.16,<2.1, we can conclude that your project's requirements are unsatisfiable.";
        let flask =
            Proposal::Raise { package: "pkg:pypi/Flask@1.0".parse().unwrap(), to: "2.2.5".into() };
        let all = [
            "`flask@2.2.5` requires `werkzeug >=2.2.2`",
            "`the project` requires `werkzeug >=0.16,<2.1`",
        ];
        assert_eq!(told("uv", &flask, python::blockers(text)), all);
        // Where nothing else is told, nobody is.
        let ours = python::blockers("Because your project depends on flask>=2.2.5, it fails");
        assert_eq!(ours.len(), 1);
        assert!(told("uv", &flask, ours).is_empty());
    }

    #[test]
    fn what_does_not_allow_the_version_stands_in_the_way() {
        let right = Proposal::Relock {
            package: "pkg:cargo/right@2.0.0".parse().unwrap(),
            to: Some("3.0.0".into()),
        };
        let blocker = |who: &str, range: &str| Blocker {
            who: who.to_owned(),
            needs: "right".to_owned(),
            range: range.to_owned(),
        };
        let all = vec![blocker("left@2.0.0", "^2"), blocker("demo@0.1.0", "=3.0.0")];
        assert_eq!(told("cargo", &right, all), ["`left@2.0.0` requires `right ^2`"]);
    }

    #[test]
    fn what_takes_the_place_of_another_has_another_version() {
        let replace = Proposal::Replace {
            package: "pkg:cargo/left@1.0.0".parse().unwrap(),
            with: "pkg:cargo/right".parse().unwrap(),
            version: "3.0.0".into(),
        };
        let (who, needs) = ("demo@0.1.0".to_owned(), "left".to_owned());
        let blocker = Blocker { who, needs, range: ">=1".to_owned() };
        assert_eq!(told("cargo", &replace, vec![blocker]), ["`demo@0.1.0` requires `left >=1`"]);
    }

    #[test]
    fn what_an_earlier_part_asked_for_stands_in_nobodys_way() {
        let purl = |text: &str| text.parse().unwrap();
        let raise = Proposal::Raise { package: purl("pkg:cargo/left@1.0.0"), to: "2.0.0".into() };
        let relock = Proposal::Relock { package: purl("pkg:cargo/right@2.0.0"), to: None };
        let both = Proposal::together([raise, relock]).unwrap();
        let (who, needs) = ("demo@0.1.0".to_owned(), "left".to_owned());
        let ours = Blocker { who, needs, range: "=2.0.0".to_owned() };
        assert!(told("cargo", &both, vec![ours]).is_empty());
    }
}
