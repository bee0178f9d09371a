//! People, and what they have bought.

use std::fmt::Write;

use cheapbob_domain::{
    shared::Email,
    users::{Account, Role, SessionTokens},
};
use cheapbob_test_support::Person;
use jsonwebtoken::Algorithm;
use secrecy::SecretString;
use serde_json::json;

use super::{Bench, CUSTOMERS, SECRET};

impl Bench {
    /// Five orders of today, at a store whose account at PortOne is sealed as the API does it.
    pub(super) async fn warm_up(&self) {
        let product = &self.shop.product_id;
        let person = Person { api: self.api.clone(), token: self.token.clone(), email: self.email.clone() };
        for _ in 0..5 {
            person.order(product, 1).await;
        }
        person.post("/api/v1/customer/payment/init", &json!({ "product_id": product, "quantity": 1 })).await.expect(200);
    }

    /// Customers, and a session of each.
    pub(super) async fn customers(&self) {
        let (customers, now) = (self.seconds * CUSTOMERS, self.api.now().await);
        let made = "2026-01-01T00:00:00Z";
        self.database
            .sql(&format!(
                "INSERT INTO accounts SELECT 'c' || n || '@bench.example', 'customer', true, true, '{made}' FROM generate_series(1, {customers}) n;
                 INSERT INTO customers SELECT email, '길동', '01012345678', '{made}', '{made}' FROM accounts WHERE email LIKE 'c%@bench.example'"
            ))
            .await;
        self.database.sql("VACUUM ANALYZE accounts").await;
        let tokens = SessionTokens::new(&SecretString::from(SECRET), None, Algorithm::HS256, chrono::Duration::days(7));
        let mut file = String::new();
        for n in 1..=customers {
            let email = Email::parse(&format!("c{n}@bench.example")).unwrap();
            let account = Account::new(email, Role::Customer, true, made.parse().unwrap());
            writeln!(file, "{}", tokens.begin(&format!("bench-{n}"), &account, false, now).unwrap().token).unwrap();
        }
        std::fs::write(self.folder.path().join("tokens"), file).unwrap();
    }
}
