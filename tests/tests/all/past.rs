//! Payments of the past: they leave PostgreSQL, and are there for whoever asks.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cheapbob_adapters_embedded::fakes::Embedded;
use cheapbob_domain::{
    orders::{PastPayments, PaymentRecords, ports::PaymentArchive},
    shared::{Email, PaymentId, Result},
};
use cheapbob_test_support::{Held, Shop, TestApp, eventually, mongo_settings, redis_at, redis_url};
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use futures::{FutureExt, future::BoxFuture};
use serde_json::json;

use crate::rollover::{morning, rolled_over};

/// As little as the setting allows, so that few days have to be made up.
async fn keeping_a_week(servers: bool) -> TestApp {
    TestApp::with(|settings| {
        settings.keep_payments = Duration::days(7);
        if servers {
            settings.redis = Some(redis_at(&redis_url()));
            settings.mongodb = Some(mongo_settings());
        }
    })
    .await
}

async fn rows(app: &TestApp) -> [i64; 3] {
    [app.database.count("holds").await, app.database.count("refunds").await, app.database.count("audit_log").await]
}

/// Lets a morning come, after which the store's seller logs in again.
async fn sleep_until(app: &TestApp, shop: &mut Shop, morning: DateTime<Utc>) {
    app.api.set_clock(morning).await;
    rolled_over(app, morning).await;
    shop.seller = app.api.person("seller", &shop.seller.email).await;
}

/// Until all that is settled has left.
async fn archived(app: &TestApp, left: [i64; 3]) {
    eventually("what is settled and old is in the archive", 30, || async {
        for job in ["resolve_holds", "archive_orders", "archive_payments"] {
            app.api.run_job(job).await;
        }
        (rows(app).await == left).then_some(())
    })
    .await;
}

async fn rewrite(app: &TestApp, held: &Held, to: serde_json::Value) {
    app.database.sql(&format!("UPDATE embedded.portone_payments SET payment = payment || '{to}' WHERE id = '{}'", held.payment_id)).await;
}

fn told(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

async fn payments_of_the_past_leave_and_are_found(app: TestApp) {
    let (mut shop, customer, noon) = (app.api.shop(9).await, app.api.customer().await, app.api.now().await);
    let collected = customer.order(&shop.product_id, 1).await;
    shop.accept(&collected.payment_id).await.expect(200);
    customer.scan(&collected.payment_id, &shop.code(&collected.payment_id).await).await.expect(200);
    let canceled = customer.order(&shop.product_id, 1).await;
    customer.cancel(&canceled.payment_id).await.expect(200);
    // An account was given, and nothing came.
    let late = customer.hold(&shop.product_id, 1).await;
    app.api.pay_with(&late, &json!({ "status": "VIRTUAL_ACCOUNT_ISSUED" })).await.expect(200);
    let account =
        json!({ "type": "PaymentMethodVirtualAccount", "accountNumber": "110-123", "expiredAt": told(noon + Duration::hours(20)) });
    rewrite(&app, &late, json!({ "method": account })).await;
    sleep_until(&app, &mut shop, morning(noon, 3)).await;
    eventually("nobody watches it any more", 30, || async {
        app.api.run_job("resolve_holds").await;
        (app.database.count("holds WHERE next_look_at IS NOT NULL").await == 0).then_some(())
    })
    .await;
    let all = [&collected, &canceled, &late].map(|held| held.payment_id.clone());
    let mut before = Vec::new();
    for payment in &all {
        before.push(shop.history(payment).await);
    }
    assert_eq!(before[1].last().unwrap(), "refund_succeeded 7000");

    // Six days later all of it is here, nine days later none.
    let [holds, refunds, entries] = rows(&app).await;
    app.api.run_job("archive_payments").await;
    assert_eq!(rows(&app).await, [holds, refunds, entries]);
    sleep_until(&app, &mut shop, morning(noon, 9)).await;
    archived(&app, [0; 3]).await;

    // The store looks back: only what it asks for comes back, as it was, and goes again.
    for (payment, history) in all.iter().zip(&before) {
        assert_eq!(&shop.history(payment).await, history);
    }
    assert_eq!(rows(&app).await, [holds, refunds, entries]);
    archived(&app, [0; 3]).await;
    // Another's payment is still nobody's business.
    let other = app.api.shop(1).await;
    let path = |payment: &str| format!("/api/v1/seller/store/orders/{payment}/history");
    other.seller.get(&path(&all[0])).await.refused(404);
    archived(&app, [0; 3]).await;

    // The customer, whose answer was lost, cancels again: it is the reason of the refund that says so.
    let again = app.api.person("customer", &customer.email).await;
    again.cancel(&canceled.payment_id).await.expect(200);
    assert_eq!(rows(&app).await[..2], [1, 1]);
    assert_eq!(again.confirm(&late.payment_id).await.refused(408), "payment_expired");
    archived(&app, [0; 3]).await;

    // PortOne tells of two of them: a part went back of the one, the other's deposit has come.
    let trades = app.api.customer().await.order(&shop.product_id, 1).await;
    let now = app.api.now().await;
    let amount = json!({ "total": 7000, "taxFree": 0, "discount": 0, "paid": 7000, "cancelled": 3000, "cancelledTaxFree": 0 });
    rewrite(&app, &collected, json!({ "status": "PARTIAL_CANCELLED", "amount": amount, "statusChangedAt": told(now) })).await;
    rewrite(&app, &late, json!({ "status": "PAID", "statusChangedAt": told(now), "paidAt": told(now), "disputes": [] })).await;
    app.api.advance(Duration::seconds(5)).await;
    app.api.run_job("reconcile_nightly").await;
    eventually("the late money is back", 20, || async { (app.api.payment(&late.payment_id).await["status"] == "CANCELLED").then_some(()) })
        .await;
    let discrepancies = app.database.texts("SELECT payment_id || ' ' || detail FROM audit_log WHERE event = 'discrepancy'").await;
    assert_eq!(discrepancies, [format!("{} partly_refunded", collected.payment_id)]);
    assert_eq!(shop.history(&collected.payment_id).await[..before[0].len()], before[0]);
    // The discrepancy stays for a person, and today's trade stays.
    let stays = ["holds", "refunds", "audit_log"].map(|table| {
        format!("SELECT count(*) AS n FROM {table} WHERE payment_id IN ('{}', '{}')", collected.payment_id, trades.payment_id)
    });
    let stays = [app.database.number(&stays[0]).await, app.database.number(&stays[1]).await, app.database.number(&stays[2]).await];
    archived(&app, stays).await;
    assert_eq!(stays[..2], [2, 0]);

    // Who leaves leaves the archive too.
    again.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
    sleep_until(&app, &mut shop, morning(app.api.now().await, 1)).await;
    eventually("the account is gone", 30, || async {
        app.api.run_job("delete_accounts").await;
        (app.database.count(&format!("accounts WHERE email = '{}'", customer.email)).await == 0).then_some(())
    })
    .await;
    for payment in &all {
        let history = shop.seller.get(&path(payment)).await.expect(200).to_string();
        assert!(!history.contains(&customer.email) && history.contains("@withdrawn.invalid"), "{history}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_of_the_past_leave_and_are_found_with_the_fake() {
    payments_of_the_past_leave_and_are_found(keeping_a_week(false).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_of_the_past_leave_and_are_found_on_servers() {
    payments_of_the_past_leave_and_are_found(keeping_a_week(true).await).await;
}

/// A death at each step: nothing is lost, nothing is there twice, and the next run does the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_death_in_the_middle_loses_and_doubles_nothing() {
    for (step, table) in [("INSERT", "embedded.payment_archive"), ("DELETE", "audit_log"), ("DELETE", "holds")] {
        let app = keeping_a_week(false).await;
        let (mut shop, customer, noon) = (app.api.shop(9).await, app.api.customer().await, app.api.now().await);
        let canceled = customer.order(&shop.product_id, 1).await;
        customer.cancel(&canceled.payment_id).await.expect(200);
        let history = shop.history(&canceled.payment_id).await;
        app.database
            .sql(&format!(
                "CREATE FUNCTION dies() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'dead'; END $$;
                 CREATE TRIGGER dies AFTER {step} ON {table} FOR EACH ROW EXECUTE FUNCTION dies()"
            ))
            .await;
        let before = rows(&app).await;
        sleep_until(&app, &mut shop, morning(noon, 9)).await;
        app.api.run_job("archive_orders").await;
        app.services.past.move_settled().await.expect_err("it dies");
        assert_eq!(rows(&app).await, before, "{table}");
        assert_eq!(shop.history(&canceled.payment_id).await, history, "{table}");
        app.database.sql(&format!("DROP TRIGGER dies ON {table}")).await;
        archived(&app, [0; 3]).await;
        assert_eq!(app.database.count("embedded.payment_archive").await, 1, "{table}");
        assert_eq!(shop.history(&canceled.payment_id).await, history, "{table}");
    }
}

/// An archive whose writer stands still before it writes, while something else is done.
struct StandsStill {
    archive: Embedded,
    meanwhile: Mutex<Option<BoxFuture<'static, ()>>>,
}

#[async_trait]
impl PaymentArchive for StandsStill {
    async fn put(&self, records: &[PaymentRecords]) -> Result<()> {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        PaymentArchive::put(&self.archive, records).await
    }

    async fn remove(&self, records: &[PaymentRecords]) -> Result<()> {
        self.archive.remove(records).await
    }

    async fn find_all(&self, payments: &[PaymentId]) -> Result<Vec<PaymentRecords>> {
        PaymentArchive::find_all(&self.archive, payments).await
    }

    async fn of_person(&self, person: &Email) -> Result<Vec<PaymentRecords>> {
        PaymentArchive::of_person(&self.archive, person).await
    }

    async fn pseudonymize(&self, person: &Email, pseudonym: &Email, before: DateTime<Utc>) -> Result<()> {
        PaymentArchive::pseudonymize(&self.archive, person, pseudonym, before).await
    }
}

/// A runner stands still between reading payments and writing them to the archive. Meanwhile the customer's account is erased, and perhaps
/// another runner moves the payments: what the first one writes when it goes on brings no e-mail back.
#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_stood_still_brings_no_erased_email_into_the_archive() {
    for another_moves in [false, true] {
        let app = keeping_a_week(false).await;
        let (mut shop, customer, noon) = (app.api.shop(9).await, app.api.customer().await, app.api.now().await);
        let canceled = customer.order(&shop.product_id, 1).await;
        customer.cancel(&canceled.payment_id).await.expect(200);
        // The job itself leaves it for some days more.
        sleep_until(&app, &mut shop, morning(noon, 3)).await;
        app.api.run_job("archive_orders").await;
        let all = rows(&app).await;
        assert_eq!(all[..2], [1, 1], "it is still here");
        let again = app.api.person("customer", &customer.email).await;
        again.post("/api/v1/customer/withdraw", &json!({})).await.expect(200);
        let (deletion, clock) = (app.services.deletion.clone(), app.services.clock.clone());
        let runner = |archive: Arc<dyn PaymentArchive>| {
            PastPayments::new(Arc::new(app.database.postgres()), archive, Arc::clone(&clock), Duration::days(1), false)
        };
        let archive = Embedded::new(&app.database.connect(), 2).unwrap();
        let awake = Arc::new(runner(Arc::new(archive.clone())));
        let (another, later) = (Arc::clone(&awake), clock.now() + Duration::days(1));
        let meanwhile = async move {
            assert_eq!(deletion.roll_over(later).await.unwrap().gone, 1);
            if another_moves {
                assert_eq!(another.move_settled().await.unwrap(), 1);
            }
        };
        let sleeper = runner(Arc::new(StandsStill { archive, meanwhile: Mutex::new(Some(meanwhile.boxed())) }));
        // What it wrote is of before: not moved, or not what is there.
        assert_eq!(sleeper.move_settled().await.ok(), (!another_moves).then_some(0));
        let with_email = async || {
            let (email, mut places) = (&customer.email, Vec::new());
            for table in ["holds", "audit_log", "embedded.payment_archive"] {
                places.push(app.database.count(&format!("{table} t WHERE t::text LIKE '%{email}%'")).await);
            }
            places
        };
        assert_eq!(with_email().await, [0, 0, 0], "another moves: {another_moves}");
        awake.move_settled().await.unwrap();
        assert_eq!((rows(&app).await, app.database.count("embedded.payment_archive").await), ([0; 3], 1));
        assert_eq!(with_email().await, [0, 0, 0]);
        assert_eq!(shop.history(&canceled.payment_id).await.last().unwrap(), "refund_succeeded 7000");
        assert_eq!(rows(&app).await, all, "nothing is lost");
    }
}
