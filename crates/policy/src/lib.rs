//! Policies in Rego: compiled once, evaluated within limits, without network, clock or random numbers.
//! The only crate that knows the Rego engine.
