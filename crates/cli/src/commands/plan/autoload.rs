//! What sources call a package of Composer, as the lockfile tells it: the namespaces that are loaded by it.

use std::fs;
use std::path::Path;

use serde_json::Value;
use trimtab_connect::registry::contents::Contents;
use trimtab_model::Purl;

/// The largest lockfile that is read.
const LARGEST: u64 = 64 << 20;

/// What `composer.lock` of a folder tells. `None`: it does not tell of the package.
pub(super) fn autoloaded(folder: &Path, package: &Purl) -> Option<Contents> {
    let path = folder.join("composer.lock");
    if fs::metadata(&path).ok()?.len() > LARGEST {
        return None;
    }
    let lock: Value = serde_json::from_slice(&fs::read(&path).ok()?).ok()?;
    let name = format!("{}/{}", package.namespace()?, package.name());
    told(&lock, &name)
}

fn told(lock: &Value, name: &str) -> Option<Contents> {
    let all = lock["packages"].as_array()?;
    let is = |told: &&Value| told["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(name));
    let mut held = held(all.iter().find(is)?);
    // A framework loads what it suggests by its settings, in which no namespace stands.
    let suggests = |by: &Value| {
        let suggested = by["suggest"].as_object().into_iter().flatten();
        suggested.map(|(of, _)| of).any(|of| of.eq_ignore_ascii_case(name))
    };
    if all.iter().any(suggests) {
        held.otherwise = held.otherwise.or(Some("another package loads it when it is there"));
    }
    Some(held)
}

fn held(told: &Value) -> Contents {
    let autoload = &told["autoload"];
    let filled = |value: &Value| match value {
        Value::Null => false,
        Value::Array(all) => !all.is_empty(),
        Value::Object(all) => !all.is_empty(),
        _ => true,
    };
    // An alias of a branch says nothing of how it is loaded.
    let extra = told["extra"].as_object().into_iter().flatten();
    let found = extra.filter(|(key, _)| *key != "branch-alias" && *key != "thanks").count() > 0;
    let mut otherwise = match () {
        () if !matches!(told["type"].as_str(), None | Some("library")) => {
            Some("it is found by its type")
        }
        () if filled(&autoload["files"]) => Some("its files are loaded whatever names them"),
        () if filled(&autoload["classmap"]) => Some("its classes have names of any kind"),
        () if filled(&told["bin"]) => Some("it brings programs"),
        () if found => Some("others find it by what it says of itself"),
        () if ["provide", "replace"].iter().any(|key| filled(&told[key])) => {
            Some("it stands for another package")
        }
        () => None,
    };
    let spaces = ["psr-4", "psr-0"].iter().filter_map(|kind| autoload[kind].as_object()).flatten();
    let mut names: Vec<String> = Vec::new();
    for (space, _) in spaces {
        // Sources may name the rest of it alone: `use Acme\\{Left\\Thing}`.
        match space.trim_end_matches(['\\', '_']).rsplit(['\\', '_']).next() {
            Some(last) if !last.is_empty() => names.push(last.to_owned()),
            _ => otherwise = otherwise.or(Some("its classes have names of any kind")),
        }
    }
    names.sort();
    names.dedup();
    let none = names.is_empty().then_some("it holds nothing that sources could name");
    Contents { names, otherwise: otherwise.or(none) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_another_package_suggests_may_be_loaded_by_that() {
        let adapter = json!({ "name": "League/flysystem-s3", "autoload": { "psr-4": { "League\\S3\\": "" } } });
        let framework = |suggest: Value| json!({ "name": "laravel/framework", "suggest": suggest });
        for (suggest, expected) in [
            (json!({ "league/flysystem-s3": "to use S3" }), true),
            (json!({ "league/flysystem-ftp": "to use FTP" }), false),
            (json!([]), false),
        ] {
            let lock = json!({ "packages": [framework(suggest), adapter] });
            let held = told(&lock, "league/flysystem-s3").unwrap();
            assert_eq!(held.otherwise.is_some(), expected, "{lock}");
        }
    }

    #[test]
    fn what_a_lockfile_tells_of_loading_is_read() {
        let plain = json!({ "psr-4": { "Acme\\Left\\": "src/" } });
        for (told, names, otherwise) in [
            (json!({ "type": "library", "autoload": plain }), &["Left"][..], false),
            (
                json!({ "autoload": plain, "extra": { "branch-alias": { "dev-main": "1.x-dev" } } }),
                &["Left"],
                false,
            ),
            (json!({ "autoload": { "psr-0": { "Left_Old": "lib/" } } }), &["Old"], false),
            (json!({ "type": "composer-plugin", "autoload": plain }), &["Left"], true),
            (json!({ "autoload": { "files": ["a.php"] } }), &[], true),
            (json!({ "autoload": { "psr-4": { "": "src/" } } }), &[], true),
            (
                json!({ "autoload": plain, "extra": { "laravel": { "providers": ["A"] } } }),
                &["Left"],
                true,
            ),
            (json!({ "autoload": plain, "bin": ["run"] }), &["Left"], true),
            (
                json!({ "autoload": plain, "provide": { "psr/log-implementation": "1" } }),
                &["Left"],
                true,
            ),
            (json!({}), &[], true),
        ] {
            let held = held(&told);
            assert_eq!(
                (&held.names[..], held.otherwise.is_some()),
                (&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()[..], otherwise),
                "{told}"
            );
        }
    }
}
