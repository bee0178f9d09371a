//! The migrations, both sets: down and up again is the same schema, words and rows included; and `table!` in the adapters says what the
//! database has.

use std::{collections::BTreeSet, path::Path};

use cheapbob_test_support::TestDatabase;
use diesel::{
    migration::{Migration, MigrationSource},
    pg::Pg,
};
use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::imports::sources;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Everything that a migration can leave behind, one line each.
const CATALOG: &str = "
SELECT 'column ' || c.oid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END
    || coalesce(' default ' || pg_get_expr(adbin, adrelid), '') || attgenerated::text || coalesce(' -- ' || col_description(c.oid, attnum), '')
FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attnum
WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace IN (SELECT oid FROM ours)
UNION ALL SELECT 'relation ' || oid::regclass || ' ' || relkind::text || relpersistence::text || coalesce(' ' || reloptions::text, '')
    || coalesce(' -- ' || obj_description(oid, 'pg_class'), '')
FROM pg_class WHERE relnamespace IN (SELECT oid FROM ours)
UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace IN (SELECT oid FROM ours)
UNION ALL SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE relnamespace IN (SELECT oid FROM ours)
UNION ALL SELECT 'view ' || oid::regclass || ' ' || pg_get_viewdef(oid) FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace IN (SELECT oid FROM ours)
UNION ALL SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND relnamespace IN (SELECT oid FROM ours)
UNION ALL SELECT 'function ' || pg_get_functiondef(p.oid) FROM pg_proc p WHERE pronamespace IN (SELECT oid FROM ours) AND prokind = 'f'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
UNION ALL SELECT 'aggregate ' || p.oid::regprocedure::text || ' ' || aggtransfn::text FROM pg_proc p JOIN pg_aggregate ON aggfnoid = p.oid WHERE pronamespace IN (SELECT oid FROM ours)
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
UNION ALL SELECT 'extension ' || extname FROM pg_extension
UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE oid IN (SELECT oid FROM ours)";

async fn catalog(database: &TestDatabase) -> BTreeSet<String> {
    let ours = "WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('public', 'embedded'))";
    let lines = database.texts(&format!("{ours} {CATALOG}")).await;
    lines.into_iter().filter(|line| !line.contains("__diesel_schema_migrations")).collect()
}

/// Every migration of both sets, oldest first.
fn migrations() -> Vec<Box<dyn Migration<Pg>>> {
    let of = |set: &str| -> Vec<Box<dyn Migration<Pg>>> {
        FileBasedMigrations::from_path(format!("{ROOT}/migrations/{set}")).unwrap().migrations().unwrap()
    };
    let mut all: Vec<_> = of("postgres").into_iter().chain(of("embedded")).collect();
    all.sort_by_key(|migration| migration.name().to_string());
    all
}

async fn harness(database: &TestDatabase) -> AsyncMigrationHarness<AsyncPgConnection> {
    AsyncMigrationHarness::new(AsyncPgConnection::establish(&database.url()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_migration_down_and_up_again_gives_the_same_schema() {
    let (database, migrations) = (TestDatabase::create().await, migrations());
    let mut harness = harness(&database).await;
    let mut levels = vec![catalog(&database).await];
    for migration in migrations.iter().rev() {
        harness.revert_migration(migration).unwrap_or_else(|error| panic!("{} down: {error}", migration.name()));
        levels.push(catalog(&database).await);
    }
    let left: Vec<_> = levels.pop().unwrap().into_iter().filter(|line| !line.starts_with("extension ")).collect();
    assert_eq!(left, ["schema public"], "what stays when all are down");
    for migration in &migrations {
        harness.run_migration(migration).unwrap_or_else(|error| panic!("{} up: {error}", migration.name()));
        let Some(before) = levels.pop() else { break };
        let after = catalog(&database).await;
        // A constraint that is taken back is not checked again against the rows that are there.
        let plain =
            |lines: BTreeSet<String>| -> BTreeSet<String> { lines.into_iter().map(|line| line.replace(" NOT VALID", "")).collect() };
        let (before, after) = (plain(before), plain(after));
        let (lost, new): (Vec<_>, Vec<_>) = (before.difference(&after).collect(), after.difference(&before).collect());
        assert!(lost.is_empty() && new.is_empty(), "{} up again: lost {lost:#?}, new {new:#?}", migration.name());
    }
}

/// Rows whose words the migration `words` changes, as the version before it wrote them.
const OLD_ROWS: &str = "
INSERT INTO holds (payment_id, customer_email, product_id, store_id, quantity, price, sale, total_amount, portone_store_id, business_day, created_at, expires_at,
                   state, ended_because)
SELECT 'PAY_' || why, 'a@b', 'PRD_1', 'STR_1', 1, 10000, 30, 7000, 's', '2026-11-24', now(), now(), 'released', why FROM unnest(ARRAY['given_up', 'expired', 'failed']) why;
INSERT INTO audit_trail (payment_id, store_id, at, event, detail, actor_role, actor) VALUES
    ('PAY_1', 'STR_1', now(), 'released', 'given_up', 'job', 'settle_holds'), ('PAY_1', 'STR_1', now(), 'released', 'expired', 'job', 'settle_holds'),
    ('PAY_1', 'STR_1', now(), 'canceled', 'given_up', 'customer', 'a@b'), ('PAY_1', 'STR_1', now(), 'difference', 'paid', 'job', 'reconcile');
INSERT INTO tasks (id, job, due_at, payload, max_attempts, run_at, status)
SELECT 'run:' || job || ':2026-11-24', job, now(), jsonb_build_object('kind', 'run', 'job', job), 1, now(), 'done' FROM unnest(ARRAY['settle_holds', 'turn_stock', 'reconcile']) job;
INSERT INTO tasks (id, payload, max_attempts, run_at) VALUES ('mail', '{\"kind\": \"order_mail\", \"job\": \"no job: a word in a mail\"}', 1, now());
INSERT INTO link_tokens VALUES ('google/7', 'sealed', now())";

async fn rows(database: &TestDatabase, audit: &str, tokens: &str) -> Vec<String> {
    let rows = format!(
        "SELECT 'hold ' || payment_id || ' ' || ended_because FROM holds
         UNION ALL SELECT concat_ws(' ', 'audit', event, detail, actor_role, actor) FROM {audit}
         UNION ALL SELECT concat_ws(' ', 'task', id, coalesce(job, '-'), payload) FROM tasks
         UNION ALL SELECT 'token ' || {tokens} ORDER BY 1"
    );
    database.texts(&rows).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_stored_rows_change_and_change_back() {
    let (database, migrations) = (TestDatabase::create().await, migrations());
    let at = migrations.iter().position(|migration| migration.name().to_string().ends_with("000011_words")).unwrap();
    let mut harness = harness(&database).await;
    for migration in migrations[at..].iter().rev() {
        harness.revert_migration(migration).unwrap();
    }
    database.sql(OLD_ROWS).await;
    let before = rows(&database, "audit_trail", "link || ' ' || token FROM link_tokens").await;
    harness.run_migration(&migrations[at]).unwrap();
    assert_eq!(
        rows(&database, "audit_log", "identity || ' ' || token FROM unlink_tokens").await,
        [
            "audit canceled given_up customer a@b",
            "audit discrepancy paid job reconcile",
            "audit released abandoned job settle_holds",
            "audit released expired job settle_holds",
            "hold PAY_expired expired",
            "hold PAY_failed failed",
            "hold PAY_given_up abandoned",
            "task mail - {\"job\": \"no job: a word in a mail\", \"kind\": \"order_mail\"}",
            "task run:reconcile:2026-11-24 reconcile {\"job\": \"reconcile\", \"kind\": \"run\"}",
            "task run:resolve_holds:2026-11-24 resolve_holds {\"job\": \"resolve_holds\", \"kind\": \"run\"}",
            "task run:rollover_stock:2026-11-24 rollover_stock {\"job\": \"rollover_stock\", \"kind\": \"run\"}",
            "token google/7 sealed",
        ]
    );
    harness.revert_migration(&migrations[at]).unwrap();
    assert_eq!(rows(&database, "audit_trail", "link || ' ' || token FROM link_tokens").await, before);
    // Up to today's schema with the rows in it.
    for migration in &migrations[at..] {
        harness.run_migration(migration).unwrap_or_else(|error| panic!("{} with rows: {error}", migration.name()));
    }
    assert_eq!(database.count("audit_log").await, 4);
}

/// `table! { schema.name (key) { column -> Type, } }` as `name.column Type`.
fn declared(tokens: TokenStream, into: &mut BTreeSet<String>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let is_table = at >= 2 && tokens[at - 2].to_string() == "table" && tokens[at - 1].to_string() == "!";
        if !is_table {
            declared(group.stream(), into);
            continue;
        }
        let mut name = String::new();
        for token in group.stream() {
            match token {
                TokenTree::Group(columns) if columns.delimiter() == Delimiter::Brace => {
                    for column in columns.stream().to_string().replace(' ', "").split(',').filter(|column| !column.is_empty()) {
                        let (column, kind) = column.split_once("->").unwrap();
                        into.insert(format!("{name}.{column} {kind}"));
                    }
                }
                TokenTree::Group(_) => {}
                word => name += &word.to_string(),
            }
        }
    }
}

/// A column's type as diesel writes it.
const COLUMNS: &str = "
SELECT CASE WHEN nspname = 'public' THEN '' ELSE nspname || '.' END || relname || '.' || attname || ' '
    || CASE WHEN attnotnull THEN kind ELSE 'Nullable<' || kind || '>' END
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
CROSS JOIN LATERAL (SELECT CASE format_type(atttypid, NULL)
    WHEN 'text' THEN 'Text' WHEN 'text[]' THEN 'Array<Text>' WHEN 'boolean' THEN 'Bool' WHEN 'smallint' THEN 'SmallInt' WHEN 'integer' THEN 'Integer'
    WHEN 'bigint' THEN 'BigInt' WHEN 'date' THEN 'Date' WHEN 'time without time zone' THEN 'Time' WHEN 'timestamp with time zone' THEN 'Timestamptz'
    WHEN 'jsonb' THEN 'Jsonb' WHEN 'bytea' THEN 'Bytea' ELSE format_type(atttypid, NULL) END AS kind) t
WHERE relkind = 'r' AND nspname IN ('public', 'embedded')";

/// Columns that only statements of SQL name.
const LEFT_OUT: [&str; 5] = ["idempotency_keys.payment_id", "inbox.body", "inbox.kind", "inbox.payment_id", "products.oversold"];

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_of_diesel_are_those_of_the_database() {
    let mut declarations = BTreeSet::new();
    for krate in ["adapters-postgres", "adapters-embedded"] {
        let before = declarations.len();
        for source in sources(&Path::new(ROOT).join("crates").join(krate).join("src")).into_values() {
            declared(source.parse().unwrap(), &mut declarations);
        }
        assert!(declarations.len() > before, "{krate} declares tables");
    }
    let column_of = |line: &str| line.rsplit_once(' ').unwrap().0.to_owned();
    let table_of = |line: &str| column_of(line).rsplit_once('.').unwrap().0.to_owned();
    let tables: BTreeSet<_> = declarations.iter().map(|line| table_of(line)).collect();
    let columns: BTreeSet<_> =
        TestDatabase::create().await.texts(COLUMNS).await.into_iter().filter(|line| tables.contains(&table_of(line))).collect();
    // Each line has the column's type, and whether it may be null.
    let wrong: Vec<_> = declarations.difference(&columns).collect();
    assert!(wrong.is_empty(), "only in the code: {wrong:#?}");
    let undeclared: Vec<_> = columns.difference(&declarations).map(|line| column_of(line)).collect();
    assert_eq!(undeclared, LEFT_OUT, "in the database, neither declared nor left out on purpose");
}
