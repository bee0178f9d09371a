//! Stores with their addresses, links, pictures, payment accounts and hours.

use chrono::{DateTime, NaiveDate, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::{
    finding::{self, Kind, Told},
    hours::{closed_on, hours, plan},
    mending::{self, made_at, name, text},
    old::{OldAddress, OldPayment, OldSeller, OldStore},
};
use crate::{
    shared::{
        Email, StoreId,
        text::{Text, typed},
    },
    stores::{Address, Image, PortOneAccount, PortOneIds, Sns, Week, is_object_key, words},
};

const LINE: Text = typed!("주소는", 1 to 255);

/// A store to be written.
#[derive(Debug, Clone)]
pub struct ImportedStore {
    /// As it was.
    pub id: StoreId,
    /// Whose it is.
    pub owner: Email,
    /// The owner's account is made for this store: nobody can log in to it.
    pub placeholder: bool,
    /// It sells nothing: its seller asked to be deleted, or nobody can log in to it.
    pub suspended: bool,
    /// Whether searches show it.
    pub has_product: bool,
    /// Shown to customers.
    pub name: String,
    /// What it says of itself; may be empty.
    pub introduction: String,
    /// As the seller wrote it; may be empty.
    pub phone: String,
    /// Fields may be empty.
    pub address: Address,
    /// Links.
    pub sns: Sns,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// Exactly one of them is the main one, where there are any.
    pub images: Vec<Image>,
    /// Its account at PortOne.
    pub payment: Option<PortOneAccount>,
    /// The hours in force.
    pub week: Week,
    /// When they were changed last.
    pub hours_since: DateTime<Utc>,
    /// Hours for the next daily rollover, and when they were planned.
    pub planned: Option<(Week, DateTime<Utc>)>,
    /// The business day for which the seller closed it.
    pub closed_on: Option<NaiveDate>,
}

/// What becomes of the stores of one seller's e-mail, and what is told of each.
pub fn stores(old: &OldSeller, now: DateTime<Utc>) -> Vec<(Option<ImportedStore>, Told)> {
    // Where the seller alone has asked to be deleted, the account is the customer's.
    let seller = Email::parse(&old.email).ok().filter(|_| old.active || !old.active_customer);
    let mut all: Vec<_> = old.stores.iter().collect();
    // The one that sells is the seller's, then the older one.
    all.sort_by_key(|store| (store.payment.is_none(), store.products == 0, store.created_at.unwrap_or(now), &store.store_id));
    let mut first = true;
    let mut mapped = Vec::new();
    for store in all {
        let mut told = Told::of(Kind::Stores, &store.store_id);
        let Some(id) = StoreId::parse(&store.store_id) else {
            told.tell(finding::BAD_ID);
            mapped.push((None, told));
            continue;
        };
        let owner = seller.clone().filter(|_| first);
        if owner.is_none() {
            told.tell_of(if seller.is_some() { finding::SECOND_STORE } else { finding::STORE_OF_NOBODY }, old.email.as_str());
        }
        first = false;
        let store = one(id, owner, old.active, store, now, &mut told);
        mapped.push((Some(store), told));
    }
    mapped
}

/// The account that is made for a store that has no seller of its own: nobody can log in to it.
pub fn placeholder(store: &StoreId) -> Email {
    Email::trusted(format!("{}@imported.invalid", store.as_str().to_lowercase()))
}

fn one(id: StoreId, owner: Option<Email>, active: bool, old: &OldStore, now: DateTime<Utc>, told: &mut Told) -> ImportedStore {
    let (nobodys, payment) = (owner.is_none(), payment(old.payment.as_ref(), told));
    let created_at = old.created_at.unwrap_or_else(|| {
        told.tell(finding::CREATION_UNKNOWN);
        made_at(id.as_str()).unwrap_or(now)
    });
    let (week, hours_since) = hours(&old.hours, created_at, told);
    let closed_on = closed_on(&old.hours, &week, now, told);
    ImportedStore {
        owner: owner.unwrap_or_else(|| placeholder(&id)),
        placeholder: nobodys,
        suspended: nobodys || !active,
        has_product: old.products > 0,
        name: name(told, "store_name", old.store_name.as_deref(), words::name),
        introduction: text(told, "store_introduction", old.store_introduction.as_deref(), words::introduction, finding::TEXT_CHANGED),
        phone: text(told, "store_phone", old.store_phone.as_deref(), words::phone, finding::TEXT_CHANGED),
        address: address(old, told),
        sns: links(old, told),
        created_at,
        images: images(old, told),
        payment,
        planned: plan(&old.planned, &old.hours, &week, now, told),
        week,
        hours_since,
        closed_on,
        id,
    }
}

fn address(old: &OldStore, told: &mut Told) -> Address {
    let missing = OldAddress::default();
    let there = old.address.as_ref().unwrap_or_else(|| {
        told.tell(finding::ADDRESS_MISSING);
        &missing
    });
    let mut line = |field: &str, value: &Option<String>| {
        // Where the whole row is missing, that was told.
        let silent = old.address.is_none() && value.is_none();
        if silent { String::new() } else { text(told, field, value.as_deref(), |typed| LINE.parse(typed), finding::TEXT_CHANGED) }
    };
    let address = Address {
        postal_code: line("store_postal_code", &old.store_postal_code),
        address: line("store_address", &old.store_address),
        detail_address: line("store_detail_address", &old.store_detail_address),
        sido: line("sido", &there.sido),
        sigungu: line("sigungu", &there.sigungu),
        bname: line("bname", &there.bname),
        lat: line("lat", &there.lat),
        lng: line("lng", &there.lng),
        nearest_station: there.nearest_station.as_ref().map(|station| line("nearest_station", &Some(station.clone()))),
        walking_time: there.walking_time.filter(|minutes| *minutes >= 0).map(mending::number),
    };
    if there.walking_time.is_some_and(|minutes| minutes < 0) {
        told.tell(finding::WALKING_TIME_WRONG);
    }
    for (field, value) in [("lat", &address.lat), ("lng", &address.lng)] {
        if old.address.is_some() && value.parse::<f64>().is_err() {
            told.tell_of(finding::NO_NUMBER, format!("{field}: {value}"));
        }
    }
    address
}

fn links(old: &OldStore, told: &mut Told) -> Sns {
    let Some(old) = &old.sns else {
        told.tell(finding::LINKS_MISSING);
        return Sns::default();
    };
    let mut link = |field: &str, value: &Option<String>| {
        Sns::link(value.as_deref()).unwrap_or_else(|_| {
            told.tell_of(finding::BAD_LINK, format!("{field}: {}", value.as_deref().unwrap_or_default()));
            None
        })
    };
    Sns {
        instagram: link("instagram", &old.instagram),
        facebook: link("facebook", &old.facebook),
        x: link("x", &old.x),
        homepage: link("homepage", &old.homepage),
    }
}

fn images(old: &OldStore, told: &mut Told) -> Vec<Image> {
    let mut images: Vec<_> = old
        .images
        .iter()
        .filter(|image| {
            let fits = is_object_key(&image.image_id);
            if !fits {
                told.tell_of(finding::BAD_IMAGE_KEY, image.image_id.as_str());
            }
            fits
        })
        .map(|image| Image { key: image.image_id.clone(), is_main: image.is_main, display_order: mending::number(image.display_order) })
        .collect();
    images.sort_by(|a, b| (!a.is_main, a.display_order, &a.key).cmp(&(!b.is_main, b.display_order, &b.key)));
    match images.iter().filter(|image| image.is_main).count() {
        0 if !images.is_empty() => told.tell(finding::NO_MAIN_IMAGE),
        2.. => told.tell(finding::MAIN_IMAGES),
        _ => {}
    }
    for (place, image) in images.iter_mut().enumerate() {
        image.is_main = place == 0;
    }
    images
}

fn payment(old: Option<&OldPayment>, told: &mut Told) -> Option<PortOneAccount> {
    let Some(old) = old else {
        told.tell(finding::PAYMENT_MISSING);
        return None;
    };
    let there = |value: &Option<String>| value.as_deref().map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned);
    let secret = old.portone_secret_key.as_ref().map(|secret| secret.expose_secret().trim()).filter(|secret| !secret.is_empty());
    let (store_id, channel_id) = (there(&old.portone_store_id), there(&old.portone_channel_id));
    match (store_id, channel_id, secret) {
        (Some(store_id), Some(channel_id), Some(secret)) => {
            Some(PortOneAccount { ids: PortOneIds { store_id, channel_id }, secret: SecretString::from(secret.to_owned()) })
        }
        (None, None, None) => {
            told.tell(finding::PAYMENT_MISSING);
            None
        }
        _ => {
            told.tell(finding::PAYMENT_INCOMPLETE);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        imports::model::old::{OldImage, OldSns},
        shared::{Clock, testing::Noon},
    };

    fn old(id: &str, products: i64) -> OldStore {
        let text = || Some("04000".to_owned());
        OldStore {
            store_id: id.into(),
            store_name: text(),
            created_at: Some(Noon.now()),
            store_introduction: text(),
            store_phone: text(),
            store_postal_code: text(),
            store_address: text(),
            store_detail_address: text(),
            address: Some(OldAddress { sido: text(), sigungu: text(), bname: text(), lat: text(), lng: text(), ..OldAddress::default() }),
            sns: Some(OldSns::default()),
            payment: Some(OldPayment {
                portone_store_id: text(),
                portone_channel_id: text(),
                portone_secret_key: Some("a secret".to_owned().into()),
            }),
            products,
            ..OldStore::default()
        }
    }

    /// The stores, and of each what is told besides its hours, of which there are none.
    fn mapped(stores: Vec<OldStore>) -> Vec<(ImportedStore, Vec<&'static str>)> {
        of_seller(&OldSeller { email: "s@b.c".into(), active: true, active_customer: false, stores })
    }

    fn of_seller(seller: &OldSeller) -> Vec<(ImportedStore, Vec<&'static str>)> {
        let mapped = stores(seller, Noon.now()).into_iter();
        mapped
            .map(|(store, told)| {
                let codes = told.findings.iter().map(|finding| finding.reason.code);
                (store.unwrap(), codes.filter(|code| *code != "day_missing").collect())
            })
            .collect()
    }

    #[test]
    fn of_two_stores_the_one_that_sells_is_the_sellers() {
        let mapped = mapped(vec![old("STR_1", 0), old("STR_2", 1)]);
        let owners: Vec<_> =
            mapped.iter().map(|(store, told)| (store.id.as_str(), store.owner.as_str(), store.suspended, told.as_slice())).collect();
        assert_eq!(owners, [("STR_2", "s@b.c", false, &[][..]), ("STR_1", "str_1@imported.invalid", true, &["second_store"])]);
    }

    #[test]
    fn the_store_of_a_seller_who_leaves_and_stays_a_customer_is_nobodys() {
        for (active, active_customer, owner) in
            [(false, true, "str_1@imported.invalid"), (false, false, "s@b.c"), (true, true, "s@b.c"), (true, false, "s@b.c")]
        {
            let seller = OldSeller { email: "s@b.c".into(), active, active_customer, stores: vec![old("STR_1", 1)] };
            let (store, told) = of_seller(&seller).remove(0);
            assert_eq!((store.owner.as_str(), store.suspended), (owner, !active));
            assert_eq!(told.contains(&"store_of_nobody"), owner != "s@b.c");
        }
    }

    #[test]
    fn a_store_has_one_main_picture_and_links_that_are_some() {
        let image = |key: &str, is_main, display_order| OldImage { image_id: key.into(), is_main, display_order };
        let mut store = old("STR_1", 1);
        store.images =
            vec![image("가게/1.jpg", false, 1), image("가게/2.jpg", true, 5), image("가게/3.jpg", true, 4), image("../x", true, 0)];
        store.sns = Some(OldSns { instagram: Some("@store".into()), x: Some(String::new()), ..OldSns::default() });
        let (store, told) = mapped(vec![store]).remove(0);
        let images: Vec<_> = store.images.iter().map(|image| (image.key.as_str(), image.is_main)).collect();
        assert_eq!(images, [("가게/3.jpg", true), ("가게/2.jpg", false), ("가게/1.jpg", false)]);
        assert_eq!((store.sns, told), (Sns::default(), vec!["bad_link", "bad_image_key", "main_images"]));
    }

    #[test]
    fn a_payment_account_in_part_is_none() {
        let mut store = old("STR_1", 1);
        store.payment = Some(OldPayment { portone_secret_key: None, ..store.payment.unwrap() });
        let (store, told) = mapped(vec![store]).remove(0);
        assert!(store.payment.is_none() && told == ["payment_incomplete"], "{told:?}");
    }
}
