//! Who is who, and who may do what.

pub(crate) mod codes;
pub(crate) mod limits;
pub(crate) mod oidc;
pub(crate) mod password;
pub(crate) mod peer;
pub(crate) mod seal;
pub(crate) mod secret;
pub(crate) mod settings;
pub(crate) mod signed;
pub mod table;
pub(crate) mod who;

pub use oidc::Provider;
pub use seal::Key;
pub use settings::Access;
pub use table::{Action, On};
pub use who::Who;
