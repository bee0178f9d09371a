//! Stores with their addresses, links, pictures, payment accounts and hours.

use chrono::{DateTime, NaiveDate, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::{
    finding::{self, Kind, Told},
    mending::{self, made_at, name, text},
    old::{OldAddress, OldHours, OldPayment, OldPlan, OldSeller, OldStore},
};
use crate::{
    shared::{
        Email, StoreId, Validation, kst,
        text::{Text, typed},
    },
    stores::{
        Address, DayHours, DayInput, Image, OpeningState, PortOneAccount, PortOneIds, Sns, StoreCalendar, Week, is_object_key, words,
    },
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
    let seller = Email::parse(&old.email).ok();
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

fn one(id: StoreId, owner: Option<Email>, active: bool, old: &OldStore, now: DateTime<Utc>, told: &mut Told) -> ImportedStore {
    let (placeholder, payment) = (owner.is_none(), payment(old.payment.as_ref(), told));
    let created_at = old.created_at.unwrap_or_else(|| {
        told.tell(finding::CREATION_UNKNOWN);
        made_at(id.as_str()).unwrap_or(now)
    });
    let (week, hours_since) = hours(&old.hours, created_at, told);
    let closed_on = closed_on(&old.hours, &week, now, told);
    ImportedStore {
        owner: owner.unwrap_or_else(|| Email::trusted(format!("{}@imported.invalid", id.as_str().to_lowercase()))),
        placeholder,
        suspended: placeholder || !active,
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

fn input(day: i64, times: [Option<&str>; 4], enabled: bool) -> DayInput<'_> {
    // Whole seconds: what a time has beyond them nobody wrote.
    DayInput { day_of_week: day, times: times.map(|time| time.map(|time| time.get(..8).unwrap_or(time))), is_open_enabled: enabled }
}

fn day(row: &OldHours) -> DayInput<'_> {
    let times = [&row.open_time, &row.close_time, &row.pickup_start_time, &row.pickup_end_time].map(Option::as_deref);
    input(row.day_of_week, times, row.is_open_enabled)
}

fn closed(day: i64) -> DayInput<'static> {
    input(day, [None; 4], false)
}

/// A day alone cannot be parsed: a week of it and six closed ones can.
fn is_possible(day: &DayInput<'_>) -> bool {
    let week: Vec<_> = (0..7).map(|n| if n == day.day_of_week { day.clone() } else { closed(n) }).collect();
    Week::parse("", &week, &mut Validation::default()).is_some()
}

fn rows_by_day(old: &[OldHours]) -> [Vec<&OldHours>; 7] {
    let mut days: [Vec<&OldHours>; 7] = Default::default();
    for row in old {
        if let Some(day) = usize::try_from(row.day_of_week).ok().and_then(|day| days.get_mut(day)) {
            day.push(row);
        }
    }
    // The one that counts is the last.
    days.each_mut().map(|rows| {
        rows.sort_by_key(|row| (row.updated_at, row.operation_id));
        std::mem::take(rows)
    })
}

fn hours(old: &[OldHours], created_at: DateTime<Utc>, told: &mut Told) -> (Week, DateTime<Utc>) {
    let mut days = Vec::new();
    for (n, rows) in (0..).zip(rows_by_day(old)) {
        let name = n.to_string();
        if rows.len() > 1 {
            told.tell_of(finding::DAY_TWICE, name.as_str());
        }
        match rows.last() {
            None => {
                told.tell_of(finding::DAY_MISSING, name);
                days.push(closed(n));
            }
            Some(row) if is_possible(&day(row)) => days.push(day(row)),
            Some(_) => {
                told.tell_of(finding::HOURS_WRONG, name);
                days.push(closed(n));
            }
        }
    }
    let since = old.iter().filter_map(|row| row.updated_at).max().unwrap_or(created_at);
    (Week::parse("", &days, &mut Validation::default()).unwrap_or_else(Week::closed), since)
}

fn plan(old: &[OldPlan], hours: &[OldHours], week: &Week, now: DateTime<Utc>, told: &mut Told) -> Option<(Week, DateTime<Utc>)> {
    if old.is_empty() {
        return None;
    }
    let in_force = week.days().map(|day| texts(&day));
    let mut in_part = false;
    let mut days = Vec::new();
    for (n, rows) in (0..).zip(rows_by_day(hours)) {
        let (current, times) = (&week.days()[n], &in_force[n]);
        let plan = rows.iter().rev().find_map(|row| old.iter().find(|plan| plan.operation_id == row.operation_id));
        let planned = plan.map(|plan| [&plan.new_open_time, &plan.new_close_time, &plan.new_pickup_start_time, &plan.new_pickup_end_time]);
        let enabled = plan.and_then(|plan| plan.new_is_open_enabled);
        in_part |= enabled.is_none() || planned.is_none_or(|times| times.iter().any(|time| time.is_none()));
        let mut new = times.each_ref().map(|time| Some(time.as_str()));
        for (time, planned) in new.iter_mut().zip(planned.into_iter().flatten()) {
            *time = planned.as_deref().or(*time);
        }
        days.push(input(current.day_of_week.into(), new, enabled.unwrap_or(current.is_open_enabled)));
    }
    if in_part {
        told.tell(finding::PLAN_IN_PART);
    }
    let Some(week) = Week::parse("", &days, &mut Validation::default()) else {
        told.tell(finding::PLAN_WRONG);
        return None;
    };
    Some((week, old.iter().filter_map(|plan| plan.created_at).max().unwrap_or(now)))
}

fn texts(day: &DayHours) -> [String; 4] {
    [day.open_time, day.close_time, day.pickup_start_time, day.pickup_end_time].map(|time| time.format("%H:%M:%S").to_string())
}

/// The old service keeps one flag for "closed by the clock" and "closed by the seller": inside of the hours it is the seller's.
fn closed_on(old: &[OldHours], week: &Week, now: DateTime<Utc>, told: &mut Told) -> Option<NaiveDate> {
    let weekday = kst::weekday(now);
    let today = *week.days().iter().find(|day| day.day_of_week == weekday)?;
    let by_clock = StoreCalendar { today, closed_on: None, payment_ready: true, suspended: false }.state(now);
    let rows = rows_by_day(old);
    let says_open = rows[usize::try_from(weekday).ok()?].last()?.is_currently_open;
    if says_open || !matches!(by_clock, OpeningState::Open | OpeningState::PickupOver) {
        return None;
    }
    told.tell(finding::CLOSED_BY_HAND);
    Some(kst::business_day(now))
}
