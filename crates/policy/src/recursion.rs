//! Functions that call themselves, and chains of rules that are too long: the engine would follow
//! both until its stack is exhausted. Rego forbids the first; the engine notices it among rules,
//! not among functions.
//!
//! Names are compared as they are written. A local variable that is named like a rule is
//! distinguished where it is declared (`x :=`, `some x`, a parameter).

use std::collections::{HashMap, HashSet};

use regorus::Engine;

use crate::source::{rule_name, words};

/// How long a chain of rules and functions that need each other may be.
const LONGEST_CHAIN: usize = 200;

/// A rule or function: everything of one name in one package.
#[derive(Debug, Default)]
struct Node {
    function: bool,
    /// What it needs.
    needs: Vec<usize>,
    /// The first place, as the engine writes places.
    place: String,
    name: String,
}

/// Looks for both. The answer reads like an error of the engine.
pub(crate) fn find(engine: &mut Engine) -> Option<String> {
    judge(&graph(engine))
}

fn graph(engine: &mut Engine) -> Vec<Node> {
    let paths = engine.get_policy_package_components().unwrap_or_default();
    let mut names: HashMap<(String, String), usize> = HashMap::new();
    let mut nodes: Vec<Node> = Vec::new();
    // Every rule with its node and its text, up to the next rule.
    let mut texts: Vec<(usize, usize, String)> = Vec::new();
    let mut imports: Vec<HashMap<String, String>> = Vec::new();
    for (m, (module, path)) in engine.get_modules().iter().zip(&paths).enumerate() {
        let text = module.package.span.source.get_contents();
        imports.push(imported(text));
        let at = |start: u32| usize::try_from(start).unwrap_or(usize::MAX);
        let mut starts: Vec<usize> =
            module.policy.iter().map(|rule| at(rule.span().start)).collect();
        starts.push(text.len());
        starts.sort_unstable();
        for rule in &module.policy {
            let span = rule.span();
            let start = at(span.start);
            let next = starts.iter().find(|s| **s > start).copied().unwrap_or(text.len());
            let text = text.get(start..next).unwrap_or("");
            let Some((name, function)) = rule_name(text) else { continue };
            let node =
                *names.entry((path.components.join("."), name.to_owned())).or_insert_with(|| {
                    nodes.push(Node {
                        name: name.to_owned(),
                        place: format!("--> {}:{}:{}", path.source_file, span.line, span.col),
                        ..Node::default()
                    });
                    nodes.len() - 1
                });
            nodes[node].function |= function;
            texts.push((m, node, text.to_owned()));
        }
    }
    for (m, node, text) in texts {
        let package = paths[m].components.join(".");
        let locals = locals(&text);
        // The head names the rule itself.
        let head = words(&text).iter().position(|(word, _)| word.name == nodes[node].name);
        for (word, called) in words(&text).into_iter().skip(head.map_or(0, |head| head + 1)) {
            let mut parts: Vec<&str> = word.name.split('.').collect();
            let path: String;
            let found = if parts[0] == "data" {
                absolute(&names, &parts[1..])
            } else if let Some(import) = imports[m].get(parts[0]) {
                path = import.clone();
                parts.splice(0..1, path.split('.'));
                absolute(&names, &parts)
            } else if !called && locals.contains(parts[0]) {
                None
            } else {
                names.get(&(package.clone(), parts[0].to_owned())).copied()
            };
            nodes[node].needs.extend(found);
        }
        nodes[node].needs.sort_unstable();
        nodes[node].needs.dedup();
    }
    // The engine notices rules that need themselves; `deny.a := 1` is none.
    for (i, node) in nodes.iter_mut().enumerate() {
        if !node.function {
            node.needs.retain(|need| *need != i);
        }
    }
    nodes
}

/// The node of `a.b.rule…`, by the longest package.
fn absolute(names: &HashMap<(String, String), usize>, parts: &[&str]) -> Option<usize> {
    (1..parts.len())
        .rev()
        .find_map(|n| names.get(&(parts[..n].join("."), parts[n].to_owned())).copied())
}

/// `import data.a.b as c`: what names stand for.
fn imported(text: &str) -> HashMap<String, String> {
    let imports = text.lines().filter_map(|line| line.trim().strip_prefix("import data."));
    let pairs = imports.filter_map(|import| {
        let mut words = import.split_whitespace();
        let path = words.next()?;
        let alias = match (words.next(), words.next()) {
            (Some("as"), Some(alias)) => alias,
            _ => path.rsplit('.').next()?,
        };
        Some((alias.to_owned(), path.to_owned()))
    });
    pairs.collect()
}

/// Names that a rule declares for itself.
fn locals(text: &str) -> HashSet<&str> {
    let found = words(text);
    let mut locals = HashSet::new();
    let mut declares = false;
    for (i, (word, _)) in found.iter().enumerate() {
        let after = text[word.at.end..].trim_start();
        match word.name {
            "some" | "every" => declares = true,
            "in" => declares = false,
            name => {
                let before = i.checked_sub(1).map_or(0, |i| found[i].0.at.end);
                declares &= !text[before..word.at.start].contains(['\n', ';']);
                if declares || after.starts_with(":=") && i > 0 {
                    locals.insert(name);
                }
            }
        }
    }
    // Parameters: up to the first bracket that closes.
    if let Some((_, true)) = rule_name(text) {
        let head = text.find(')').map_or(text, |end| &text[..end]);
        locals.extend(words(head).into_iter().skip(1).map(|(word, _)| word.name));
    }
    locals
}

/// The first function that needs itself, or the first chain that is too long.
fn judge(nodes: &[Node]) -> Option<String> {
    /// Not seen; being looked at; done, with the length of the longest chain from here.
    #[derive(Clone, Copy)]
    enum Seen {
        No,
        Open,
        Done(usize),
    }
    let mut seen = vec![Seen::No; nodes.len()];
    for root in 0..nodes.len() {
        // The way here, and what of each node comes next.
        let mut way: Vec<(usize, usize)> = vec![(root, 0)];
        while let Some(&(node, next)) = way.last() {
            if next == 0 {
                if matches!(seen[node], Seen::Done(_)) {
                    way.pop();
                    continue;
                }
                seen[node] = Seen::Open;
            }
            if let Some(&need) = nodes[node].needs.get(next) {
                if let Some(top) = way.last_mut() {
                    top.1 += 1;
                }
                match seen[need] {
                    Seen::No => way.push((need, 0)),
                    Seen::Done(_) => {}
                    Seen::Open => {
                        let from = way.iter().position(|(n, _)| *n == need).unwrap_or(0);
                        let circle = way[from..].iter().map(|(n, _)| &nodes[*n]);
                        if let Some(function) = circle.clone().find(|n| n.function) {
                            return Some(format!(
                                "{}\nerror: the function `{}` calls itself, which Rego does not allow",
                                function.place, function.name
                            ));
                        }
                    }
                }
                continue;
            }
            let longest = nodes[node].needs.iter().filter_map(|need| match seen[*need] {
                Seen::Done(length) => Some(length),
                Seen::No | Seen::Open => None,
            });
            let length = 1 + longest.max().unwrap_or(0);
            if length > LONGEST_CHAIN {
                let Node { place, name, .. } = &nodes[node];
                return Some(format!(
                    "{place}\nerror: `{name}` stands at the end of more than {LONGEST_CHAIN} rules that need each other"
                ));
            }
            seen[node] = Seen::Done(length);
            way.pop();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(policy: &str) -> Option<String> {
        let mut engine = Engine::new();
        engine.add_policy("p.rego".into(), policy.into()).unwrap();
        find(&mut engine)
    }

    #[test]
    fn functions_that_call_themselves_are_found() {
        for policy in [
            "package p\nf(x) := f(x + 1)\n",
            "package p\nf(x) := g(x)\ng(x) := data.p.f(x)\n",
            "package p\nf(x) := y if y := r[x]\nr[1] := f(1)\n",
            "package p\nimport data.p as q\nf(x) := q.f(x)\n",
        ] {
            let error = found(policy).expect(policy);
            assert!(error.contains("calls itself") && error.contains("--> p.rego:"), "{error}");
        }
        for policy in [
            "package p\nf(x) := g(x)\ng(x) := x\nr := f(1)\nf(_) := 2 if false\n",
            "package p\nf(r) := r + 1\nr := f(1)\n",
            "package p\nf(a) := x if { some r in a; x := r }\nr := f([1])\n",
            "package p\nf(a) := r if { r := a }\nr := f(1)\n",
        ] {
            assert_eq!(found(policy), None, "{policy}");
        }
    }

    #[test]
    fn chains_are_bounded() {
        let chain = |n: usize| {
            let rules = (1..n).map(|i| format!("a{i} := a{} + 1\n", i - 1));
            format!("package p\na0 := 0\n{}", rules.collect::<String>())
        };
        assert_eq!(found(&chain(LONGEST_CHAIN)), None);
        assert!(found(&chain(LONGEST_CHAIN + 1)).unwrap().contains("more than"));
    }
}
