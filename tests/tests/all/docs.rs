//! The papers tell the truth, as far as a machine can tell: codes, names, links and versions are those of the code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{read_dir, read_to_string},
    path::{Path, PathBuf},
};

use cheapbob_domain::{operators::error::NOT_AN_OPERATOR, shared::ErrorKind};
use cheapbob_http::ROUTES;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub(crate) fn text(file: impl AsRef<Path>) -> String {
    read_to_string(root().join(&file)).unwrap_or_else(|e| panic!("{}: {e}", file.as_ref().display()))
}

/// Every file below `folder`, as paths from the root; nothing that was built.
fn files(folder: &str) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for path in read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy();
            if path.is_dir() && !["target", "data", ".git"].contains(&&*name) {
                folders.push(path);
            } else if path.is_file() {
                found.push(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found
}

/// Findings are records of their day: what they name may be gone.
fn papers() -> Vec<String> {
    files("").into_iter().filter(|file| file.ends_with(".md") && !file.starts_with("findings/")).collect()
}

/// All source files of these crates, white space removed, so that it does not matter how they are wrapped.
fn source(crates: &[&str]) -> String {
    let of_crate = |krate: &&str| files(&format!("crates/{krate}/src")).into_iter().filter(|file| file.ends_with(".rs"));
    crates.iter().flat_map(of_crate).flat_map(|file| text(file).split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// That of every crate.
pub(crate) fn whole_source() -> String {
    let crates: Vec<_> = read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    source(&crates.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What stands between back ticks, outside of code blocks.
fn quoted(paper: &str) -> Vec<&str> {
    paper.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2)).collect()
}

/// First cells of the tables below headings that are numbers, with that number: the code and its status.
fn rows(paper: &str) -> BTreeSet<(u16, String)> {
    let (mut status, mut found) = (None, BTreeSet::new());
    for line in paper.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            status = heading.trim_start_matches('#').trim().parse().ok();
        }
        if let (Some(status), Some(row)) = (status, line.strip_prefix("| `")) {
            assert!(found.insert((status, row.split('`').next().unwrap().to_owned())), "{line} stands there twice");
        }
    }
    found
}

#[test]
fn every_refusal_has_its_row() {
    // `REFUSAL = Kind, "code", …` and `Refusal::new(ErrorKind::Kind, "code", …)`.
    const KINDS: [&str; 13] = [
        "Refused",
        "Invalid",
        "Unauthenticated",
        "Forbidden",
        "Withdrawn",
        "NotFound",
        "TooLarge",
        "MediaType",
        "Conflict",
        "Timeout",
        "TooMany",
        "Unavailable",
        "Internal",
    ];
    let source = source(&["domain", "http"]);
    let pieces: Vec<_> = source.split(",\"").collect();
    let is_refusal = |before: &str| KINDS.iter().any(|kind| ["=", "::"].iter().any(|sign| before.ends_with(&format!("{sign}{kind}"))));
    let in_source: BTreeSet<_> =
        pieces.windows(2).filter(|pair| is_refusal(pair[0])).map(|pair| pair[1].split('"').next().unwrap().to_owned()).collect();
    assert!(in_source.len() > 50, "the source is read: {in_source:?}");

    let document = serde_json::to_value(cheapbob_http::document()).unwrap();
    let mut answered = BTreeSet::from([(405, "method_not_allowed".to_owned())]);
    for operation in document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values()) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let codes = response["$ref"].as_str().and_then(|name| name.rsplit('/').next()).into_iter().flat_map(|name| name.split('.'));
            answered.extend(codes.map(|code| (status.parse().unwrap(), code.to_owned())));
        }
    }
    // The operators' pages are not in the document.
    let status = |kind| match kind {
        ErrorKind::Refused => 400,
        ErrorKind::Unauthenticated => 401,
        ErrorKind::Forbidden => 403,
        ErrorKind::NotFound => 404,
        ErrorKind::Conflict => 409,
        other => panic!("{other:?} of an operator's page"),
    };
    let of_operators = ROUTES.iter().filter(|(_, pattern, ..)| pattern.starts_with("/operator"));
    let refusals = of_operators.flat_map(|(.., access, refusals)| access.refusals().iter().chain(*refusals));
    answered.extend(refusals.chain(&[NOT_AN_OPERATOR]).map(|refusal| (status(refusal.kind), refusal.code.to_owned())));
    let paper = rows(&text("docs/http-status-codes.md"));
    assert_eq!(paper, answered, "docs/http-status-codes.md and the OpenAPI document");
    assert_eq!(paper.into_iter().map(|(_, code)| code).collect::<BTreeSet<_>>(), in_source, "docs/http-status-codes.md and the source");
}

#[test]
fn every_field_code_has_its_row() {
    let source = source(&["domain", "http"]);
    let table = text("docs/http-status-codes.md");
    let table = table.split("| field code |").nth(1).unwrap().split("\n\n").next().unwrap();
    let rows: BTreeSet<_> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    for code in source.split("Rule{code:\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(rows.contains(code), "{code} has no row");
    }
    for code in rows {
        assert!(source.contains(&format!("\"{code}\"")), "{code} is no code of ours");
    }
}

#[test]
fn messages_and_metrics_are_those_of_the_code() {
    let source = whole_source();
    let logging = text("docs/logging.md");
    let messages: Vec<_> =
        logging.split("| message | level |").nth(1).unwrap().lines().filter_map(|line| line.strip_prefix("| `")).collect();
    assert!(messages.len() > 5);
    for message in messages.into_iter().map(|line| line.split('`').next().unwrap()) {
        assert!(source.contains(&format!("\"{}\"", message.replace(' ', ""))), "nobody logs {message:?}");
    }
    // The changelog names what is gone.
    for paper in papers().into_iter().filter(|paper| paper != "CHANGELOG.md") {
        for name in quoted(&text(&paper)).into_iter().filter(|name| name.starts_with("cheapbob_")) {
            let name = name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap();
            assert!(source.contains(name), "{paper}: {name}");
        }
    }
}

#[test]
fn links_and_paths_lead_somewhere() {
    let all: BTreeSet<_> = files("").into_iter().collect();
    let is_there = |path: &str| all.contains(path) || all.iter().any(|file| file.starts_with(&format!("{}/", path.trim_end_matches('/'))));
    let mut lost = Vec::new();
    for paper in papers() {
        let content = text(&paper);
        let folder = root().join(&paper).parent().unwrap().to_owned();
        for target in content.split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap()) {
            if !target.is_empty() && !target.contains("://") && !target.starts_with("..") && !folder.join(target).exists() {
                lost.push(format!("{paper}: {target}"));
            }
        }
        // Paths from the root; `<feature>`, `*`, `{…}` stand for many.
        for path in quoted(&content) {
            let ours =
                ["crates/", "docs/", "tests/", "config/", "migrations/", ".ci/", ".github/"].iter().any(|start| path.starts_with(start));
            if ours && !path.contains(['<', '*', '{', '…', ' ']) && !is_there(path) {
                lost.push(format!("{paper}: {path}"));
            }
        }
    }
    assert_eq!(lost, [""; 0]);
}

#[test]
fn the_korean_readme_has_the_same_parts() {
    let [english, korean] = ["README.md", "README.ko.md"].map(text);
    let parts = |readme: &str| readme.lines().filter(|line| line.starts_with("## ")).count();
    assert_eq!(parts(&english), parts(&korean));
    let rows = english.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0));
    let links = english.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let names = rows.chain(links).filter(|name| name.contains(['_', '/', '.']) && !name.contains(' ') && !name.contains("README"));
    let lost: Vec<_> = names.filter(|name| !korean.contains(name)).collect();
    assert_eq!(lost, [""; 0], "README.ko.md does not name these");
}

#[test]
fn every_requirement_has_its_row() {
    let paper = text("docs/security.md");
    let rows: Vec<_> = paper.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | ")).collect();
    let rows: Vec<_> = rows.into_iter().filter(|(id, _)| id.starts_with('V')).collect();
    let of_level = |level: &str| rows.iter().filter(|(_, rest)| rest.starts_with(level)).count();
    let ids: BTreeSet<_> = rows.iter().map(|(id, _)| *id).collect();
    assert_eq!((ids.len(), of_level("1 | "), of_level("2 | ")), (70 + 183, 70, 183), "OWASP ASVS 5.0.0 has these");

    let unmet: BTreeSet<_> =
        rows.iter().filter(|(_, rest)| rest.contains("| **no**") || rest.contains("| **partly**")).map(|(id, _)| *id).collect();
    let listed = paper.split("## What is not met").nth(1).unwrap().split("\n## ").next().unwrap();
    let listed: BTreeSet<_> = listed.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').filter(|word| ids.contains(word)).collect();
    assert_eq!(listed, unmet);

    let files: Vec<_> = files("tests/tests/all").into_iter().filter(|file| file.ends_with(".rs")).collect();
    for (module, test) in quoted(&paper).into_iter().filter_map(|name| name.split_once("::")) {
        if module.starts_with(|c: char| c.is_ascii_lowercase()) {
            let own = [format!("tests/tests/all/{module}.rs"), format!("tests/tests/all/{module}/")];
            let own = files.iter().filter(|file| own.iter().any(|start| file.starts_with(start.as_str())));
            assert!(own.map(text).any(|file| test.is_empty() || file.contains(&format!("fn {test}("))), "{module}::{test}");
        }
    }
}

#[test]
fn the_index_lists_every_decision() {
    let index = text("docs/decisions/README.md");
    let pages: BTreeMap<_, _> = files("docs/decisions")
        .into_iter()
        .filter(|file| !file.ends_with("README.md"))
        .map(|file| (file.trim_start_matches("docs/decisions/").to_owned(), text(&file)))
        .collect();
    for (number, (file, page)) in (1..).zip(&pages) {
        let title =
            page.lines().next().unwrap().strip_prefix(&format!("# {number}. ")).unwrap_or_else(|| panic!("{file} is number {number}"));
        assert!(file.starts_with(&format!("{number:04}-")), "{file} is number {number}");
        assert!(index.contains(&format!("| {number} | [{title}]({file}) |")), "{file}");
        for part in ["**Status:** ", "## Context", "## Decision", "## Consequences", "## Alternatives"] {
            assert!(page.contains(part), "{file} has no {part}");
        }
    }
}

#[test]
fn licence_compiler_and_hosted_ci_are_the_manifests() {
    let manifest = text("Cargo.toml");
    let of_manifest =
        |key: &str| manifest.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(" = ")).unwrap().trim_matches('"').to_owned();
    assert!(text("LICENSE").starts_with(&of_manifest("license")));
    let toolchain = text("rust-toolchain.toml");
    assert!(toolchain.contains(&format!("channel = \"{}.", of_manifest("rust-version"))), "{toolchain}");
    let hosted: serde_json::Value = serde_saphyr::from_str(&text(".github/workflows/ci.yml")).unwrap();
    let steps = hosted["jobs"]["run"]["steps"].as_array().unwrap();
    assert_eq!(steps.last().unwrap()["run"], ".ci/run");
    for action in steps.iter().filter_map(|step| step["uses"].as_str()) {
        let commit = action.split_once('@').unwrap().1;
        assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{action} is not pinned");
    }
}
