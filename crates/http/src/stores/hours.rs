use actix_web::{HttpResponse, delete, get, post, web::Data};
use cheapbob_domain::{
    shared::Validation,
    stores::{DayHours, ReservedHours, Week},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dto::OperationInput;
use crate::{
    auth::Me,
    error::Result,
    extract::{Json, Object},
    state::App,
    time::{instant, time_of_day},
};

#[derive(Serialize, ToSchema)]
struct OperationSettings {
    day_of_week: i16,
    open_time: String,
    close_time: String,
    pickup_start_time: String,
    pickup_end_time: String,
    is_open_enabled: bool,
}

impl From<DayHours> for OperationSettings {
    fn from(hours: DayHours) -> Self {
        Self {
            day_of_week: hours.day_of_week,
            open_time: time_of_day(hours.open_time),
            close_time: time_of_day(hours.close_time),
            pickup_start_time: time_of_day(hours.pickup_start_time),
            pickup_end_time: time_of_day(hours.pickup_end_time),
            is_open_enabled: hours.is_open_enabled,
        }
    }
}

#[derive(Serialize, ToSchema)]
struct OperationModification {
    operation_id: i64,
    day_of_week: i16,
    new_open_time: String,
    new_close_time: String,
    new_is_open_enabled: bool,
    /// When it was reserved; with nothing reserved, when the hours in force were last changed.
    created_at: String,
}

#[derive(Serialize, ToSchema)]
struct OperationReservation {
    /// 0 none, 1 hours, 2 pickup, 3 both.
    #[schema(maximum = 3)]
    modification_type: u8,
    /// The seven days to come.
    modifications: Vec<OperationModification>,
    /// Minutes before closing at which pickup begins.
    new_pickup_start_interval: i64,
    /// Minutes before closing at which pickup ends.
    new_pickup_end_interval: i64,
}

impl From<ReservedHours> for OperationReservation {
    fn from(hours: ReservedHours) -> Self {
        let (new_pickup_start_interval, new_pickup_end_interval) = hours.intervals();
        let coming = hours.coming();
        let modifications = hours.current.iter().enumerate().map(|(day, row)| {
            let new = coming.as_ref().and_then(|week| week.days().get(day)).unwrap_or(&row.hours);
            OperationModification {
                operation_id: row.operation_id,
                day_of_week: new.day_of_week,
                new_open_time: time_of_day(new.open_time),
                new_close_time: time_of_day(new.close_time),
                new_is_open_enabled: new.is_open_enabled,
                created_at: instant(hours.reserved.as_ref().map_or(row.updated_at, |(_, at)| *at)),
            }
        });
        Self {
            modification_type: hours.modification.number(),
            modifications: modifications.collect(),
            new_pickup_start_interval,
            new_pickup_end_interval,
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct ReserveOperation {
    /// Exactly one of each day 0–6.
    #[schema(value_type = Vec<OperationInput>, min_items = 7, max_items = 7)]
    operation_times: Vec<Object<OperationInput>>,
}

/// The hours in force, by day.
#[utoipa::path(tag = "seller", responses((status = 200, body = Vec<OperationSettings>)))]
#[get("/seller/store/settings/operation")]
pub(super) async fn current(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let rows = app.services.hours.current(&me.0).await?;
    Ok(HttpResponse::Ok().json(rows.into_iter().map(|row| OperationSettings::from(row.hours)).collect::<Vec<_>>()))
}

/// The hours that take effect at the next daily rollover; with nothing reserved, those in force.
#[utoipa::path(tag = "seller", responses((status = 200, body = OperationReservation)))]
#[get("/seller/store/settings/operation/reservation")]
pub(super) async fn reserved(app: Data<App>, me: Me) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(OperationReservation::from(app.services.hours.reserved(&me.0).await?)))
}

/// Reserves hours for the next daily rollover, in place of what was reserved.
#[utoipa::path(tag = "seller", request_body = ReserveOperation, responses((status = 201, body = OperationReservation)))]
#[post("/seller/store/settings/operation/reservation")]
pub(super) async fn reserve(app: Data<App>, me: Me, body: Json<ReserveOperation>) -> Result<HttpResponse> {
    let days: Vec<_> = body.0.operation_times.iter().map(|day| day.0.day()).collect();
    let mut errors = Validation::default();
    let week = Week::parse("operation_times", &days, &mut errors);
    app.services.hours.reserve(&me.0, &errors.finish(|| week)?).await?;
    Ok(HttpResponse::Created().json(OperationReservation::from(app.services.hours.reserved(&me.0).await?)))
}

/// Forgets what was reserved.
#[utoipa::path(tag = "seller", responses((status = 204)))]
#[delete("/seller/store/settings/operation/reservation")]
pub(super) async fn cancel(app: Data<App>, me: Me) -> Result<HttpResponse> {
    app.services.hours.cancel(&me.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
