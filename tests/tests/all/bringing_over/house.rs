//! The databases into which an old service moves.

use std::process::{Child, Stdio};

use cheapbob_adapters_mongo::MongoSettings;
use cheapbob_test_support::{RealServer, TestDatabase, legacy::LegacyDatabases, noon};
use mongodb::bson::{Bson, Document, doc};
use secrecy::ExposeSecret;
use serde_json::Value;

/// Tables that an import fills, without the columns that say when it ran, which number a row has, or what no two seals share.
const BROUGHT: &[(&str, &str)] = &[
    ("accounts", "'imported_at', 'created_at'"),
    ("customers", "''"),
    ("customer_preferences", "'id'"),
    ("stores", "'updated_at'"),
    ("store_payments", "'updated_at', 'portone_secret'"),
    ("operation_times", "'id'"),
    ("operation_reservations", "''"),
    ("store_images", "''"),
    ("favorites", "''"),
    ("products", "'updated_at', 'version'"),
    ("holds", "'next_look_at'"),
    ("orders", "''"),
    ("refunds", "''"),
    ("audit_log", "'id', 'at'"),
    ("embedded.order_archive", "''"),
    ("embedded.payment_archive", "''"),
    ("embedded.stock_reservations", "''"),
    ("embedded.withdrawals", "''"),
];

/// Our databases; the clock stands at noon when it begins.
pub(super) struct House {
    pub(super) database: TestDatabase,
    settings: Vec<(&'static str, String)>,
    folder: tempfile::TempDir,
}

impl House {
    /// MongoDB's fake in PostgreSQL.
    pub(super) async fn with_fakes() -> Self {
        Self::new(None).await
    }

    pub(super) async fn new(mongo: Option<MongoSettings>) -> Self {
        let database = TestDatabase::create().await;
        let noon = noon();
        database
            .sql(&format!("UPDATE embedded.clock SET offset_ms = (extract(epoch FROM '{noon}'::timestamptz - now()) * 1000)::bigint"))
            .await;
        let mut settings = vec![
            ("DB_HOST", "127.0.0.1".to_owned()),
            ("DB_PORT", database.port()),
            ("DB_USER", "cheapbob".to_owned()),
            ("DB_NAME", database.name().to_owned()),
            ("CHEAPBOB_SECRET_KEYS", "tests:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned()),
        ];
        if let Some(mongo) = mongo {
            settings.push(("MONGODB_URI", mongo.uri.expose_secret().to_owned()));
            settings.push(("MONGODB_NAME", mongo.database.unwrap()));
        }
        Self { database, settings, folder: tempfile::tempdir().unwrap() }
    }

    fn command(&self, old: &LegacyDatabases, arguments: &[&str]) -> std::process::Command {
        let mut command = RealServer::command("cheapbob-jobs", &self.settings);
        command.arg("import").args(["--from-postgres", &old.postgres_url(), "--from-mongodb", &old.mongodb_uri()]).args(arguments);
        command
    }

    /// `cheapbob-jobs …` must end well.
    pub(super) fn jobs(&self, arguments: &[&str]) {
        let output = RealServer::command("cheapbob-jobs", &self.settings).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// `cheapbob-jobs import …`: whether it ended well, and what it said.
    pub(super) fn import(&self, old: &LegacyDatabases, arguments: &[&str]) -> (bool, String) {
        let output = self.command(old, arguments).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    }

    /// The same, without waiting for its end.
    pub(super) fn begin(&self, old: &LegacyDatabases) -> Child {
        self.command(old, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// It must end well; gives the lines of its report.
    pub(super) fn report(&self, old: &LegacyDatabases, arguments: &[&str]) -> Vec<Value> {
        let file = self.folder.path().join("report.jsonl");
        let (ok, said) = self.import(old, &[arguments, &["--report", file.to_str().unwrap()]].concat());
        assert!(ok, "{said}");
        std::fs::read_to_string(&file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// `cheapbob-jobs give-back`, and what docs/moving-in.md says to do with its files. Gives what the command says, and everything that it wrote.
    pub(super) async fn give_back(&self, old: &LegacyDatabases) -> (String, String) {
        let folder = self.folder.path().join("since");
        let mut command = RealServer::command("cheapbob-jobs", &self.settings);
        let output = command.arg("give-back").arg(&folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        let script = read("postgresql.sql");
        old.sql(&script).await;
        let mut written = script;
        for (name, key) in [
            ("order_history_items", Some("payment_id")),
            ("product_stock_reservations", None),
            ("customer_withdraw_reservations", None),
            ("seller_withdraw_reservations", None),
        ] {
            let collection = old.collection(name);
            if key.is_none() {
                collection.delete_many(doc! {}).await.unwrap();
            }
            for line in read(&format!("{name}.jsonl")).lines() {
                let document = document(&serde_json::from_str(line).unwrap());
                match key {
                    Some(key) => {
                        let same = doc! { key: document.get_str(key).unwrap() };
                        collection.replace_one(same, document).upsert(true).await.map(|_| ()).unwrap();
                    }
                    None => collection.insert_one(document).await.map(|_| ()).unwrap(),
                }
                written += line;
            }
        }
        (String::from_utf8(output.stdout).unwrap(), written)
    }

    /// Everything that was brought: of each table a fingerprint and the number of its rows.
    pub(super) async fn contents(&self) -> Vec<String> {
        let mut contents = Vec::new();
        for (table, without) in BROUGHT {
            let row = format!("(to_jsonb(x) - ARRAY[{without}]::text[])::text");
            let query =
                format!("SELECT '{table} ' || count(*) || ' ' || coalesce(md5(string_agg({row}, '' ORDER BY {row})), '') FROM {table} x");
            contents.extend(self.database.texts(&query).await);
        }
        contents
    }

    /// One text from our database.
    pub(super) async fn text(&self, query: &str) -> String {
        self.database.texts(query).await.into_iter().next().unwrap_or_default()
    }
}

/// As `mongoimport` reads it.
fn document(json: &Value) -> Document {
    let field = |value: &Value| match value["$date"].as_str() {
        Some(at) => Bson::DateTime(mongodb::bson::DateTime::parse_rfc3339_str(at).unwrap()),
        None => mongodb::bson::serialize_to_bson(value).unwrap(),
    };
    json.as_object().unwrap().iter().map(|(name, value)| (name.clone(), field(value))).collect()
}

/// The reasons that a report has for this row.
pub(super) fn reasons<'a>(report: &'a [Value], id: &str) -> Vec<&'a str> {
    report.iter().filter(|line| line["id"] == id).map(|line| line["reason"].as_str().unwrap()).collect()
}

/// What a run says that it has brought: of each kind, as far as it is something.
pub(super) fn brought(said: &str) -> Vec<(&str, u64)> {
    let rows = said.lines().skip_while(|line| !line.starts_with("KIND")).skip(1).take_while(|line| !line.is_empty());
    rows.filter_map(|line| {
        let mut words = line.split_whitespace();
        let (kind, _, brought) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
        Some((kind, brought)).filter(|(_, brought)| *brought > 0)
    })
    .collect()
}
