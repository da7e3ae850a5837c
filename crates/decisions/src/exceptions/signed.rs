//! What every decision has: an id, who made it, who agreed, from when to when; and whether the two
//! are different people.

use jiff::civil::Date;
use trimtab_model::decision::{Exception, NotAffected, Signatory};
use trimtab_model::{Code, Diagnostic, Level, Role};

/// A decision of any kind, as far as all kinds are alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'d> {
    /// What it is called: `exception`, `decision`.
    noun: &'static str,
    id: &'d str,
    author: &'d Signatory,
    approver: Option<&'d Signatory>,
    created: Option<Date>,
    file: &'d str,
    line: u32,
}

impl<'d> From<&'d Exception> for Signed<'d> {
    fn from(e: &'d Exception) -> Signed<'d> {
        Signed {
            noun: "exception",
            id: &e.id,
            author: &e.author,
            approver: e.approver.as_ref(),
            created: e.created,
            file: &e.file,
            line: e.line,
        }
    }
}

impl<'d> From<&'d NotAffected> for Signed<'d> {
    fn from(n: &'d NotAffected) -> Signed<'d> {
        Signed {
            noun: "decision",
            id: &n.id,
            author: &n.author,
            approver: n.approver.as_ref(),
            created: n.created,
            file: &n.file,
            line: n.line,
        }
    }
}

impl Signed<'_> {
    /// Its name in messages: ``the exception `EX-1` ``.
    pub(crate) fn name(&self) -> String {
        format!("the {} `{}`", self.noun, self.id)
    }

    /// Something to say about it, at its place.
    pub(crate) fn about(&self, code: Code, message: String) -> Diagnostic {
        Diagnostic::new(code, message).in_file(self.file).at_line(self.line)
    }

    /// What is wrong with who agreed, for a finding of a level that these roles may decide about.
    pub(crate) fn approval(&self, may: &[Role], level: Level) -> Vec<Diagnostic> {
        let name = self.name();
        let Some(approver) = self.approver else {
            let message = format!("{name} was approved by nobody");
            return vec![
                self.about(Code::ExceptionUnapproved, message)
                    .help(format!("have it approved for {level} findings by: {}", words(may))),
            ];
        };
        let mut wrong = Vec::new();
        if same_person(self.author, approver) {
            let message = format!("{name} was approved by its author, {}", approver.name);
            let help = "have it approved by somebody else";
            wrong.push(self.about(Code::ExceptionSelfApproved, message).help(help));
        }
        if approver.role.is_none_or(|role| !may.contains(&role)) {
            let who = approver.role.map_or("somebody whose role is not said", Role::as_str);
            let message = format!(
                "{name} for a {level} finding was approved by {who}, which the charter does not allow"
            );
            let help =
                format!("have it approved by: {}, and say so in `approver-role`", words(may));
            wrong.push(self.about(Code::ExceptionUnapproved, message).help(help));
        }
        wrong
    }

    /// That it begins later than today.
    pub(crate) fn beginning(&self, today: Date) -> Option<Diagnostic> {
        let from = self.created.filter(|from| today < *from)?;
        let message = format!("{} begins on {from} only", self.name());
        let help = "correct `created`, or wait until then";
        Some(self.about(Code::ConfigMalformed, message).help(help))
    }

    /// That it is about nothing that is found.
    pub(crate) fn unused(&self) -> Diagnostic {
        let message = format!("{} covers no finding", self.name());
        let help = "remove it, or correct what it is about; a finding that comes back must be decided anew";
        self.about(Code::ExceptionUnused, message).help(help)
    }
}

/// Roles, in words.
pub(crate) fn words(roles: &[Role]) -> String {
    if roles.is_empty() {
        return "nobody, by the charter".to_owned();
    }
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}

/// Whether two signatories are one person: the same name or the same address, whatever the case,
/// the spaces, or a tag (`+x`) in the address.
fn same_person(a: &Signatory, b: &Signatory) -> bool {
    let ((name_a, address_a), (name_b, address_b)) = (person(&a.name), person(&b.name));
    let same = |a: &str, b: &str| !a.is_empty() && a == b;
    same(&name_a, &name_b) || same(&address_a, &address_b)
}

/// Name and address of `Name <address>`, either of which may be missing; in lower case.
fn person(text: &str) -> (String, String) {
    let (name, address) = match text.split_once('<') {
        Some((name, rest)) => (name, rest.split('>').next().unwrap_or_default()),
        None if text.contains('@') => ("", text),
        None => (text, ""),
    };
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let address = address.trim().to_lowercase();
    let address = match address.split_once('@') {
        Some((local, host)) => {
            format!("{}@{host}", local.split_once('+').map_or(local, |(before, _)| before))
        }
        None => address,
    };
    (name, address)
}
