//! Who may depend on whom: the table of design.md among crates, the order of the features, the order within one, and no circle among files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::imports::{Imports, circles, imports, sources};

/// Crate → the crates of ours that its normal dependencies may name.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("pages", &[]),
    ("listener", &[]),
    ("adapters-postgres", &["domain"]),
    ("adapters-legacy", &["domain"]),
    ("adapters-mongo", &["domain"]),
    ("adapters-redis", &["domain"]),
    ("adapters-oauth", &["domain"]),
    ("adapters-portone", &["domain"]),
    ("adapters-s3", &["domain"]),
    ("adapters-smtp", &["domain"]),
    ("adapters-webpush", &["domain"]),
    ("adapters-embedded", &["domain", "pages"]),
    (
        "wiring",
        &[
            "domain",
            "listener",
            "adapters-postgres",
            "adapters-legacy",
            "adapters-mongo",
            "adapters-redis",
            "adapters-oauth",
            "adapters-portone",
            "adapters-s3",
            "adapters-smtp",
            "adapters-webpush",
            "adapters-embedded",
        ],
    ),
    ("jobs", &["domain", "wiring"]),
    ("http", &["domain", "pages", "listener", "wiring", "jobs"]),
    (
        "test-support",
        &[
            "domain",
            "wiring",
            "jobs",
            "http",
            "adapters-postgres",
            "adapters-mongo",
            "adapters-redis",
            "adapters-s3",
            "adapters-smtp",
            "adapters-embedded",
        ],
    ),
    ("tests", &[]),
];

/// What a pure crate may not know: runtimes, web, databases, HTTP clients.
const IMPURE: &[&str] = &["tokio", "actix-web", "diesel", "diesel-async", "reqwest", "mongodb", "redis", "apalis", "lettre", "rust-s3"];

type Graph = BTreeMap<String, BTreeSet<String>>;

fn short(name: &str) -> String {
    name.trim_start_matches("cheapbob-").to_owned()
}

fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).no_deps().exec().unwrap()
}

fn graph() -> Graph {
    metadata()
        .packages
        .iter()
        .map(|package| {
            let normal = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
            (short(&package.name), normal.map(|d| d.name.clone()).collect())
        })
        .collect()
}

fn violations(graph: &Graph) -> Vec<String> {
    let table: BTreeMap<_, _> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (krate, dependencies) in graph {
        let Some(allowed) = table.get(krate.as_str()) else {
            wrong.push(format!("{krate} is not in the table"));
            continue;
        };
        for dependency in dependencies {
            let ours = dependency.starts_with("cheapbob-");
            if ours && !allowed.contains(&short(dependency).as_str()) {
                wrong.push(format!("{krate} may not depend on {dependency}"));
            }
            if krate == "domain" && IMPURE.contains(&dependency.as_str()) {
                wrong.push(format!("domain is pure and may not depend on {dependency}"));
            }
        }
    }
    wrong.extend(table.keys().filter(|row| !graph.contains_key(**row)).map(|row| format!("{row} has a row but is gone")));
    wrong
}

#[test]
fn every_crate_keeps_to_its_layer() {
    assert_eq!(violations(&graph()), [""; 0]);
}

#[test]
fn the_table_is_enforced() {
    let mut broken = graph();
    broken.get_mut("domain").unwrap().insert("tokio".to_owned());
    broken.get_mut("adapters-redis").unwrap().insert("cheapbob-adapters-postgres".to_owned());
    broken.insert("newcomer".to_owned(), BTreeSet::new());
    broken.remove("jobs");
    assert_eq!(
        violations(&broken),
        [
            "adapters-redis may not depend on cheapbob-adapters-postgres",
            "domain is pure and may not depend on tokio",
            "newcomer is not in the table",
            "jobs has a row but is gone",
        ]
    );
}

/// A lower feature imports nothing of a higher one; `shared` stands below all of them.
const FEATURES: [&str; 11] =
    ["shared", "users", "products", "stores", "orders", "reviews", "disputes", "notices", "tasks", "imports", "operators"];

/// Crates whose circles are being taken apart.
const CIRCLES_LEFT: &[&str] = &["adapters-redis"];

/// The imports of every library, binary and test of the workspace, with the crate's name.
fn all_imports() -> Vec<(String, Imports)> {
    let mut all = Vec::new();
    for package in metadata().packages {
        for target in &package.targets {
            let root = PathBuf::from(&target.src_path);
            let Some(source_folder) = root.ancestors().find(|folder| folder.ends_with("src") || folder.ends_with("tests/all")) else {
                continue;
            };
            let name = root.strip_prefix(source_folder).unwrap().to_str().unwrap();
            all.push((short(&package.name), imports(name, &sources(source_folder))));
        }
    }
    all
}

/// The place of a feature's folder, or of the first word of a path, in the order of the features.
fn feature(path: &str) -> Option<usize> {
    let first = path.split(['/', ':']).next()?;
    FEATURES.iter().position(|feature| *feature == first)
}

/// Models (with the feature's refusals) ← ports ← use cases ← front page.
fn floor(file: &str) -> usize {
    let inside = file.split_once('/').map_or(file, |(_, inside)| inside);
    match inside {
        "error.rs" => 0,
        _ if inside.starts_with("model/") => 0,
        "ports.rs" => 1,
        "mod.rs" => 3,
        _ => 2,
    }
}

/// What looks upwards in one crate: a feature at a higher one, in `domain` also a file at a higher floor of its feature.
fn upward(krate: &str, imports: &Imports) -> Vec<String> {
    let mut wrong = Vec::new();
    for import in &imports.inside {
        let (Some(from), Some(to)) = (feature(&import.from), feature(&import.to)) else { continue };
        let above = from < to || (krate == "domain" && from == to && from > 0 && floor(&import.from) < floor(&import.to));
        if above {
            wrong.push(format!("{krate}: {} imports {} of {}", import.from, import.path, import.to));
        }
    }
    for (file, path) in &imports.outside {
        let (Some(from), Some(to)) = (feature(file), path.strip_prefix("domain::").and_then(feature)) else { continue };
        if from < to {
            wrong.push(format!("{krate}: {file} imports {path}"));
        }
    }
    wrong
}

#[test]
fn features_and_their_floors_import_downwards() {
    let all = all_imports();
    assert!(all.iter().any(|(krate, imports)| krate == "domain" && imports.inside.len() > 300), "the sources were read");
    let wrong: Vec<_> = all.iter().flat_map(|(krate, imports)| upward(krate, imports)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let circles = |(krate, imports): (String, Imports)| {
        circles(&imports.inside).into_iter().map(move |circle| (krate.clone(), circle)).collect::<Vec<_>>()
    };
    let found: Vec<_> = all_imports().into_iter().flat_map(circles).filter(|(krate, _)| !CIRCLES_LEFT.contains(&krate.as_str())).collect();
    assert!(found.is_empty(), "{found:#?}");
}

fn tree(files: &[(&str, &str)]) -> Imports {
    imports("lib.rs", &files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
}

#[test]
fn a_planted_circle_is_found() {
    let two = tree(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::{B, other::Thing}; pub struct A;"),
        ("b.rs", "pub struct B; fn look() -> super::a::A { super::a::A }"),
        ("c.rs", "use crate::a::A;"),
    ]);
    assert_eq!(
        circles(&two.inside),
        ["a.rs imports crate::b::B of b.rs; a.rs imports crate::b::other::Thing of b.rs; b.rs imports super::a::A of a.rs"]
    );
}

#[test]
fn a_file_that_imports_from_its_own_front_page_closes_a_circle() {
    let page = |child: &str| {
        circles(
            &tree(&[
                ("lib.rs", "mod f;"),
                ("f/mod.rs", "mod x; mod y; pub use x::X; pub use y::Y;"),
                ("f/x.rs", "pub struct X;"),
                ("f/y.rs", child),
            ])
            .inside,
        )
    };
    assert_eq!(page("use super::X;"), ["f/mod.rs imports y::Y of f/y.rs; f/y.rs imports super::X of f/mod.rs"]);
    assert_eq!(page("use crate::f::X;"), ["f/mod.rs imports y::Y of f/y.rs; f/y.rs imports crate::f::X of f/mod.rs"]);
    assert_eq!(page("use super::x::X;"), [""; 0]);
}

#[test]
fn circles_are_found_in_macros_inner_modules_and_paths() {
    let closed =
        |lower: &str| !circles(&tree(&[("lib.rs", "mod a; mod b;"), ("a.rs", "use crate::b::B;"), ("b.rs", lower)]).inside).is_empty();
    assert!(closed("fn f() { call!(crate::a::go(), 1) }"));
    assert!(closed("macro_rules! m { ($n:ident) => { mod $n { use super::super::a::*; } } }"));
    assert!(closed("mod inner { fn f(a: &super::super::a::A) {} }"));
    assert!(closed("impl crate::a::T for B {}"));
    assert!(closed("use crate::{a::{self, A}};"));
}

#[test]
fn tests_visibilities_and_declarations_close_no_circle() {
    let open = |lower: &str| {
        circles(&tree(&[("lib.rs", "mod a; mod b;"), ("a.rs", "use crate::b::B; #[cfg(test)] mod gone;"), ("b.rs", lower)]).inside)
            .is_empty()
    };
    assert!(open("#[cfg(test)] mod tests { use crate::a::A; }"));
    assert!(open("pub(in crate::a) struct B;"));
    assert!(open("#[cfg(test)] #[allow(dead_code)] use crate::a::A; struct B;"));
    assert!(open("use other_crate::a::A; mod inner { use super::B; }"));
    assert!(circles(&tree(&[("lib.rs", "mod a; pub struct Whole;"), ("a.rs", "use crate::Whole;")]).inside).is_empty());
}

#[test]
fn a_planted_look_upwards_is_found() {
    let files = [
        ("lib.rs", "mod shared; mod users; mod orders;"),
        ("shared/mod.rs", "use crate::users::Role;"),
        ("users/mod.rs", "use cheapbob_domain::{orders::Order, users::Role, shared::Email};"),
        ("orders/mod.rs", "pub mod model; pub mod ports; mod cancel; use crate::users::Role;"),
        ("orders/model/mod.rs", "pub mod order;"),
        ("orders/model/order.rs", "use super::super::ports::Orders;"),
        ("orders/ports.rs", "use super::{cancel::Cancel, model::order::Order};"),
        ("orders/cancel.rs", "use super::{Front, model::order::Order, ports::Orders};"),
    ];
    let features = ["http: shared/mod.rs imports crate::users::Role of users/mod.rs", "http: users/mod.rs imports domain::orders::Order"];
    assert_eq!(upward("http", &tree(&files)), features);
    assert_eq!(
        upward("domain", &tree(&files)),
        [
            "domain: orders/cancel.rs imports super::Front of orders/mod.rs",
            "domain: orders/model/order.rs imports super::super::ports::Orders of orders/ports.rs",
            "domain: orders/ports.rs imports super::cancel::Cancel of orders/cancel.rs",
            "domain: shared/mod.rs imports crate::users::Role of users/mod.rs",
            "domain: users/mod.rs imports domain::orders::Order",
        ]
    );
}

/// The libraries of `http` and `jobs` name no adapter: they would be rebuilt at each edit of one.
#[test]
fn only_wiring_names_adapters() {
    for krate in ["http", "jobs"] {
        for (file, source) in sources(Path::new(&format!("{}/../crates/{krate}/src", env!("CARGO_MANIFEST_DIR")))) {
            assert!(!source.contains("cheapbob_adapters"), "{krate}: {file}");
        }
    }
}

#[test]
fn every_crate_inherits_versions_and_lints() {
    for package in &metadata().packages {
        let manifest = fs::read_to_string(&package.manifest_path).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{} inherits the lints", package.name);
        let mut section = "";
        for line in manifest.lines() {
            if line.starts_with('[') {
                section = line;
            } else if section.contains("dependencies") && line.contains('=') {
                assert!(line.contains("workspace = true"), "{}: {line}", package.name);
            }
        }
    }
}

/// A binary's tests would link it once more, with all that it has: what is worth a test is in its library.
#[test]
fn binaries_have_no_tests_of_their_own() {
    let metadata = MetadataCommand::new().manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).no_deps().exec().unwrap();
    let binaries: Vec<_> = metadata.packages.iter().flat_map(|package| &package.targets).filter(|target| target.is_bin()).collect();
    assert!(!binaries.is_empty());
    for binary in binaries {
        assert!(!binary.test, "{} says test = false in its Cargo.toml", binary.name);
        assert!(!fs::read_to_string(&binary.src_path).unwrap().contains("#[test]"), "a test of {} would never run", binary.name);
    }
}
