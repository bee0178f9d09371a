use actix_web::{HttpResponse, get, web::Data};
use askama::Template;
use cheapbob_domain::operators::{Overview, Span};
use cheapbob_pages::page;

use super::{frame::Frame, plot::Plot, words};
use crate::{error::Result, operator_session::CurrentOperator, state::App};

#[derive(Template)]
#[template(path = "operators/index.html")]
struct Page {
    frame: Frame,
    wrong: Vec<String>,
    view: Overview,
    plots: Vec<Plot>,
}

/// What is wrong now, and how the day and the week went.
#[get("/operator")]
pub(super) async fn index(app: Data<App>, operator: CurrentOperator) -> Result<HttpResponse> {
    let view = app.services.console.overview().await?;
    let number = |number: &i64| format!("{number}건");
    let of = |spans: &[Span], value: fn(&Span) -> i64| spans.iter().map(|span| (span.at, value(span))).collect::<Vec<_>>();
    let plots = vec![
        Plot::new("주문 (24시간)", &of(&view.day, |span| span.orders), number),
        Plot::new("금액 (24시간)", &of(&view.day, |span| span.won), words::won),
        Plot::new("결제하지 않고 끝난 것 (24시간)", &of(&view.day, |span| span.ended), number),
        Plot::new("주문 (7일)", &of(&view.week, |span| span.orders), number),
        Plot::new("금액 (7일)", &of(&view.week, |span| span.won), words::won),
        Plot::new("결제하지 않고 끝난 것 (7일)", &of(&view.week, |span| span.ended), number),
    ];
    Ok(page(&Page { frame: Frame::of(&operator), wrong: view.wrong(), view, plots }))
}
