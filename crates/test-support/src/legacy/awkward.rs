//! A year of an old service: an ordinary crowd, 10,000 orders, and each trap by name.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::{
    rows::{LegacyData, LegacyOrder},
    traps,
};

/// Orders of today and of the archive together, traps included.
pub(super) const ORDERS: usize = 10_000;

/// Orders of today.
const TODAY: usize = 200;
const CUSTOMERS: usize = 300;
const STORES: usize = 20;

impl LegacyData {
    /// The same for the same seed and instant. `now` has to lie some hours after the beginning of a business day; the traps' names have
    /// instants of [`noon`](crate::noon) in them.
    pub fn awkward(seed: u64, now: DateTime<Utc>) -> Self {
        let mut data = Self::new();
        traps::set(&mut data, now);
        let mut crowd = Crowd { rng: StdRng::seed_from_u64(seed), now, payments: 0 };
        let products = crowd.arrive(&mut data);
        let missing = ORDERS - TODAY - data.rows("order_current_items").len() - data.documents("order_history_items").len();
        for _ in 0..TODAY {
            let order = crowd.order(&products, now - TimeDelta::hours(6), now);
            data.current(&order);
        }
        for _ in 0..missing {
            let order = crowd.order(&products, now - TimeDelta::days(365), now - TimeDelta::days(2));
            data.archived(&LegacyOrder { status: if order.status == "cancel" { "cancel" } else { "complete" }, ..order });
        }
        data
    }
}

/// Who goes in and out.
struct Crowd {
    rng: StdRng,
    now: DateTime<Utc>,
    payments: u32,
}

/// What is sold: product, store, price, discount.
type Offer = (String, String, i64, Option<i64>);

impl Crowd {
    fn arrive(&mut self, data: &mut LegacyData) -> Vec<Offer> {
        let year_ago = self.now - TimeDelta::days(365);
        for n in 0..CUSTOMERS {
            data.customer(&email(n), "단골", year_ago + TimeDelta::hours(n.try_into().unwrap()));
        }
        let mut offers = vec![];
        for n in 0..STORES {
            let created = year_ago + TimeDelta::minutes(n.try_into().unwrap());
            let (seller, store) = (format!("seller{n}@crowd.example"), format!("STR_{}_{n:08x}", created.timestamp()));
            data.account("sellers", &seller, Some(true), Some(created));
            data.store(&store, &format!("동네 가게 {n}"), &seller, created);
            for piece in 0..3 {
                let product = format!("PRD_{}_{n:06x}{piece:02x}", created.timestamp() + piece);
                let (price, sale) =
                    (self.rng.random_range(30..300) * 100, [None, Some(10), Some(35), Some(50)][self.rng.random_range(0..4)]);
                data.product(&product, &store, price, sale, 100);
                offers.push((product, store.clone(), price, sale));
            }
        }
        offers
    }

    /// An order between two instants, at any stage of its life.
    fn order(&mut self, offers: &[Offer], from: DateTime<Utc>, until: DateTime<Utc>) -> LegacyOrder {
        let (product_id, store_id, price, sale) = offers.choose(&mut self.rng).unwrap().clone();
        let at = from + TimeDelta::seconds(self.rng.random_range(0..(until - from).num_seconds() - 3_600));
        let after = |seconds: i64| Some(at + TimeDelta::seconds(seconds));
        let (status, instants) = match self.rng.random_range(0..10) {
            0 => ("reservation", [Some(at), None, None, None]),
            1 => ("accept", [Some(at), after(60), None, None]),
            2 => ("cancel", [Some(at), None, None, after(90)]),
            3 => ("cancel", [Some(at), after(60), None, after(600)]),
            _ => ("complete", [Some(at), after(60), after(3_000), None]),
        };
        self.payments += 1;
        LegacyOrder {
            payment_id: format!("PAY_{:08x}_{}", self.payments, at.timestamp()),
            customer: email(self.rng.random_range(0..CUSTOMERS)),
            product_id,
            store_id,
            quantity: self.rng.random_range(1..4),
            price,
            sale,
            status,
            instants,
            preferred_menus: [None, Some("salad"), Some("salad,poke"), Some("")][self.rng.random_range(0..4)],
        }
    }
}

fn email(n: usize) -> String {
    format!("customer{n}@crowd.example")
}
