//! Rows that stand for themselves.

use cheapbob_test_support::{RealServer, eventually};
use futures::future::join_all;

use super::{
    Bench, CLIENTS, COMMON, MANY_STORES, PURCHASES, RARE, SOME, STORES, TURNS,
    judge::{Goal, Judge},
    reckoning::{KEPT, Purchase},
    shown,
    statements::by_name,
};

impl Bench {
    /// Page 0 by name among 500 stores, then among 50,000.
    pub(super) async fn many_stores(&self, judge: &mut Judge) {
        let texts = [("few", RARE), ("some", SOME), ("most", COMMON)];
        let measure = || texts.map(|(_, text)| self.wrk(&self.call(&by_name(text))).0);
        let small = measure();
        self.database.stores(STORES + 1, MANY_STORES).await;
        let large = measure();
        println!();
        println!("{:<34}{:>12}{:>12}{:>9}", "search by name, page 0", "500 stores", "50,000", "slower");
        for ((name, _), (small, large)) in texts.iter().zip(small.into_iter().zip(large)) {
            let slower = small / large;
            let goal =
                if *name == "few" { judge.judge("50,000 stores, a rare text", slower, Goal::Most(1.5), "×") } else { String::new() };
            println!("{:<34}{small:>12.0}{large:>12.0}{slower:>8.1}×  {goal}", format!("a text that {name} stores have"));
        }
    }

    /// Webhooks that nobody has signed, beside those that somebody may have: for these a secret is read and compared.
    pub(super) async fn webhooks(&self) {
        let store = self.database.texts("SELECT id FROM stores ORDER BY id LIMIT 1").await.remove(0);
        let (path, now) = (format!("/api/v1/webhooks/portone/{store}"), self.api.now().await.timestamp());
        let kinds = ["unsigned", "too old", "forged"];
        let script = |kind: &str| match kind {
            "unsigned" => r#"wrk.method = "POST"; wrk.body = "{}""#.to_owned(),
            kind => {
                let (timestamp, signature) = (if kind == "forged" { now } else { now - 3_600 }, "A".repeat(43));
                format!(
                    r#"wrk.method = "POST"; wrk.body = "{{}}"
wrk.headers["webhook-id"], wrk.headers["webhook-timestamp"], wrk.headers["webhook-signature"] = "WH-1", "{timestamp}", "v1,{signature}=""#
                )
            }
        };
        let mut rates = [0.0; 3];
        for _ in 0..TURNS {
            for (rate, kind) in rates.iter_mut().zip(kinds) {
                *rate += self.wrk_refused(&path, &script(kind)) / f64::from(TURNS);
            }
        }
        println!();
        println!("{:<34}{:>12}{:>12}", "webhooks refused", "cheapbob/s", "of forged");
        for (kind, rate) in kinds.iter().zip(rates) {
            println!("{kind:<34}{rate:>12.0}{:>11.1}×", rate / rates[2]);
        }
    }

    /// Purchases from the checkout to the pickup, with the store's webhooks, the jobs and the mails. What the sandbox plays in the same
    /// process and database counts too, so that a real purchase costs less.
    pub(super) async fn purchases(&self) -> Option<Purchase> {
        const NAME: &str = "a purchase, with jobs and sandbox";
        if !self.wants(NAME) {
            return None;
        }
        let server = RealServer::http_with_jobs(RealServer::free_port(), &self.settings).await;
        let processes = self.processes.with_http(server.pid());
        let people = join_all((0..CLIENTS).map(|_| async {
            let (customer, shop) = (server.api.customer().await, server.api.shop(1_000).await);
            shop.connect_webhooks().await;
            (customer, shop)
        }))
        .await;
        let sizes = async || {
            let mut sizes = [0; KEPT.len()];
            for ((table, _), size) in KEPT.iter().zip(&mut sizes) {
                *size = self.database.number(&format!("SELECT pg_total_relation_size('{table}') AS n")).await;
            }
            sizes
        };
        let logged = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS n";
        let (before, size, log) = (processes.used(), sizes().await, self.database.number(logged).await);
        join_all(people.iter().map(|(customer, shop)| async {
            for _ in 0..PURCHASES {
                let ordered = customer.order(&shop.product_id, 1).await;
                shop.accept(&ordered.payment_id).await.expect(200);
                let code = shop.code(&ordered.payment_id).await;
                customer.scan(&ordered.payment_id, &code).await.expect(200);
            }
        }))
        .await;
        eventually("its tasks are done", 60, || async {
            (self.database.count("tasks WHERE job IS NULL AND status <> 'done'").await == 0).then_some(())
        })
        .await;
        let number = (CLIENTS * PURCHASES) as f64;
        let cpu = (processes.used() - before).each(number);
        let logged = (self.database.number(logged).await - log) as f64 / number;
        let (mut stored, after) = ([0.0; KEPT.len()], sizes().await);
        println!("{NAME:<67}{}", shown(cpu));
        print!("    bytes of it: {logged:.0} logged");
        for (((table, _), grown), (after, before)) in KEPT.iter().zip(&mut stored).zip(after.into_iter().zip(size)) {
            *grown = (after - before) as f64 / number;
            print!(", {grown:.0} in {table}");
        }
        println!();
        Some(Purchase { cpu, stored, logged })
    }
}
