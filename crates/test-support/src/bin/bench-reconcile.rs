//! `just bench-reconcile`: the nightly comparison of our books with PortOne's for many stores. PortOne answers from memory, so that what
//! is measured is ours. Needs the servers of `with-servers`.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration as Wait, Instant},
};

use anyhow::{Result, ensure};
use async_trait::async_trait;
use cheapbob_domain::{
    orders::{Actor, CancelAnswer, Page, Paid, PaymentTruth, ports::Payments},
    shared::{Error, PaymentId, StoreId},
    stores::{PortOneAccount, PortOneIds, ports::Stores},
};
use cheapbob_test_support::{RealServer, TestDatabase, noon, test_settings};
use cheapbob_wiring::{Product, prepare_process};
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;

/// Payments on a page, as PortOne has them.
const PAGE: usize = 100;

/// As far as the nightly comparison looks back.
const NIGHT: i64 = 50;

/// No more than this for all stores.
const LIMIT: Wait = Wait::from_secs(30);

/// Stores and holds.
static NUMBERS: OnceLock<(usize, usize)> = OnceLock::new();

/// PortOne's books: in each store the money of three holds of five.
struct Theirs;

impl Theirs {
    fn page(account: &PortOneAccount, cursor: Option<String>) -> Option<Page> {
        let (stores, holds) = *NUMBERS.get()?;
        let store = account.ids.store_id.strip_prefix("store-")?.parse::<usize>().ok()?;
        let begin = cursor.map_or(Some(0), |cursor| cursor.parse().ok())?;
        let paid =
            Paid { store_id: account.ids.store_id.clone(), currency: "KRW".into(), total: 7_000, cancelled: 0, cancel_pending: false };
        let all = (0..holds / stores).filter(|n| n % 5 < 3).map(|n| format!("PAY{:012}", n * stores + store - 1));
        let payments: Vec<_> = all.skip(begin).take(PAGE).map(|id| (id, PaymentTruth::Paid(paid.clone()))).collect();
        let next = (payments.len() == PAGE).then(|| (begin + PAGE).to_string());
        Some(Page { payments, next })
    }
}

#[async_trait]
impl Payments for Theirs {
    async fn get(&self, _: &PortOneAccount, payment: &PaymentId, _: Wait) -> Result<PaymentTruth, Error> {
        Err(Error::internal(format!("nothing differs, and {payment} was asked for")))
    }

    async fn list(&self, account: &PortOneAccount, _: DateTime<Utc>, _: DateTime<Utc>, cursor: Option<String>) -> Result<Page, Error> {
        Self::page(account, cursor).ok_or_else(|| Error::internal("no store of the benchmark"))
    }

    async fn list_changed(
        &self,
        account: &PortOneAccount,
        _: DateTime<Utc>,
        _: DateTime<Utc>,
        cursor: Option<String>,
    ) -> Result<Page, Error> {
        Self::page(account, cursor).ok_or_else(|| Error::internal("no store of the benchmark"))
    }

    async fn cancel(&self, _: &PortOneAccount, _: &PaymentId, _: &str, _: &str) -> CancelAnswer {
        CancelAnswer::Failed("nothing is canceled".into())
    }
}

#[expect(clippy::print_stdout, reason = "a program for the terminal")]
async fn measure(stores: usize, holds: usize) -> Result<()> {
    prepare_process();
    let (database, media) = (TestDatabase::create().await, tempfile::tempdir()?);
    database.stores(1, stores).await;
    database
        .sql(&format!(
            "DELETE FROM store_payments;
             INSERT INTO holds (payment_id, customer_email, product_id, store_id, quantity, price, sale, total_amount, portone_store_id,
                                business_day, created_at, expires_at, state, ended_because, ended_at)
             SELECT 'PAY' || lpad(n::text, 12, '0'), 'c' || n % 5000 || '@bench.example', 'PRD_' || n % {stores}, 'STR_' || lpad((n % {stores} + 1)::text, 26, '0'),
                    1, 10000, 30, 7000, 'store-' || n % {stores} + 1, (at AT TIME ZONE 'Asia/Seoul' - interval '4 hours')::date, at,
                    at + interval '5 minutes', CASE WHEN paid THEN 'ordered' ELSE 'released' END, CASE WHEN paid THEN NULL ELSE 'abandoned' END, at
             FROM generate_series(0, {holds} - 1) n
             CROSS JOIN LATERAL (SELECT now() - ({holds} - n) * interval '49 hours' / {holds} AS at, n / {stores} % 5 < 3 AS paid) h"
        ))
        .await;
    database.sql("VACUUM ANALYZE").await;
    // Sealed, as they would be.
    let postgres = database.postgres();
    for store in 1..=stores {
        let ids = PortOneIds { store_id: format!("store-{store}"), channel_id: format!("channel-{store}") };
        let account = PortOneAccount { ids, secret: SecretString::from("secret") };
        let set = postgres.set_payment(&StoreId::trusted(format!("STR_{store:026}")), &account, None, noon()).await?;
        ensure!(set, "store {store} has an account");
    }
    let settings = test_settings(RealServer::free_port(), &database, media.path().into());
    let product = Product::connect_through(&settings, &database.address(), |mut ports| {
        ports.payments = Arc::new(Theirs);
        ports
    })
    .await?;
    let begin = Instant::now();
    let compared = product.services.reconcile.compare(Duration::hours(NIGHT), &Actor::job("bench-reconcile")).await?;
    let taken = begin.elapsed();
    ensure!((compared.stores, compared.unread, compared.differing) == (stores, 0, 0), "{compared:?}");
    let each = taken.as_secs_f64() * 1_000.0 / stores as f64;
    println!(
        "{stores} stores with {holds} holds: {:.1} s, {each:.1} ms a store, {:.2} of the {} s allowed",
        taken.as_secs_f64(),
        taken.as_secs_f64() / LIMIT.as_secs_f64(),
        LIMIT.as_secs()
    );
    ensure!(taken < LIMIT, "that is too long");
    Ok(())
}

fn main() -> Result<()> {
    let mut numbers = std::env::args().skip(1).map(|n| n.parse::<usize>());
    let stores = numbers.next().transpose()?.unwrap_or(2_000);
    let holds = numbers.next().transpose()?.unwrap_or(400_000);
    let &(stores, holds) = NUMBERS.get_or_init(|| (stores, holds / stores * stores));
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(measure(stores, holds))
}
