#![expect(unused_qualifications, reason = "what utoipa makes of a handler with a Query")]

use actix_web::{HttpResponse, get, web::Data};
use cheapbob_domain::{
    orders::SettledDay,
    shared::{Rule, Validation, kst},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{auth::Me, error::Result, extract::Query, state::App, time::hh_mm};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Range {
    #[param(format = Date, example = "2026-11-01")]
    start_date: String,
    #[param(format = Date, example = "2026-11-30")]
    end_date: String,
}

impl Range {
    fn parse(&self) -> cheapbob_domain::shared::Result<(NaiveDate, NaiveDate)> {
        const BAD: Rule = Rule { code: "bad_date", message: "날짜는 YYYY-MM-DD 형식이어야 합니다." };
        /// chrono reads years of six digits as well; PostgreSQL and BSON do not.
        fn date(text: &str) -> std::result::Result<NaiveDate, Rule> {
            let shape = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            text.parse().ok().filter(|_| shape).ok_or(BAD)
        }
        let mut errors = Validation::default();
        let start = errors.check("start_date", date(&self.start_date));
        let end = errors.check("end_date", date(&self.end_date));
        errors.finish(|| start.zip(end))
    }
}

#[derive(Serialize, ToSchema)]
struct SettlementItem {
    product_name: String,
    quantity: i32,
    total_amount: i64,
    /// `complete` or `cancel`.
    #[schema(example = "complete")]
    status: &'static str,
    /// `HH:MM`
    #[schema(example = "19:05")]
    time_at: String,
}

#[derive(Serialize, ToSchema)]
struct DailySettlement {
    #[schema(example = "2026-11-24")]
    date: String,
    items: Vec<SettlementItem>,
}

#[derive(Serialize, ToSchema)]
struct Settlement {
    daily_settlements: Vec<DailySettlement>,
}

#[derive(Serialize, ToSchema)]
struct WeeklyRevenue {
    /// Won.
    total_revenue: i64,
}

impl From<SettledDay> for DailySettlement {
    fn from(day: SettledDay) -> Self {
        let items = day.orders.into_iter().map(|(order, at)| SettlementItem {
            product_name: order.product_name,
            quantity: order.quantity,
            total_amount: order.total_amount.0,
            status: order.status.as_str(),
            time_at: hh_mm(kst::local(at).time()),
        });
        Self { date: day.date.to_string(), items: items.collect() }
    }
}

/// What was picked up and canceled, by KST day, newest first.
#[utoipa::path(tag = "seller", params(Range), responses((status = 200, body = Settlement)))]
#[get("/seller/store/settlement")]
pub(super) async fn days(app: Data<App>, me: Me, query: Query<Range>) -> Result<HttpResponse> {
    let (start, end) = query.0.parse()?;
    let days = app.services.settlement.days(&me.0, start, end).await?;
    Ok(HttpResponse::Ok().json(Settlement { daily_settlements: days.into_iter().map(DailySettlement::from).collect() }))
}

/// What was completed since Monday 00:00 KST.
#[utoipa::path(tag = "seller", responses((status = 200, body = WeeklyRevenue)))]
#[get("/seller/store/settlement/weekly-revenue")]
pub(super) async fn weekly_revenue(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let total_revenue = app.services.settlement.weekly_revenue(&me.0).await?.0;
    Ok(HttpResponse::Ok().json(WeeklyRevenue { total_revenue }))
}
