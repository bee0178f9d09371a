//! What is brought, as the statements read it: JSON with our columns' names.

use cheapbob_domain::{
    imports::{Brought, ImportedAccount, ImportedFavorites, ImportedHold, ImportedOrder, ImportedProduct, ImportedStore},
    orders::HOLD_LIFE,
    shared::{Error, Result, kst},
    stores::{Address, Sns},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{secrets::SecretKeys, stores::api_place};

pub(super) fn account(brought: &Brought<ImportedAccount>) -> Value {
    let ImportedAccount { email, written, role, is_active, created_at, profile } = &brought.row;
    let words = profile.iter().flat_map(|profile| &profile.preferences);
    let preferences: Vec<_> = words.map(|(kind, word, at)| json!({ "kind": kind.as_str(), "word": word, "created_at": at })).collect();
    let profile = profile.as_ref();
    json!({
        "email": email, "written": written, "role": role, "is_active": is_active, "created_at": created_at, "nickname": profile.map(|p| &p.nickname),
        "phone_number": profile.map(|p| &p.phone_number), "profile_created_at": profile.map(|p| p.created_at),
        "profile_updated_at": profile.map(|p| p.updated_at), "preferences": preferences,
    })
}

pub(super) fn store(brought: &Brought<ImportedStore>, keys: &SecretKeys) -> Result<Value> {
    let store = &brought.row;
    let Address { postal_code, address, detail_address, sido, sigungu, bname, lat, lng, nearest_station, walking_time } = &store.address;
    let Sns { instagram, facebook, x, homepage } = &store.sns;
    let images: Vec<_> = store
        .images
        .iter()
        .map(|image| json!({ "key": image.key, "is_main": image.is_main, "display_order": image.display_order }))
        .collect();
    let payment = store.payment.as_ref().map(|account| {
        let sealed = keys.seal(&api_place(store.id.as_str()), &account.secret)?;
        Ok::<_, Error>(json!({
            "portone_store_id": account.ids.store_id, "portone_channel_id": account.ids.channel_id, "portone_secret": sealed,
        }))
    });
    let planned = store.planned.as_ref();
    Ok(merged([
        json!({
            "id": store.id, "owner": store.owner, "placeholder": store.placeholder, "suspended": store.suspended,
            "has_product": store.has_product, "name": store.name, "introduction": store.introduction, "phone": store.phone,
            "created_at": store.created_at, "closed_on": store.closed_on, "images": images, "payment": payment.transpose()?,
            "week": value(&store.week)?, "hours_since": store.hours_since, "planned": planned.map(|(week, _)| value(week)).transpose()?,
            "planned_at": planned.map(|(_, at)| at),
        }),
        json!({
            "postal_code": postal_code, "address": address, "detail_address": detail_address, "sido": sido, "sigungu": sigungu,
            "bname": bname, "lat": lat, "lng": lng, "nearest_station": nearest_station, "walking_time": walking_time,
        }),
        json!({ "instagram": instagram, "facebook": facebook, "x": x, "homepage": homepage }),
    ]))
}

pub(super) fn favorites(brought: &Brought<ImportedFavorites>) -> Value {
    let ImportedFavorites { email, stores } = &brought.row;
    let stores: Vec<_> = stores.iter().map(|(store, since)| json!({ "store_id": store, "since": since })).collect();
    json!({ "email": email, "stores": stores })
}

pub(super) fn product(brought: &Brought<ImportedProduct>) -> Result<Value> {
    value(&brought.row)
}

pub(super) fn order(brought: &ImportedOrder) -> Result<Value> {
    let ImportedOrder { order, portone_store_id } = brought;
    Ok(merged([
        value(order)?,
        value(&order.preferences)?,
        json!({
            "portone_store_id": portone_store_id, "created_at": brought.begun_at(), "expires_at": brought.begun_at() + HOLD_LIFE,
            "refund_reason": brought.refund_reason().map(|reason| reason.as_str()),
        }),
    ]))
}

pub(super) fn hold(hold: &ImportedHold) -> Value {
    json!({
        "payment_id": hold.payment_id, "customer": hold.customer, "product_id": hold.product_id, "store_id": hold.store_id,
        "portone_store_id": hold.portone_store_id, "quantity": hold.quantity, "price": hold.price, "sale": hold.sale,
        "total_amount": hold.total_amount, "business_day": kst::business_day(hold.created_at), "created_at": hold.created_at,
        "expires_at": hold.created_at + HOLD_LIFE, "is_over": hold.is_over,
    })
}

fn value(row: &impl Serialize) -> Result<Value> {
    serde_json::to_value(row).map_err(Error::internal)
}

fn merged<const N: usize>(parts: [Value; N]) -> Value {
    parts.into_iter().filter_map(|part| if let Value::Object(fields) = part { Some(fields) } else { None }).flatten().collect()
}
