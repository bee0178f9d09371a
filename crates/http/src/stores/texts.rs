//! The JSON of stores on pages of searches, kept for as long as it is true.

use std::sync::Arc;

use cheapbob_domain::stores::{ListedStore, StorePage, ports::ObjectStorage};
use chrono::{DateTime, Utc};
use moka::sync::Cache;
use serde::ser::Error as _;

use super::dto::StoreBody;
use crate::products::ProductBody;

/// Bytes of memory for them, in a process.
const ROOM: u64 = 8_000_000;

/// By the version of the store's document. Products, favourites and the clock's word are not in the version: products and favourites are
/// written each time, and which row of the hours says that the store is open is kept beside.
#[derive(Clone)]
pub(crate) struct StoreTexts(Cache<i64, Arc<Text>>);

struct Text {
    open_row: Option<usize>,
    /// The store's JSON up to its products, and behind them.
    before: String,
    behind: String,
}

impl Default for StoreTexts {
    fn default() -> Self {
        let size = |_: &i64, text: &Arc<Text>| u32::try_from(text.before.len() + text.behind.len() + 100).unwrap_or(u32::MAX);
        Self(Cache::builder().weigher(size).max_capacity(ROOM).build())
    }
}

impl StoreTexts {
    /// A whole page.
    ///
    /// # Errors
    /// What cannot be JSON, which nothing here is.
    pub(super) fn page(&self, page: &StorePage, storage: &dyn ObjectStorage, now: DateTime<Utc>) -> serde_json::Result<Vec<u8>> {
        const USUAL: usize = 20_000;
        let mut json = Vec::with_capacity(USUAL);
        json.extend_from_slice(br#"{"stores":["#);
        for (place, listed) in page.stores.iter().enumerate() {
            if place > 0 {
                json.push(b',');
            }
            self.write(listed, storage, now, &mut json)?;
        }
        json.extend_from_slice(if page.is_end { br#"],"is_end":true}"# } else { br#"],"is_end":false}"# });
        Ok(json)
    }

    /// What a [`super::dto::CustomerStoreBody`] would be.
    ///
    /// # Errors
    /// As [`Self::page`].
    pub(super) fn write(
        &self,
        listed: &ListedStore,
        storage: &dyn ObjectStorage,
        now: DateTime<Utc>,
        json: &mut Vec<u8>,
    ) -> serde_json::Result<()> {
        let text = self.text(listed, storage, now)?;
        let ends = listed.document.store.pickup_ends();
        json.extend_from_slice(text.before.as_bytes());
        for (place, product) in listed.products.iter().enumerate() {
            if place > 0 {
                json.push(b',');
            }
            serde_json::to_writer(&mut *json, &ProductBody::from(product.clone().priced(&ends, now)))?;
        }
        json.extend_from_slice(text.behind.as_bytes());
        json.extend_from_slice(if listed.is_favorite { br#","is_favorite":true}"# } else { br#","is_favorite":false}"# });
        Ok(())
    }

    fn text(&self, listed: &ListedStore, storage: &dyn ObjectStorage, now: DateTime<Utc>) -> serde_json::Result<Arc<Text>> {
        let (version, store) = (listed.document.version, &listed.document.store);
        let open_row = store.operation_times.iter().position(|row| store.is_currently_open(row, now));
        if let Some(text) = self.0.get(&version).filter(|text| text.open_row == open_row) {
            return Ok(text);
        }
        // No text that somebody typed has this in it: its quotes would be escaped.
        let json = serde_json::to_string(&StoreBody::new(store.clone(), storage, now))?;
        let divided = json.split_once(r#""products":[]"#).and_then(|(before, behind)| Some((before, behind.strip_suffix('}')?)));
        let (before, behind) = divided.ok_or_else(|| serde_json::Error::custom("a store without products"))?;
        let text = Arc::new(Text { open_row, before: format!(r#"{before}"products":["#), behind: format!("]{behind}") });
        self.0.insert(version, Arc::clone(&text));
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use cheapbob_domain::{
        products::{PriceStep, PriceSteps, Product, Stock},
        shared::{Email, ProductId, Result, Sale, StoreId, Won},
        stores::{Address, DayHours, Image, OperationTime, Rating, Sns, Store, StoreDocument, StoredObject},
    };
    use chrono::NaiveTime;

    use super::*;
    use crate::stores::dto::CustomerStoreBody;

    struct Elsewhere;

    #[async_trait]
    impl ObjectStorage for Elsewhere {
        fn public_url(&self, key: &str) -> String {
            format!("https://images.example/{key}")
        }

        async fn put(&self, _: &str, _: &str, _: Vec<u8>) -> Result<()> {
            unreachable!()
        }

        async fn delete(&self, _: &str) -> Result<()> {
            unreachable!()
        }

        async fn list(&self, _: &str, _: Option<String>, _: usize) -> Result<Vec<StoredObject>> {
            unreachable!()
        }

        async fn get(&self, _: &str) -> Result<Option<(String, Vec<u8>)>> {
            unreachable!()
        }
    }

    /// A store that writes what divides its text into its introduction, open from nine to five.
    fn listed(products: i32, is_favorite: bool) -> ListedStore {
        let id = || StoreId::parse("STR_1").unwrap();
        let at = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap();
        let created_at = "2026-11-24T03:00:00Z".parse().unwrap();
        let hours = |day_of_week| DayHours {
            day_of_week,
            open_time: at(9),
            close_time: at(17),
            pickup_start_time: at(10),
            pickup_end_time: at(16),
            is_open_enabled: true,
        };
        let address = Address {
            postal_code: "04000".into(),
            address: "서울".into(),
            detail_address: "1층".into(),
            sido: "서울".into(),
            sigungu: "마포구".into(),
            bname: "서교동".into(),
            lat: "37.5".into(),
            lng: "126.9".into(),
            nearest_station: None,
            walking_time: None,
        };
        let store = Store {
            id: id(),
            name: "가게".into(),
            introduction: r#"우리 "products":[] 없음"#.into(),
            phone: "02".into(),
            seller_email: Email::parse("s@b.example").unwrap(),
            created_at,
            address,
            sns: Sns::default(),
            operation_times: (0..7).map(|day| OperationTime { operation_id: 1, hours: hours(day), updated_at: created_at }).collect(),
            images: vec![Image { key: "a.jpg".into(), is_main: true, display_order: 0 }],
            products: Vec::new(),
            closed_on: None,
            payment_ready: true,
            suspended: false,
            withheld: false,
            rating: Rating::default(),
        };
        let product = |n: i32| Product {
            id: ProductId::parse(&format!("PRD_{n}")).unwrap(),
            store_id: id(),
            name: "김밥".into(),
            description: String::new(),
            stock: Stock { initial: n, sold: 0, held: 0, adjustment: 0 },
            price: Won(1_000),
            sale: Sale::parse(30).unwrap(),
            version: n,
            nutrition_types: vec!["diet".into()],
            max_per_customer: None,
            steps: PriceSteps::stored(vec![PriceStep { minutes_before_pickup_end: 300, sale: Sale::parse(50).unwrap() }]).unwrap(),
        };
        ListedStore { document: Arc::new(StoreDocument { version: 7, store }), products: (0..products).map(product).collect(), is_favorite }
    }

    #[test]
    fn a_kept_text_says_what_a_fresh_one_says() {
        let texts = StoreTexts::default();
        // Open, closed and open again; more products, fewer, none; liked and not.
        for (now, products, is_favorite) in
            [("10:00", 2, false), ("20:00", 2, false), ("20:00", 3, true), ("09:30", 1, true), ("09:30", 0, false)]
        {
            let now = format!("2026-11-24T{now}:00+09:00").parse().unwrap();
            let found = listed(products, is_favorite);
            let fresh = serde_json::to_string(&CustomerStoreBody::new(found.clone().into(), &Elsewhere, now)).unwrap();
            let page = StorePage { stores: vec![found.clone(), found], is_end: !is_favorite };
            let kept = String::from_utf8(texts.page(&page, &Elsewhere, now).unwrap()).unwrap();
            assert_eq!(kept, format!(r#"{{"stores":[{fresh},{fresh}],"is_end":{}}}"#, !is_favorite));
            // From eleven o'clock on a step is reached.
            assert_eq!(
                kept.contains(r#""sale":50,"base_sale":30"#),
                products > 0 && now.time() >= NaiveTime::from_hms_opt(2, 0, 0).unwrap()
            );
            assert_eq!(kept.contains(r#""is_currently_open":true"#), now.time() < NaiveTime::from_hms_opt(8, 0, 0).unwrap());
        }
    }
}
