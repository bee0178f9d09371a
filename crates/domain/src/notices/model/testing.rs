//! For the tests: a store that is open from nine to nine, with one product, on a Tuesday.

use chrono::NaiveTime;

use super::occasion::{Kind, Occasion, ProductNow, StoreNow};
use crate::{
    products::{PickupEnds, PriceSteps, Pricing},
    shared::{ProductId, Sale, StoreId, Won, testing::at},
    stores::{DayHours, StoreCalendar},
};

pub(crate) fn occasion(kind: Kind) -> Occasion {
    let of_product = kind != Kind::Opens;
    Occasion {
        store: StoreId::trusted("STR_1".into()),
        kind,
        product: of_product.then(|| ProductId::trusted("PRD_1".into())),
        price: (kind == Kind::PriceDrops).then_some(Won(5_000)),
        at: at("2026-11-24T12:00:00+09:00"),
    }
}

pub(crate) fn store_now() -> StoreNow {
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
    let today = DayHours {
        day_of_week: 1,
        open_time: time(9),
        close_time: time(21),
        pickup_start_time: time(18),
        pickup_end_time: time(20),
        is_open_enabled: true,
    };
    let pricing = Pricing { price: Won(10_000), sale: Sale::parse(50).unwrap(), steps: PriceSteps::default() };
    StoreNow {
        name: "빵<b>집".into(),
        calendar: StoreCalendar { today, closed_on: None, payment_ready: true, suspended: false, withheld: false },
        ends: PickupEnds([Some(time(20)); 7]),
        product: Some(ProductNow { name: "도시락".into(), pricing, left: 3 }),
    }
}
