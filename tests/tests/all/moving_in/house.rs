//! A service into which an old one has moved.

use cheapbob_test_support::{
    Answer, Api, Person, RealServer, TestDatabase,
    legacy::{LegacyData, LegacyDatabases, names, token},
    mongo_settings, noon, session,
};
use chrono::Duration;
use futures::{StreamExt, stream};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

/// The Python service's, and ours.
pub(super) const SECRET: &str = "a secret that both services have signed with";

/// `cheapbob-http` and `cheapbob-jobs`, on real databases into which those of an old service were brought.
pub(super) struct House {
    pub(super) api: Api,
    pub(super) database: TestDatabase,
    /// Below it the bucket's folder, `media`.
    pub(super) folder: tempfile::TempDir,
    settings: Vec<(&'static str, String)>,
    port: u16,
    _http: RealServer,
    jobs: Option<RealServer>,
    _old: LegacyDatabases,
}

impl House {
    /// Its clock stands at noon. `more`: settings beside those of its databases.
    pub(super) async fn moved_in(more: &[(&'static str, &str)]) -> Self {
        let mut house = Self::before_the_switch(more).await;
        house.start_jobs();
        house
    }

    /// The same, while the jobs are still off.
    pub(super) async fn before_the_switch(more: &[(&'static str, &str)]) -> Self {
        let (database, mongo, folder) = (TestDatabase::create().await, mongo_settings(), tempfile::tempdir().unwrap());
        let mut settings = vec![
            ("DB_HOST", "127.0.0.1".to_owned()),
            ("DB_PORT", database.port()),
            ("DB_USER", "cheapbob".to_owned()),
            ("DB_NAME", database.name().to_owned()),
            ("MONGODB_URI", mongo.uri.expose_secret().to_owned()),
            ("MONGODB_NAME", mongo.database.clone().unwrap()),
            ("CHEAPBOB_SECRET_KEYS", "tests:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned()),
            ("CHEAPBOB_DATA_DIR", folder.path().display().to_string()),
            ("JWT_SECRET", SECRET.to_owned()),
            ("ENVIRONMENT", "dev".to_owned()),
        ];
        settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let port = RealServer::free_port();
        let http = RealServer::http(port, &settings).await;
        let api = http.api.clone();
        api.set_clock(noon()).await;
        let old = LegacyDatabases::with(&LegacyData::awkward(1, noon())).await;
        bring_over(&settings, port, &old);
        Self { api, database, folder, settings, port, _http: http, jobs: None, _old: old }
    }

    /// From now on the clock's work is done.
    pub(super) fn start_jobs(&mut self) {
        self.jobs = Some(RealServer::spawn("cheapbob-jobs", self.port, &self.settings));
    }

    /// A token of the old service, good for a day.
    pub(super) fn token(email: &str, role: &str) -> String {
        token(SECRET, email, role, noon() + Duration::days(1))
    }

    /// Who has an old token, and has sent it already.
    pub(super) async fn moved(&self, email: &str, role: &str) -> Person {
        let answer = self.role(&Self::token(email, role)).await;
        Person { api: self.api.clone(), token: session(&answer).unwrap(), email: email.to_lowercase() }
    }

    /// `GET /user/role` with this token.
    pub(super) async fn role(&self, token: &str) -> Answer {
        self.api.call(Method::GET, "/api/v1/user/role", Some(token), None).await
    }

    /// When an account was made, as the database shows it.
    pub(super) async fn created(&self, email: &str) -> String {
        self.database.texts(&format!("SELECT created_at::text FROM accounts WHERE email = '{email}'")).await.remove(0)
    }

    /// PortOne's books have the money of an order of the ordinary store's first product.
    pub(super) async fn pay(&self, payment: &str, pieces: i64) {
        self.pay_to(payment, &format!("store-{}", names::STORE), 7_000 * pieces).await;
    }

    /// PortOne's books have the money of each order that came over and was not canceled there, of today's.
    pub(super) async fn pay_all(&self) {
        let paid = "SELECT h.payment_id || ' ' || h.portone_store_id || ' ' || h.total_amount
                    FROM holds h JOIN orders o USING (payment_id) WHERE o.status <> 'cancel' ORDER BY 1";
        let paid = self.database.texts(paid).await.into_iter().map(|payment| async move {
            let [payment, store, total] = payment.split(' ').collect::<Vec<_>>()[..] else { panic!("{payment}") };
            self.pay_to(payment, store, total.parse().unwrap()).await;
        });
        stream::iter(paid).buffer_unordered(8).collect::<()>().await;
    }

    async fn pay_to(&self, payment: &str, store: &str, total: i64) {
        let checkout = json!({
            "paymentId": payment, "storeId": store, "channelKey": "channel", "orderName": "test", "totalAmount": total,
        });
        self.api.call(Method::POST, "/sandbox/portone/checkout", None, Some(&checkout)).await.expect(200);
    }

    /// What a list of orders has of this one.
    pub(super) fn of(list: &Value, payment: &str) -> Value {
        let orders = list["orders"].as_array().unwrap();
        orders.iter().find(|order| order["payment_id"] == payment).unwrap_or_else(|| panic!("{payment} in {list}")).clone()
    }
}

/// As an operator does it; whatever does not fit is told and no failure.
fn bring_over(settings: &[(&'static str, String)], port: u16, old: &LegacyDatabases) {
    let (postgres, mongodb) = (old.postgres_url(), old.mongodb_uri());
    let arguments = ["import", "--from-postgres", &postgres, "--from-mongodb", &mongodb];
    let output = RealServer::command("cheapbob-jobs", settings).env("PORT", port.to_string()).args(arguments).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", said(&output.stdout), said(&output.stderr));
}
