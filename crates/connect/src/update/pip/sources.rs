//! Where pip's own configuration has packages from, passed on to uv, which reads nothing of it.

/// The keys of `pip config list` that say so.
const KEYS: &[&str] = &["index-url", "extra-index-url", "find-links", "no-index"];

/// What is configured: the value of each of [`KEYS`].
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sources {
    values: [Option<(u8, String)>; 4],
}

impl Sources {
    /// Of `pip config list`: `global.index-url='https://registry.example/simple'`.
    pub(super) fn read(text: &str) -> Sources {
        let mut sources = Sources::default();
        for line in text.lines() {
            let Some((name, value)) = line.split_once('=') else { continue };
            // What the environment says counts most, then what is said of the command.
            let scopes = [("global.", 0), ("install.", 1), (":env:.", 2)];
            let own = scopes
                .iter()
                .find_map(|(scope, rank)| Some((name.trim().strip_prefix(scope)?, *rank)));
            let Some((key, rank)) = own else { continue };
            let Some(at) = KEYS.iter().position(|known| *known == key) else { continue };
            // Several stand in lines of their own.
            let value = value.trim().trim_matches(['\'', '"']).replace("\\n", " ");
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            if let Some(old) = sources.values.get_mut(at)
                && old.as_ref().is_none_or(|(known, _)| *known <= rank)
            {
                *old = Some((rank, value));
            }
        }
        sources
    }

    /// The same as variables of uv's. `indexes`: what a file says of its own, which counts more to pip, and less to uv.
    ///
    /// # Errors
    /// What uv cannot be told, in words.
    pub(super) fn of_uv(&self, indexes: &str) -> Result<Vec<(&'static str, String)>, String> {
        let [index, extra, links, none] = &self.values;
        let is_set = |value: &Option<(u8, String)>| {
            let off = ["", "0", "false", "no", "off", "n", "f"];
            value.as_ref().is_some_and(|(_, value)| !off.contains(&&*value.to_lowercase()))
        };
        if is_set(none) {
            let why = "pip is configured to use no index (`no-index`): install pip-tools 7, which respects that";
            return Err(why.to_owned());
        }
        let is_own = indexes.lines().any(|line| line.starts_with("--index-url"));
        let index = if is_own { &None } else { index };
        let mut all = Vec::new();
        let values = [("UV_INDEX_URL", index), ("UV_EXTRA_INDEX_URL", extra)];
        for (name, value) in values.into_iter().filter(|(_, value)| is_set(value)) {
            all.extend(value.as_ref().map(|(_, value)| (name, value.clone())));
        }
        if let Some((_, value)) = links.as_ref().filter(|_| is_set(links)) {
            all.push(("UV_FIND_LINKS", value.replace(' ', ",")));
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_pip_has_packages_from_is_told_to_uv() {
        let text = ":env:.find-links='/a /b'\nglobal.cert='/c'\nglobal.index-url='https://one.example/s'\n\
                    install.index-url='https://two.example/s'\nglobal.extra-index-url='\\nhttps://x.example\\nhttps://y.example'\n\
                    download.index-url='https://three.example'\n";
        let told = Sources::read(text).of_uv("").unwrap();
        let told: Vec<(&str, &str)> = told.iter().map(|(name, value)| (*name, &**value)).collect();
        assert_eq!(
            told,
            [
                ("UV_INDEX_URL", "https://two.example/s"),
                ("UV_EXTRA_INDEX_URL", "https://x.example https://y.example"),
                ("UV_FIND_LINKS", "/a,/b"),
            ]
        );
        let own = "--index-url https://own.example\n";
        let told = Sources::read(text).of_uv(own).unwrap();
        assert!(told.iter().all(|(name, _)| *name != "UV_INDEX_URL"), "{told:?}");
        assert_eq!(Sources::read("").of_uv(""), Ok(Vec::new()));
        assert!(Sources::read("global.no-index='true'\n").of_uv("").is_err());
        assert_eq!(Sources::read("global.no-index='false'\n").of_uv(""), Ok(Vec::new()));
    }
}
