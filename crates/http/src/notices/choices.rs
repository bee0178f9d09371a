use actix_web::{HttpResponse, get, put, web::Data};
use cheapbob_domain::notices::{Choices, Chosen, WORDING};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::{CurrentCaller, Me},
    error::Result,
    extract::Json,
    state::App,
    time::instant,
};

#[derive(Deserialize, ToSchema)]
struct ChooseNotices {
    /// A favourite store opens.
    #[schema(example = true)]
    opens: bool,
    /// Something of a favourite store costs less.
    #[schema(example = true)]
    price_drops: bool,
    /// The seller of a favourite store has added something of which nothing was left.
    #[schema(example = true)]
    back_in_stock: bool,
    /// To the account's e-mail.
    #[schema(example = false)]
    by_mail: bool,
    /// To the browsers that subscribed.
    #[schema(example = true)]
    by_push: bool,
    /// Also between 21:00 and 08:00 KST.
    #[schema(example = false)]
    at_night: bool,
}

#[derive(Serialize, ToSchema)]
struct WordingBody {
    /// Kept with each consent.
    #[schema(example = "2026-11-28")]
    version: &'static str,
    /// To be shown beside the switches.
    #[schema(example = "즐겨찾기한 매장의 소식을 받는 데 동의합니다.")]
    text: &'static str,
}

#[derive(Serialize, ToSchema)]
struct NoticesBody {
    #[schema(example = true)]
    opens: bool,
    #[schema(example = true)]
    price_drops: bool,
    #[schema(example = true)]
    back_in_stock: bool,
    #[schema(example = false)]
    by_mail: bool,
    #[schema(example = true)]
    by_push: bool,
    #[schema(example = false)]
    at_night: bool,
    /// When the switches were set last; `null`: never, and all are off.
    #[schema(example = "2026-11-27T18:30:00.000000+09:00")]
    consented_at: Option<String>,
    wording: WordingBody,
}

impl From<Chosen> for NoticesBody {
    fn from(Chosen { choices, consented_at }: Chosen) -> Self {
        let Choices { opens, price_drops, back_in_stock, by_mail, by_push, at_night } = choices;
        let wording = WordingBody { version: WORDING.version, text: WORDING.text };
        Self { opens, price_drops, back_in_stock, by_mail, by_push, at_night, consented_at: consented_at.map(instant), wording }
    }
}

/// What the customer is told of favourite stores; all of it is off until they say so.
#[utoipa::path(tag = "notices", responses((status = 200, body = NoticesBody)))]
#[get("/customer/notices")]
pub(super) async fn show(app: Data<App>, me: Me) -> Result<HttpResponse> {
    let chosen = app.services.notices.chosen(&me.0).await?;
    Ok(HttpResponse::Ok().json(NoticesBody::from(chosen)))
}

/// Says yes or no. When it was said, and to which wording, is kept.
#[utoipa::path(tag = "notices", request_body = ChooseNotices, responses((status = 200, body = NoticesBody)))]
#[put("/customer/notices")]
pub(super) async fn choose(app: Data<App>, caller: CurrentCaller, body: Json<ChooseNotices>) -> Result<HttpResponse> {
    let ChooseNotices { opens, price_drops, back_in_stock, by_mail, by_push, at_night } = body.0;
    let choices = Choices { opens, price_drops, back_in_stock, by_mail, by_push, at_night };
    let chosen = app.services.notices.choose(&caller.0.account, choices).await?;
    Ok(HttpResponse::Ok().json(NoticesBody::from(chosen)))
}
