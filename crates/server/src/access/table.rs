//! Who may do what: one table of roles and actions. Where is said by the scope of the role.

use trimtab_model::Role;
use trimtab_store::{Grant, ScopeOf};

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $word:literal: $($role:ident)*;)*) => {
        /// Something that can be done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $variant),* }

        impl Action {
            /// Every action.
            pub const ALL: &[Action] = &[$(Action::$variant),*];
            /// The word, as tokens name it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Action::$variant => $word),* }
            }
            /// From the word.
            pub fn from_text(text: &str) -> Option<Action> {
                Action::ALL.iter().copied().find(|a| a.as_str() == text)
            }
            /// Whether a role may.
            pub const fn is_for(self, role: Role) -> bool {
                match self { $(Action::$variant => matches!(role, $(Role::$role)|*)),* }
            }
        }
    };
}

actions! {
    /// Look at what is there.
    View = "view": Security Engineering Product Operations Leadership Auditor Admin;
    /// Upload snapshots and reports of scanners.
    Upload = "upload": Security Engineering Operations;
    /// Say what was deployed.
    Deploy = "deploy": Engineering Operations;
    /// Ask for an exception, or to call something not affected.
    Ask = "ask": Security Engineering Product Operations;
    /// Answer what others asked for. The charter says who may at which level.
    Answer = "answer": Security Product Leadership;
    /// Say what a system is.
    Describe = "describe": Product Operations Admin;
    /// Set a team's cadence and capacity.
    Pace = "pace": Engineering Product;
    /// Say that one has what is *now*.
    Acknowledge = "acknowledge": Security Engineering Product Operations Leadership Admin;
    /// Open and lead an incident; within a team: say how far it is.
    Respond = "respond": Security Engineering Operations;
    /// Hold reviews, write down what they decide, and agree on goals.
    Review = "review": Security Engineering Product Operations;
    /// Propose a charter.
    Propose = "propose": Security Engineering Product Operations;
    /// Agree to a charter for one's side.
    Agree = "agree": Security Engineering Product Operations;
    /// Read the ledger, and export it.
    Audit = "audit": Security Leadership Auditor Admin;
    /// Make tokens that do what one may do.
    Token = "token": Security Engineering Operations Admin;
    /// Say who supplies what and what was promised, and make links for suppliers.
    Supply = "supply": Security Product;
    /// Make links to a board that are read without signing in.
    Share = "share": Security Engineering Product Operations Leadership Admin;
    /// People, roles, settings, jobs.
    Administer = "administer": Admin;
}

impl Action {
    /// Whether it is only about the organisation as a whole: a role within a team or system is not
    /// enough.
    pub const fn is_for_all(self) -> bool {
        matches!(self, Action::Propose | Action::Agree | Action::Audit | Action::Administer)
    }
}

/// What something is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct On {
    /// The system.
    pub system: Option<i64>,
    /// The team that owns it.
    pub team: Option<i64>,
}

impl On {
    /// The organisation as a whole.
    pub const ALL: On = On { system: None, team: None };
}

/// Whether a scope holds something.
pub fn reaches(scope: ScopeOf, on: On) -> bool {
    match scope {
        ScopeOf::Organisation => true,
        ScopeOf::Team(id) => on.team == Some(id),
        ScopeOf::System(id) => on.system == Some(id),
    }
}

/// Whether roles allow an action on something.
pub fn allow(grants: &[Grant], action: Action, on: On) -> bool {
    grants.iter().any(|grant| {
        let wide = grant.scope == ScopeOf::Organisation || !action.is_for_all();
        action.is_for(grant.role) && wide && reaches(grant.scope, on)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table, as people read it: a column for each role.
    #[test]
    fn the_table_is_as_agreed() {
        let expected = "\
view       security engineering product operations leadership auditor admin
upload     security engineering operations
deploy     engineering operations
ask        security engineering product operations
answer     security product leadership
describe   product operations admin
pace       engineering product
acknowledge security engineering product operations leadership admin
respond    security engineering operations
review     security engineering product operations
propose    security engineering product operations
agree      security engineering product operations
audit      security leadership auditor admin
token      security engineering operations admin
supply     security product
share      security engineering product operations leadership admin
administer admin
";
        let mut told = String::new();
        for action in Action::ALL {
            let roles: Vec<&str> =
                Role::ALL.iter().filter(|r| action.is_for(**r)).map(|r| r.as_str()).collect();
            told += &format!("{:<10} {}\n", action.as_str(), roles.join(" "));
        }
        assert_eq!(told, expected);
    }

    /// Every role × action × scope × place.
    #[test]
    fn a_role_reaches_as_far_as_its_scope() {
        let places = [
            On::ALL,
            On { system: Some(1), team: Some(10) },
            On { system: Some(2), team: Some(10) },
            On { system: Some(3), team: None },
        ];
        let scopes = [ScopeOf::Organisation, ScopeOf::Team(10), ScopeOf::System(1)];
        for role in Role::ALL.iter().copied() {
            for action in Action::ALL.iter().copied() {
                for scope in scopes {
                    for on in places {
                        let inside = match scope {
                            ScopeOf::Organisation => true,
                            ScopeOf::Team(_) => on.team == Some(10),
                            ScopeOf::System(_) => on.system == Some(1),
                        };
                        let wide = scope == ScopeOf::Organisation || !action.is_for_all();
                        let expected = action.is_for(role) && inside && wide;
                        let may = allow(&[Grant { role, scope }], action, on);
                        assert_eq!(may, expected, "{role} {action:?} {scope:?} {on:?}");
                    }
                }
            }
        }
        assert!(Action::ALL.iter().all(|action| !allow(&[], *action, On::ALL)));
    }
}
