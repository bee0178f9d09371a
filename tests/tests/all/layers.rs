//! Who may depend on whom: the table of design.md.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Crate → the crates of ours that its normal dependencies may name.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("adapters-postgres", &["domain"]),
    ("adapters-mongo", &["domain"]),
    ("adapters-redis", &["domain"]),
    ("adapters-oauth", &["domain"]),
    ("adapters-portone", &["domain"]),
    ("adapters-s3", &["domain"]),
    ("adapters-smtp", &["domain"]),
    ("adapters-embedded", &["domain"]),
    (
        "wiring",
        &[
            "domain",
            "adapters-postgres",
            "adapters-mongo",
            "adapters-redis",
            "adapters-oauth",
            "adapters-portone",
            "adapters-s3",
            "adapters-smtp",
            "adapters-embedded",
        ],
    ),
    ("jobs", &["domain", "wiring"]),
    ("http", &["domain", "wiring", "jobs"]),
    (
        "test-support",
        &["domain", "wiring", "jobs", "http", "adapters-postgres", "adapters-mongo", "adapters-s3", "adapters-smtp", "adapters-embedded"],
    ),
    ("tests", &[]),
];

/// What a pure crate may not know: runtimes, web, databases, HTTP clients.
const IMPURE: &[&str] =
    &["tokio", "actix-web", "diesel", "diesel-async", "reqwest", "mongodb", "deadpool-redis", "apalis", "lettre", "rust-s3"];

type Graph = BTreeMap<String, BTreeSet<String>>;

fn short(name: &str) -> String {
    name.trim_start_matches("cheapbob-").to_owned()
}

fn graph() -> Graph {
    let metadata = MetadataCommand::new().manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).no_deps().exec().unwrap();
    metadata
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

/// The libraries of `http` and `jobs` name no adapter: they would be rebuilt at each edit of one.
#[test]
fn only_wiring_names_adapters() {
    for krate in ["http", "jobs"] {
        let root = format!("{}/../crates/{krate}/src", env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![std::path::PathBuf::from(root)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
                if entry.is_dir() {
                    folders.push(entry);
                } else {
                    let source = std::fs::read_to_string(&entry).unwrap();
                    assert!(!source.contains("cheapbob_adapters"), "{}", entry.display());
                }
            }
        }
    }
}

#[test]
fn every_crate_inherits_versions_and_lints() {
    let metadata = MetadataCommand::new().manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).no_deps().exec().unwrap();
    for package in &metadata.packages {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
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
