//! The alarms, the board and the runbook name what there is.

use std::collections::BTreeSet;

use cheapbob_test_support::TestDatabase;
use serde_json::Value;

use crate::docs::{text, whole_source};

const ALARMS: &str = "config/prometheus/alerts.yaml";
const BOARD: &str = "config/grafana/dashboard.json";
const RUNBOOK: &str = "docs/runbook.md";

fn alarms() -> Vec<Value> {
    let file: Value = serde_saphyr::from_str(&text(ALARMS)).unwrap();
    let rules = file["groups"].as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap());
    rules.cloned().collect()
}

/// Every `expr` of alarms and board.
fn expressions() -> Vec<String> {
    let board: Value = serde_json::from_str(&text(BOARD)).unwrap();
    let panels = board["panels"].as_array().unwrap().iter().flat_map(|panel| panel["targets"].as_array().unwrap().clone());
    alarms().into_iter().chain(panels).map(|one| one["expr"].as_str().unwrap().to_owned()).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

#[test]
fn each_alarm_has_its_section_in_the_runbook_and_each_section_its_alarm() {
    let paper = text(RUNBOOK);
    let sections: BTreeSet<_> = paper.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let alarms = alarms();
    let names: BTreeSet<_> = alarms.iter().map(|alarm| alarm["alert"].as_str().unwrap()).collect();
    assert!(names.len() > 10);
    assert_eq!(names, sections);
    for alarm in &alarms {
        let name = alarm["alert"].as_str().unwrap();
        assert_eq!(alarm["annotations"]["runbook"], format!("{RUNBOOK}#{}", name.to_lowercase()));
        assert!(["page", "ticket"].contains(&alarm["labels"]["severity"].as_str().unwrap()), "{name}");
        let section = paper.split(&format!("## {name}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
        for part in ["**Means.**", "**Look.**", "**Do.**"] {
            assert_eq!(section.matches(part).count(), 1, "{name}: {part}");
        }
        assert!(paper.contains(&format!("[{name}](#{})", name.to_lowercase())), "{name} is in the list at the top");
    }
}

#[test]
fn alarms_and_board_ask_for_metrics_and_labels_of_ours_and_for_all_of_them() {
    let (mut metrics, mut labels) = (BTreeSet::new(), BTreeSet::from(["method", "route", "status"].map(str::to_owned)));
    let source = whole_source();
    for kind in ["gauge!(", "counter!(", "histogram!("] {
        // Up to the `;`: `gauge!("name","label"=>value).set(1.0)`.
        for call in source.split(kind).skip(1).filter_map(|rest| rest.split_once(';')).map(|(call, _)| call) {
            let Some(name) = call.split('"').nth(1).filter(|name| name.starts_with("cheapbob_")) else { continue };
            metrics.insert(name.to_owned());
            let named: Vec<_> = call.split("\"=>").collect();
            labels.extend(named[..named.len() - 1].iter().filter_map(|before| before.rsplit('"').next()).map(str::to_owned));
        }
    }
    assert!(metrics.len() > 15 && labels.contains("lane"), "the source is read: {metrics:?} {labels:?}");
    // What Prometheus adds: ours of that name comes behind `exported_`.
    labels.remove("job");
    labels.extend(["job", "instance", "le", "exported_job"].map(str::to_owned));

    let mut asked = BTreeSet::new();
    for expression in expressions() {
        for word in words(&expression).filter(|word| word.starts_with("cheapbob_")) {
            let name = ["_bucket", "_count", "_sum"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
            assert!(metrics.contains(name), "{name} is no metric: {expression}");
            asked.insert(name.to_owned());
        }
        let groups = expression.split("by (").skip(1).map(|rest| rest.split(')').next().unwrap());
        let matchers = expression.split('{').skip(1).map(|rest| rest.split(['=', '!']).next().unwrap());
        for label in groups.flat_map(words).chain(matchers) {
            assert!(labels.contains(label), "{label} is no label: {expression}");
        }
    }
    assert_eq!(metrics.difference(&asked).collect::<Vec<_>>(), [""; 0], "nobody looks at these");
}

/// At night nobody wants to look for the right name of a column.
#[tokio::test(flavor = "multi_thread")]
async fn the_runbooks_sql_is_understood_by_the_database() {
    let (paper, database) = (text(RUNBOOK), TestDatabase::create().await);
    let blocks: Vec<_> = paper.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 3);
    for block in blocks {
        database.sql(block).await;
    }
}
