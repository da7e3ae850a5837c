//! Signing in: by a provider, by name and password, by the one-time link of a first run.

use askama::Template;

use crate::part::{Form, Link};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/sign_in.html")]
pub struct SignIn {
    /// What is asked: `Sign in to Harbour Group`.
    pub headline: String,
    /// Providers, each with where it begins.
    pub providers: Vec<Link>,
    /// The form.
    pub form: Form,
    /// What to do without an account or password.
    pub help: String,
}
