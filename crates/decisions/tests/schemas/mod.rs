//! The formats' own schemas, and statements in a form that can be compared.

use std::path::PathBuf;

use serde_json::Value;
use trimtab_decisions::vex::VexFormat;
use trimtab_model::decision::{Product, Statement};
use trimtab_testkit::shared;

struct Local(PathBuf);

impl jsonschema::Retrieve for Local {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name =
            uri.as_str().split('#').next().and_then(|u| u.rsplit('/').next()).unwrap_or_default();
        Ok(serde_json::from_slice(&std::fs::read(self.0.join(name))?)?)
    }
}

/// Of the format's schema. `None`: the shared corpus is not there.
pub(crate) fn validator(format: VexFormat) -> Option<jsonschema::Validator> {
    let path = shared()?.join("corpus/schemas").join(match format {
        VexFormat::OpenVex => "openvex/openvex_json_schema.json",
        VexFormat::Csaf => "csaf/csaf_json_schema.json",
        VexFormat::CycloneDx => "cyclonedx/bom-1.6.schema.json",
    });
    let value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let options = jsonschema::options()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        .with_retriever(Local(path.parent().unwrap().to_owned()));
    Some(options.build(&value).unwrap())
}

/// What breaks the schema.
pub(crate) fn errors(validator: &jsonschema::Validator, text: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(text).unwrap();
    validator.iter_errors(&value).take(5).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

/// Statements taken apart to one product with at most one component each, in order: two lists are
/// equal when they say the same.
pub(crate) fn apart(statements: &[Statement]) -> Vec<(Product, Statement)> {
    let mut out = Vec::new();
    for statement in statements {
        for product in &statement.products {
            let whole = Statement { products: vec![], document: None, ..statement.clone() };
            if product.components.is_empty() {
                out.push((product.clone(), whole));
                continue;
            }
            for component in &product.components {
                let one = Product { components: vec![component.clone()], ..product.clone() };
                out.push((one, whole.clone()));
            }
        }
    }
    out.sort_by(|a, b| {
        (&a.1.vulnerability, a.1.status, &a.0).cmp(&(&b.1.vulnerability, b.1.status, &b.0))
    });
    out
}
