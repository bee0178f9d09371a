//! Which file imports what from which: read from the sources of a crate, without compiling them.
//!
//! Counted is every `use` and every path in the code (`crate::…`, `self::…`, `super::…`, or one that begins with a child module), inside macros too; a path leads to
//! the file of the deepest module that it names. What stands under `#[cfg(test)]` is left out, and so is a bare `mod x;`, which declares and imports nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Path of a file below the crate's `src` → its text.
pub type Sources = BTreeMap<String, String>;

/// Every file of Rust below `folder`.
pub fn sources(folder: &Path) -> Sources {
    let mut sources = Sources::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                sources.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    sources
}

/// One file imports another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Import {
    pub from: String,
    pub to: String,
    /// What is imported, as it is written.
    pub path: String,
}

/// The imports of one crate.
#[derive(Default, Debug)]
pub struct Imports {
    /// From file to file inside of the crate.
    pub inside: BTreeSet<Import>,
    /// Paths that begin with another crate of ours: file and path without `cheapbob_`.
    pub outside: BTreeSet<(String, String)>,
}

type Module = Vec<String>;

struct Reference {
    file: String,
    scope: Module,
    path: Vec<String>,
}

struct Reader<'a> {
    sources: &'a Sources,
    /// Module → the file that holds it.
    modules: BTreeMap<Module, String>,
    references: Vec<Reference>,
}

/// All imports below one root file (`lib.rs`, `main.rs`, `bin/x.rs`).
pub fn imports(root: &str, sources: &Sources) -> Imports {
    let mut reader = Reader { sources, modules: BTreeMap::new(), references: Vec::new() };
    reader.file(root, &[], &folder_of(root));
    let mut imports = Imports::default();
    for Reference { file, scope, path } in &reader.references {
        let written = path.join("::");
        if let Some(path) = written.strip_prefix("cheapbob_") {
            imports.outside.insert((file.clone(), path.to_owned()));
        } else if let Some(to) = reader.target(scope, path).filter(|to| to != file) {
            imports.inside.insert(Import { from: file.clone(), to, path: written });
        }
    }
    imports
}

/// The folder that a module file's children stand in.
fn folder_of(file: &str) -> String {
    let (folder, name) = file.rsplit_once('/').map_or(("", file), |(folder, name)| (folder, name));
    let own = match name {
        "mod.rs" | "lib.rs" | "main.rs" => "",
        name => name.trim_end_matches(".rs"),
    };
    [folder, own].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

impl Reader<'_> {
    fn file(&mut self, file: &str, module: &[String], folder: &str) {
        let tokens = self.sources[file].parse::<TokenStream>().unwrap_or_else(|error| panic!("{file}: {error}"));
        self.modules.insert(module.to_vec(), file.to_owned());
        self.tokens(file, module, folder, tokens);
    }

    fn tokens(&mut self, file: &str, scope: &[String], folder: &str, tokens: TokenStream) {
        let tokens = tokens.into_iter().collect::<Vec<_>>();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Punct(punct) if punct.as_char() == '#' && is_cfg_test(tokens.get(at + 1)) => after_item(&tokens, at + 2),
                TokenTree::Ident(word) if word == "pub" && is_group(tokens.get(at + 1), Delimiter::Parenthesis) => at + 2,
                TokenTree::Ident(word) if word == "use" && !is_punct(tokens.get(at + 1), '<') => {
                    let end = (at..tokens.len()).find(|i| is_punct(tokens.get(*i), ';')).unwrap_or(tokens.len());
                    self.use_tree(file, scope, &[], &tokens[at + 1..end]);
                    end
                }
                TokenTree::Ident(word) if word == "mod" => self.module(file, scope, folder, &tokens, at + 1),
                TokenTree::Ident(_) => {
                    let mut path = Vec::new();
                    let end = path_from(&tokens, at, &mut path);
                    if path.len() > 1 {
                        self.references.push(Reference { file: file.to_owned(), scope: scope.to_vec(), path });
                    }
                    end
                }
                TokenTree::Group(group) => {
                    self.tokens(file, scope, folder, group.stream());
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    /// `mod x;` leads to a file, `mod x { … }` to a scope of its own; in a macro the name may be a variable.
    fn module(&mut self, file: &str, scope: &[String], folder: &str, tokens: &[TokenTree], at: usize) -> usize {
        let at = if is_punct(tokens.get(at), '$') { at + 1 } else { at };
        let Some(TokenTree::Ident(name)) = tokens.get(at) else { return at };
        let inner = [scope, &[name.to_string()]].concat();
        match tokens.get(at + 1) {
            Some(TokenTree::Group(body)) => {
                self.modules.insert(inner.clone(), file.to_owned());
                self.tokens(file, &inner, &join(folder, name), body.stream());
            }
            Some(_) => {
                let below = join(folder, name);
                let child = [format!("{below}.rs"), format!("{below}/mod.rs")].into_iter().find(|child| self.sources.contains_key(child));
                let child = child.unwrap_or_else(|| panic!("{file}: no file for the module {name}"));
                self.file(&child, &inner, &below);
            }
            None => {}
        }
        at + 2
    }

    fn use_tree(&mut self, file: &str, scope: &[String], prefix: &[String], tokens: &[TokenTree]) {
        for tree in tokens.split(|token| is_punct(Some(token), ',')) {
            let mut path = prefix.to_vec();
            let end = path_from(tree, 0, &mut path);
            match tree.get(end) {
                Some(TokenTree::Group(group)) => {
                    self.use_tree(file, scope, &path, &group.stream().into_iter().collect::<Vec<_>>());
                }
                _ if path.len() > prefix.len() || end < tree.len() => {
                    path.retain(|word| word != "self" || prefix.is_empty());
                    self.references.push(Reference { file: file.to_owned(), scope: scope.to_vec(), path });
                }
                _ => {}
            }
        }
    }

    /// The file of the deepest module of `path`, seen from `scope`; `None` where the path leads out of the crate or names no module.
    fn target(&self, scope: &[String], path: &[String]) -> Option<String> {
        let mut module = scope.to_vec();
        let mut words = path.iter().peekable();
        match words.peek()?.as_str() {
            "crate" => module.clear(),
            "self" | "super" => {}
            child => {
                let child = [scope, &[child.to_owned()]].concat();
                self.modules.get(&child)?;
            }
        }
        for word in words {
            match word.as_str() {
                "crate" | "self" => {}
                "super" => {
                    module.pop();
                }
                word => {
                    let child = [module.as_slice(), &[word.to_owned()]].concat();
                    if !self.modules.contains_key(&child) {
                        break;
                    }
                    module = child;
                }
            }
        }
        self.modules.get(&module).cloned()
    }
}

fn join(folder: &str, name: &proc_macro2::Ident) -> String {
    if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") }
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

fn is_group(token: Option<&TokenTree>, delimiter: Delimiter) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == delimiter)
}

fn is_cfg_test(token: Option<&TokenTree>) -> bool {
    let is = |group: &Group| group.stream().to_string().replace(' ', "") == "cfg(test)";
    matches!(token, Some(TokenTree::Group(group)) if is(group))
}

/// Where the item that begins at `at` ends: behind its `;` or its braces.
fn after_item(tokens: &[TokenTree], at: usize) -> usize {
    (at..tokens.len())
        .find(|i| is_punct(tokens.get(*i), ';') || is_group(tokens.get(*i), Delimiter::Brace))
        .map_or(tokens.len(), |end| end + 1)
}

/// Collects `a::b::c` from `at` on; answers where it ends, behind a last `::` if a group or `*` follows.
fn path_from(tokens: &[TokenTree], mut at: usize, path: &mut Vec<String>) -> usize {
    while let Some(TokenTree::Ident(word)) = tokens.get(at) {
        path.push(word.to_string());
        at += 1;
        if !(is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')) {
            break;
        }
        at += 2;
    }
    at
}

/// The circles among the files: for each the imports that close it.
pub fn circles(imports: &BTreeSet<Import>) -> Vec<String> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in imports {
        next.entry(&import.from).or_default().insert(&import.to);
    }
    let reach: BTreeMap<&str, BTreeSet<&str>> = next.keys().map(|file| (*file, reached(&next, file))).collect();
    let both_ways =
        |a: &str, b: &str| reach.get(a).is_some_and(|seen| seen.contains(b)) && reach.get(b).is_some_and(|seen| seen.contains(a));
    let mut told = BTreeSet::new();
    let mut circles = Vec::new();
    for file in next.keys().filter(|file| both_ways(file, file)) {
        if told.contains(file) {
            continue;
        }
        let members: BTreeSet<&str> = next.keys().copied().filter(|other| both_ways(file, other)).collect();
        let closing = imports.iter().filter(|import| members.contains(import.from.as_str()) && members.contains(import.to.as_str()));
        circles
            .push(closing.map(|import| format!("{} imports {} of {}", import.from, import.path, import.to)).collect::<Vec<_>>().join("; "));
        told.extend(members);
    }
    circles
}

fn reached<'a>(next: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &'a str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        open.extend(next.get(file).into_iter().flatten().copied().filter(|to| seen.insert(*to)));
    }
    seen
}
