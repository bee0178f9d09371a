//! Stores in Seoul for an empty database, open round the clock, with one customer and one seller to log in as. Made through
//! the domain's ports and newtypes, so that they obey its rules.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use cheapbob_domain::{
    products::{NewProduct, Product, Stock, ports::Products},
    shared::{Clock, Email, Error, Ids, ProductId, Result, Sale, StoreId, Validation, Won},
    stores::{
        Address, DayInput, NewStore, PortOneAccount, PortOneIds, Sns, Week,
        ports::{ObjectStorage, StoreSearch, Stores},
    },
    users::{
        Account, NewProfile, Nickname, PhoneNumber, PreferenceKind, Provider, Role,
        ports::{Accounts, Customers},
    },
};
use diesel::{sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use secrecy::SecretString;

use super::oauth_grants::user_id;
use crate::fakes::{Embedded, failed};

/// Log in as this customer.
pub const CUSTOMER: &str = "customer@cheapbob.example";
/// Log in as this seller.
pub const SELLER: &str = "seller@cheapbob.example";

/// What the demo is made through.
pub struct Demo {
    /// Accounts.
    pub accounts: Arc<dyn Accounts>,
    /// Profiles.
    pub customers: Arc<dyn Customers>,
    /// Read for their PortOne accounts.
    pub stores: Arc<dyn Stores>,
    /// To see whether there is one.
    pub search: Arc<dyn StoreSearch>,
    /// Products.
    pub products: Arc<dyn Products>,
    /// Pictures.
    pub storage: Arc<dyn ObjectStorage>,
    /// The product's clock.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// For what no use case does yet: a store's pictures.
    pub embedded: Embedded,
}

type Picture = (&'static str, &'static [u8]);

macro_rules! picture {
    ($name:literal) => {
        (concat!("demo/", $name, ".jpg"), include_bytes!(concat!("pictures/", $name, ".jpg")))
    };
}

const PICTURES: [Picture; 8] = [
    picture!("salad"),
    picture!("poke"),
    picture!("korean"),
    picture!("sandwich"),
    picture!("bread"),
    picture!("soup"),
    picture!("rice"),
    picture!("dessert"),
];

/// Name, index of its main picture, two products (name, description, price in won, sale in percent).
type Kind = (&'static str, usize, [(&'static str, &'static str, i64, i64); 2]);

const KINDS: [Kind; 8] = [
    (
        "샐러드",
        0,
        [
            ("오늘의 그린 샐러드", "그날 들어온 채소로 만든 한 끼 샐러드", 8_900, 40),
            ("닭가슴살 샐러드", "수비드 닭가슴살 150g", 10_900, 35),
        ],
    ),
    ("포케", 1, [("연어 포케", "생연어와 현미밥", 13_500, 50), ("참치 포케", "참치와 아보카도", 12_900, 45)]),
    (
        "한식 도시락",
        2,
        [("제육 도시락", "국내산 앞다리살 제육볶음", 8_500, 30), ("불고기 도시락", "간장 불고기와 세 가지 반찬", 9_500, 30)],
    ),
    ("샌드위치", 3, [("에그마요 샌드위치", "두툼한 계란 샌드위치", 6_500, 50), ("햄치즈 샌드위치", "바게트 햄치즈", 7_200, 40)]),
    ("베이커리", 4, [("빵 꾸러미", "오늘 구운 빵 네 가지", 12_000, 60), ("크루아상 두 개", "버터 크루아상", 7_600, 50)]),
    ("국밥", 5, [("포장 순대국", "밥 포함", 10_000, 30), ("포장 육개장", "밥 포함", 11_000, 35)]),
    ("김밥", 6, [("참치김밥 두 줄", "마감 김밥", 8_000, 40), ("모둠 주먹밥", "네 가지 맛", 6_000, 0)]),
    ("디저트", 7, [("조각 케이크", "그날의 케이크 한 조각", 7_000, 50), ("마카롱 여섯 개", "랜덤 구성", 12_000, 45)]),
];

/// District, neighbourhood, latitude, longitude, station, minutes on foot.
type Spot = (&'static str, &'static str, f64, f64, &'static str, i32);

/// The customer app's location filter has those of 관악구.
const PLACES: [Spot; 16] = [
    ("강남구", "역삼동", 37.5006, 127.0364, "역삼역", 4),
    ("마포구", "서교동", 37.5553, 126.9229, "홍대입구역", 6),
    ("성동구", "성수동2가", 37.543, 127.056, "성수역", 3),
    ("종로구", "관철동", 37.569, 126.986, "종각역", 5),
    ("영등포구", "여의도동", 37.5219, 126.9245, "여의도역", 7),
    ("송파구", "잠실동", 37.5113, 127.098, "잠실역", 8),
    ("용산구", "이태원동", 37.5345, 126.9946, "이태원역", 2),
    ("서초구", "서초동", 37.492, 127.03, "강남역", 9),
    ("관악구", "낙성대동", 37.4769, 126.9637, "낙성대역", 3),
    ("관악구", "신림동", 37.4842, 126.9297, "신림역", 4),
    ("관악구", "봉천동", 37.4824, 126.9418, "봉천역", 5),
    ("관악구", "대학동", 37.472, 126.9339, "서울대벤처타운역", 6),
    ("관악구", "행운동", 37.4812, 126.9527, "서울대입구역", 4),
    ("관악구", "청룡동", 37.48, 126.948, "서울대입구역", 7),
    ("관악구", "인헌동", 37.4745, 126.966, "낙성대역", 8),
    ("관악구", "서원동", 37.4806, 126.931, "신림역", 8),
];

/// How many stores the demo has.
pub const STORES: usize = 32;

impl Demo {
    /// Makes the demo unless the first demo store is there; a kill in between is made good by the next start.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn seed(&self) -> Result<()> {
        for (key, bytes) in PICTURES {
            if self.storage.get(key).await?.is_none() {
                self.storage.put(key, "image/jpeg", bytes.to_vec()).await?;
            }
        }
        self.customer().await?;
        // The last to be made says that all are there.
        let last = self.seller_email(0);
        if self.stores.of_seller(&last?).await?.is_some_and(|s| s.payment_ready && s.products.len() == 2 && !s.images.is_empty()) {
            return Ok(());
        }
        for number in (0..STORES).rev() {
            self.store(number).await?;
        }
        tracing::info!(stores = STORES, "demo stores made");
        Ok(())
    }

    /// Whether stores are there that are not the demo's: then this is no empty database.
    ///
    /// # Errors
    /// Unavailable: the part behind it does not answer in time.
    pub async fn is_wanted(&self) -> Result<bool> {
        let nobody = Email::trusted(String::new());
        let any = self.search.page(&nobody, &Default::default(), 0, 1).await?;
        Ok(any.into_iter().next().is_none_or(|found| found.document.store.seller_email.as_str().ends_with(SELLER)))
    }

    fn seller_email(&self, number: usize) -> Result<Email> {
        let text = if number == 0 { SELLER.to_owned() } else { format!("{number:02}-{SELLER}") };
        Email::parse(&text).map_err(invalid)
    }

    async fn account(&self, email: &Email, role: Role) -> Result<()> {
        let account = Account::new(email.clone(), role, true, self.clock.now());
        self.accounts.create(&account, Provider::Google, &user_id(Provider::Google, email.as_str())).await.map(|_| ())
    }

    async fn customer(&self) -> Result<()> {
        let email = Email::parse(CUSTOMER).map_err(invalid)?;
        self.account(&email, Role::Customer).await?;
        let word = |kind: PreferenceKind, word| kind.word(word).map(|w| (kind, w)).map_err(invalid);
        let profile = NewProfile {
            nickname: Nickname::parse("길동").map_err(invalid)?,
            phone_number: PhoneNumber::parse("01012345678").map_err(invalid)?,
            preferences: vec![word(PreferenceKind::PreferredMenu, "salad")?, word(PreferenceKind::Allergy, "peanut")?],
        };
        self.customers.register(&email, &profile, self.clock.now()).await.map(|_| ())
    }

    async fn store(&self, number: usize) -> Result<()> {
        let seller = self.seller_email(number)?;
        self.account(&seller, Role::Seller).await?;
        let ((kind, picture, products), place) = (KINDS[number % KINDS.len()], spot(number));
        let now = self.clock.now();
        let fresh = NewStore {
            id: StoreId::generate(self.ids.as_ref()),
            name: format!("{} {kind} {}호점", place.1, number / KINDS.len() + 1),
            introduction: format!("{} 근처에서 그날 만든 {kind}를 마감 할인으로 드립니다.", place.4),
            phone: format!("02-555-{:04}", 1000 + number),
            sns: Sns::default(),
            address: address(number, place),
            week: round_the_clock()?,
        };
        self.stores.register(&seller, &fresh, false, now).await?;
        let store = self.stores.of_seller(&seller).await?.ok_or_else(|| Error::internal("a demo store vanished"))?;
        if store.images.is_empty() {
            self.pictures(&store.id, [picture, (picture + 1) % PICTURES.len()]).await?;
        }
        for (name, description, price, sale) in products.into_iter().skip(store.products.len()) {
            let product = NewProduct {
                name: Product::name(name).map_err(invalid)?,
                description: Product::description(description).map_err(invalid)?,
                initial_stock: Stock::initial(20).map_err(invalid)?,
                price: Won::price(price).map_err(invalid)?,
                sale: Sale::parse(sale).map_err(invalid)?,
                nutrition_types: PreferenceKind::NutritionType.words(&["balance".to_owned()]).map_err(invalid)?,
                max_per_customer: None,
            };
            self.products.register(&ProductId::generate(self.ids.as_ref()), &store.id, &product, now).await?;
        }
        let account = PortOneAccount {
            ids: PortOneIds { store_id: format!("store-demo-{number:02}"), channel_id: format!("channel-key-demo-{number:02}") },
            secret: SecretString::from(format!("demo-secret-{number:02}")),
        };
        // As a seller would: the secret comes from PortOne's console, which is told where to send webhooks.
        let webhook_secret = format!("whsec_{}", STANDARD.encode(format!("demo webhook secret no. {number:02}")));
        self.embedded.send_webhooks(&account.ids.store_id, &format!("/api/v1/webhooks/portone/{}", store.id), &webhook_secret).await?;
        self.stores.set_payment(&store.id, &account, Some(&SecretString::from(webhook_secret)), now).await.map(|_| ())
    }

    /// Each store has its own key for the same picture: keys are unique over all stores.
    async fn pictures(&self, store: &StoreId, pictures: [usize; 2]) -> Result<()> {
        for (order, picture) in pictures.into_iter().enumerate() {
            let (_, bytes) = PICTURES[picture];
            let key = format!("stores/{store}/{order}.jpg");
            self.storage.put(&key, "image/jpeg", bytes.to_vec()).await?;
            let mut connection = self.embedded.connection().await?;
            sql_query("INSERT INTO store_images (key, store_id, is_main, display_order) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
                .bind::<t::Text, _>(&key)
                .bind::<t::Text, _>(store.as_str())
                .bind::<t::Bool, _>(order == 0)
                .bind::<t::Integer, _>(i32::try_from(order).unwrap_or_default())
                .execute(&mut connection)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}

fn invalid(rule: cheapbob_domain::shared::Rule) -> Error {
    Error::internal(format!("the demo breaks a rule: {}", rule.code))
}

fn spot(number: usize) -> Spot {
    PLACES[(number / KINDS.len() + number) % PLACES.len()]
}

fn address(number: usize, (sigungu, bname, lat, lng, station, minutes): Spot) -> Address {
    // Twenty metres north of the one before at the same spot.
    let lat = lat + 0.0002 * (number / KINDS.len()) as f64;
    Address {
        postal_code: format!("0{}", 4000 + number),
        address: format!("서울특별시 {sigungu} {bname} {}", 10 + number),
        detail_address: "1층".to_owned(),
        sido: "서울".to_owned(),
        sigungu: sigungu.to_owned(),
        bname: bname.to_owned(),
        lat: format!("{lat:.4}"),
        lng: format!("{lng:.4}"),
        nearest_station: Some(station.to_owned()),
        walking_time: Some(minutes),
    }
}

/// As long as a day can be: 23:59:59 is the latest time of day that the contract can write.
fn round_the_clock() -> Result<Week> {
    let days: Vec<_> = (0..7)
        .map(|day_of_week| DayInput {
            day_of_week,
            times: [Some("00:00"), Some("23:59:59"), Some("00:00"), Some("23:59:59")],
            is_open_enabled: true,
        })
        .collect();
    let mut errors = Validation::default();
    let week = Week::parse("demo", &days, &mut errors);
    errors.finish(|| week)
}

#[cfg(test)]
mod tests {
    use cheapbob_domain::stores::Place;

    use super::*;

    /// Where the stations are, as maps show them.
    const STATIONS: [(&str, f64, f64); 13] = [
        ("역삼역", 37.5006, 127.0364),
        ("홍대입구역", 37.5572, 126.9254),
        ("성수역", 37.5446, 127.0559),
        ("종각역", 37.5702, 126.9831),
        ("여의도역", 37.5216, 126.9243),
        ("잠실역", 37.5133, 127.1001),
        ("이태원역", 37.5345, 126.9946),
        ("강남역", 37.4979, 127.0276),
        ("낙성대역", 37.4769, 126.9636),
        ("신림역", 37.4842, 126.9297),
        ("봉천역", 37.4824, 126.9418),
        ("서울대벤처타운역", 37.4721, 126.9339),
        ("서울대입구역", 37.4812, 126.9527),
    ];

    #[test]
    fn the_demo_stores_lie_where_their_addresses_say() {
        /// Metres in a minute, at most.
        const WALKED: i64 = 80;
        let mut places = Vec::new();
        for number in 0..STORES {
            let address = address(number, spot(number));
            let place = Place::parse(&address.lat, &address.lng).unwrap();
            let station = address.nearest_station.unwrap();
            let (_, lat, lng) = STATIONS.iter().find(|(name, ..)| *name == station).unwrap();
            let metres = place.millimetres_to(Place::new(*lat, *lng).unwrap()) / 1_000;
            let minutes = i64::from(address.walking_time.unwrap());
            assert!(metres <= minutes * WALKED, "{} {}: {metres} m in {minutes} minutes", address.address, station);
            places.push((address.lat, address.lng));
        }
        places.sort();
        places.dedup();
        assert_eq!(places.len(), STORES, "each stands for itself");
    }
}
