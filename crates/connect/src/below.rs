//! Paths below the root of a project, with `/` on every system.

/// The path of what is named in a folder; both below the root, which is the empty path. `None`: it leads out of the root, or is
/// absolute.
pub(crate) fn below(folder: &str, named: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if named.starts_with('/') {
        return None;
    }
    for part in named.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_from_a_folder_and_leads_nowhere_else() {
        for (folder, named, path) in [
            ("a/b", "../c.in", Some("a/c.in")),
            ("a", "../../c.in", None),
            ("", "..", None),
            ("", "./x//y", Some("x/y")),
            ("a", "/etc/x", None),
            ("a", "..", Some("")),
            ("a", "", Some("a")),
        ] {
            assert_eq!(below(folder, named).as_deref(), path, "{folder} {named}");
        }
    }
}
