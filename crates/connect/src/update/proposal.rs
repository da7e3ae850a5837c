//! What is wished of a package manager: a proposal as the tool spells it.

use trimtab_model::{Proposal, Purl};

use super::refusal::Reason;
use super::{Options, Tool};
use crate::registry::{is_name, is_version};

/// What kind of change is wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Raise,
    RaiseParent,
    Relock,
    Override,
    Remove,
    Replace,
}

/// A proposal as a tool spells it. All parts were checked: no program takes one for an option.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) kind: Kind,
    /// The package that is named or moved.
    pub(crate) name: String,
    /// The version that is locked now, where that is known.
    pub(crate) from: Option<String>,
    /// The version that is wanted.
    pub(crate) to: Option<String>,
    /// The child, or the replacement.
    pub(crate) other: Option<String>,
    /// Of a parent's, the version of the child that is locked now, where that is known.
    pub(crate) child: Option<String>,
    /// Further packages to which the same is done by the same run, with their versions.
    pub(crate) also: Vec<(String, Option<String>)>,
    /// Further children, of further parents.
    pub(crate) others: Vec<String>,
}

impl Wish {
    /// The version that is wanted; all kinds but removals and some relocks have one.
    pub(crate) fn to(&self) -> &str {
        self.to.as_deref().unwrap_or_default()
    }

    /// The child, or the replacement.
    pub(crate) fn other(&self) -> &str {
        self.other.as_deref().unwrap_or_default()
    }

    /// All packages that are named or moved, with the versions that are wanted.
    pub(crate) fn packages(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let also = self.also.iter().map(|(name, to)| (&**name, to.as_deref()));
        std::iter::once((&*self.name, self.to.as_deref())).chain(also)
    }

    /// The version that is wanted of one of them.
    pub(crate) fn wanted(&self, package: &str) -> Option<&str> {
        self.packages().find(|(name, _)| *name == package).and_then(|(_, to)| to)
    }

    /// All children of parents, each once.
    pub(crate) fn children(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.other.as_deref().into_iter().collect();
        all.extend(self.others.iter().map(String::as_str));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The children that are not raised to a version of their own by the same run: to move those freely would take them
    /// beyond it.
    pub(crate) fn brought(&self) -> Vec<&str> {
        let mut all = self.children();
        all.retain(|child| self.wanted(child).is_none());
        all
    }

    /// The wishes of a proposal; those that the tool carries out by one run are beside each other.
    pub(crate) fn all(proposal: &Proposal, tool: &Tool) -> Result<Vec<Vec<Wish>>, Reason> {
        let mut all: Vec<Vec<Wish>> = Vec::new();
        for part in proposal.parts() {
            let wish = Wish::read(part, tool)?;
            let joins = |run: &Vec<Wish>| {
                run.iter().all(|held| wish.joins(held, tool)) || wish.is_copy_in(run, tool)
            };
            match all.last_mut() {
                Some(run) if joins(run) => run.push(wish),
                _ => all.push(vec![wish]),
            }
        }
        Ok(all)
    }

    /// Whether one run carries both out. What is named is raised with what brings it in one run. A tool that edits
    /// manifests itself does the same for all kinds. One package goes to one version in a run.
    fn joins(&self, other: &Wish, tool: &Tool) -> bool {
        let can = |wish: &Wish| tool.at_once.contains(&wish.kind);
        let raises = |wish: &Wish| matches!(wish.kind, Kind::Raise | Kind::RaiseParent);
        let alike = self.kind == other.kind || raises(self) && raises(other) || tool.edits_itself;
        let agree = self.name != other.name || self.to == other.to;
        agree && alike && can(self) && can(other)
    }

    /// Whether it forces the copies of what a run raises. Forced after it, a copy that the raise made might stay: npm looks at
    /// the version that is locked.
    fn is_copy_in(&self, run: &[Wish], tool: &Tool) -> bool {
        let is_raise = |wish: &Wish| {
            tool.at_once.contains(&wish.kind)
                && matches!(wish.kind, Kind::Raise | Kind::RaiseParent)
        };
        self.kind == Kind::Override
            && run.first().is_some_and(is_raise)
            && run.iter().any(|held| is_raise(held) && held.name == self.name && held.to == self.to)
    }

    /// Several as one: of a kind, or, where a parent is among them, as a parent.
    pub(crate) fn joined(wishes: &[Wish]) -> Option<Wish> {
        let (first, others) = wishes.split_first()?;
        let mut also: Vec<(String, Option<String>)> = Vec::new();
        let mut children = Vec::new();
        let parent = wishes.iter().find(|wish| wish.kind == Kind::RaiseParent);
        let kind = parent.map_or(first.kind, |parent| parent.kind);
        for other in others {
            children.extend(other.other.clone());
            let is_known = other.name == first.name || also.iter().any(|(n, _)| *n == other.name);
            if !is_known {
                also.push((other.name.clone(), other.to.clone()));
            }
        }
        Some(Wish { kind, also, others: children, ..first.clone() })
    }

    pub(crate) fn read(proposal: &Proposal, tool: &Tool) -> Result<Wish, Reason> {
        let name = |purl: &Purl| spelled(purl, tool);
        let version = |text: &str| match is_version(text) {
            true => Ok(Some(text.to_owned())),
            false => Err(Reason::Unsupported(format!("`{text}` is not a version of one package"))),
        };
        let from = |purl: &Purl| purl.version().map_or(Ok(None), version);
        let (kind, package, to, other) = match proposal {
            Proposal::Raise { package, to } => (Kind::Raise, package, version(to)?, None),
            Proposal::RaiseParent { parent, to, child } => {
                (Kind::RaiseParent, parent, version(to)?, Some(name(child)?))
            }
            Proposal::Relock { package, to } => {
                (Kind::Relock, package, to.as_deref().map_or(Ok(None), version)?, None)
            }
            Proposal::Override { package, to } => (Kind::Override, package, version(to)?, None),
            Proposal::BaseImage { .. } => {
                let (name, from, to) = super::image::wished(proposal)?;
                return Ok(Wish {
                    kind: Kind::Raise,
                    name,
                    from: Some(from),
                    to: Some(to),
                    other: None,
                    child: None,
                    also: Vec::new(),
                    others: Vec::new(),
                });
            }
            Proposal::Remove { package } => (Kind::Remove, package, None, None),
            Proposal::Replace { package, with, version: to } => {
                (Kind::Replace, package, version(to)?, Some(name(with)?))
            }
            Proposal::Together(..) => {
                return Err(Reason::Unsupported("it contains several changes".to_owned()));
            }
        };
        let child = match proposal {
            Proposal::RaiseParent { child, .. } => from(child)?,
            _ => None,
        };
        let wish = Wish {
            kind,
            name: name(package)?,
            from: from(package)?,
            to,
            other,
            child,
            also: Vec::new(),
            others: Vec::new(),
        };
        if let (Some(from), Some(to)) = (&wish.from, &wish.to)
            && kind != Kind::Replace
            && tool.scheme.compare(to, from).is_some_and(std::cmp::Ordering::is_lt)
        {
            let (package, from, to) = (wish.name.clone(), from.clone(), to.clone());
            return Err(Reason::Downgrade { package, from, to });
        }
        Ok(wish)
    }
}

/// A package as its ecosystem spells it.
pub(crate) fn spelled(purl: &Purl, tool: &Tool) -> Result<String, Reason> {
    if purl.purl_type() != tool.purl_type {
        let why = format!("{} has no packages of type {}", tool.id, purl.purl_type());
        return Err(Reason::Unsupported(why));
    }
    let joined = match purl.namespace() {
        Some(namespace) => format!("{namespace}/{}", purl.name()),
        None => purl.name().to_owned(),
    };
    if !is_name(&joined) {
        return Err(Reason::Unsupported(format!("`{joined}` is not a package name")));
    }
    Ok(match (tool.purl_type, purl.namespace()) {
        ("maven", Some(group)) => format!("{group}:{}", purl.name()),
        _ => joined,
    })
}

/// Whether the wish stays with what the options allow: see [`Options::project_code`].
pub(crate) fn runs_code(code: Option<&'static str>, options: &Options) -> Option<Reason> {
    code.filter(|_| !options.project_code).map(Reason::ProjectCode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_forced_by_the_run_that_raises() {
        let tool = Tool::by_id("npm").unwrap();
        let purl = |text: &str| text.parse::<Purl>().unwrap();
        let raise = |name: &str| Proposal::Raise { package: purl(name), to: "2.6.4".into() };
        let force = |name: &str| Proposal::Override { package: purl(name), to: "2.6.4".into() };
        let runs = |all: Vec<Proposal>| {
            let together = Proposal::together(all).unwrap();
            Wish::all(&together, tool).unwrap().iter().map(Vec::len).collect::<Vec<_>>()
        };
        let (own, other) = ("pkg:npm/async@1.4.2", "pkg:npm/right@1.0.0");
        assert_eq!(runs(vec![raise(own), force(own)]), [2]);
        assert_eq!(runs(vec![raise(other), raise(own), force(own)]), [3]);
        assert_eq!(runs(vec![raise(own), force(other)]), [1, 1], "of another package");
        assert_eq!(runs(vec![force(own), raise(own)]), [1, 1]);
        let both = Proposal::together([raise(own), force(own)]).unwrap();
        let wish = Wish::joined(&Wish::all(&both, tool).unwrap()[0]).unwrap();
        assert_eq!((wish.kind, wish.also.len()), (Kind::Raise, 0));
    }

    #[test]
    fn what_is_raised_itself_does_not_move_with_what_brings_it() {
        let tool = Tool::by_id("poetry").unwrap();
        let purl = |text: &str| text.parse::<Purl>().unwrap();
        let (fresh, send) = (purl("pkg:pypi/fresh@0.5.0"), purl("pkg:pypi/send@0.15.0"));
        let parent = |child: &Purl| Proposal::RaiseParent {
            parent: send.clone(),
            to: "0.15.4".into(),
            child: child.clone(),
        };
        let raise = Proposal::Raise { package: fresh.clone(), to: "0.5.2".into() };
        let both = [raise, parent(&fresh), parent(&purl("pkg:pypi/mime"))];
        let wishes: Vec<Wish> = both.iter().map(|p| Wish::read(p, tool).unwrap()).collect();
        let wish = Wish::joined(&wishes).unwrap();
        assert_eq!(wish.children(), ["fresh", "mime"]);
        assert_eq!(wish.brought(), ["mime"]);
    }
}
