//! A large city's day: passes over all stores take a few statements, not some for each store.
#![allow(clippy::print_stdout, reason = "how large a city it was")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use cheapbob_domain::{orders::Actor, shared::kst};
use cheapbob_test_support::{RealServer, TestDatabase, test_settings};
use cheapbob_wiring::{Product, prepare_process};
use chrono::{DateTime, Utc};
use tracing::{Subscriber, span};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt, util::SubscriberInitExt};

use crate::budget::Budget;

/// Stores that are made at once.
const STEP: usize = 10_000;

/// Counts the statements of this process, by the spans that traces have of them.
#[derive(Clone, Default)]
struct Statements(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Statements {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        if attributes.metadata().name() == "statement" {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_city_rolls_over_in_few_statements() {
    prepare_process();
    let morning: DateTime<Utc> = "2026-11-25T05:00:00+09:00".parse().unwrap();
    let database = TestDatabase::create().await;
    // A slow machine has a smaller city: what making it takes says what the passes take.
    let (budget, mut stores) = (Budget::new("CHEAPBOB_STORES", STEP as u64, 50_000, Duration::from_secs(30)), 0);
    while budget.allows(stores as u64) {
        database.stores(stores + 1, stores + STEP).await;
        stores += STEP;
    }
    println!("{stores} stores");
    // In each store one order that was accepted and that its closing completes, and hours reserved for today.
    database
        .sql(&format!(
            "INSERT INTO orders (payment_id, customer_email, customer_nickname, customer_phone_number, product_id, product_name, store_id, store_name,
                                 quantity, price, sale, total_amount, status, business_day, reservation_at, accepted_at)
             SELECT 'PAY' || p.id, 'a@b.example', '길동', '01012345678', p.id, p.name, p.store_id, '가게', 1, 10000, 30, 7000, 'accept',
                    '2026-11-24', '2026-11-24T12:00:00+09:00', '2026-11-24T12:01:00+09:00'
             FROM products p WHERE p.name LIKE '샐러드%';
             UPDATE products SET sold = 1 WHERE name LIKE '샐러드%';
             INSERT INTO operation_reservations (store_id, days, created_at)
             SELECT id, (SELECT jsonb_agg(jsonb_build_object('day_of_week', d, 'open_time', '09:00', 'close_time', '21:00', 'pickup_start_time',
                                          '18:00', 'pickup_end_time', '20:00', 'is_open_enabled', true)) FROM generate_series(0, 6) d),
                    '2026-11-24T12:00:00+09:00' FROM stores;
             -- Sealed, as they would be: what is not is sealed at the start, one by one.
             UPDATE store_payments SET portone_secret = 'sealed1:none:none';
             UPDATE embedded.clock SET offset_ms = (extract(epoch FROM '{morning}'::timestamptz - now()) * 1000)::bigint"
        ))
        .await;
    let media = tempfile::tempdir().unwrap();
    let settings = test_settings(RealServer::free_port(), &database, media.path().into());
    let product = Product::connect(&settings, &database.address()).await.unwrap();
    let statements = Statements::default();
    tracing_subscriber::registry().with(statements.clone()).init();
    let taken = || statements.0.swap(0, Ordering::Relaxed);

    taken();
    assert_eq!(product.services.pickup.complete_closed(&Actor::job("test")).await.unwrap(), stores);
    let closings = taken();
    assert_eq!(product.services.hours.roll_over(morning).await.unwrap(), stores);
    let hours = taken();
    assert_eq!(product.services.products.roll_over(morning).await.unwrap(), 2 * stores);
    let stock = taken();
    assert!(closings <= stores / 500 && hours <= 2 && stock <= 2 * stores / 50, "closings {closings}, hours {hours}, stock {stock}");
    assert!(closings > 0 && hours > 0 && stock > 0, "statements are counted");

    let today = kst::business_day(morning);
    for (what, expected) in [
        ("orders WHERE status = 'complete' AND completed_at = '2026-11-24T23:59:59+09:00'", stores),
        ("operation_times WHERE close_time = '21:00'", 7 * stores),
        (&format!("products WHERE sold = 0 AND stock_day = '{today}'"), 2 * stores),
    ] {
        let number = database.count(what).await;
        assert_eq!(number, i64::try_from(expected).unwrap(), "{what}");
    }
}
