use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use cheapbob_domain::shared::{Result, kst};
use cheapbob_pages::{page, wants_html};
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::{QueryableByName, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};

use super::{
    answers::{broken, kst_time},
    state::Sandbox,
};
use crate::fakes::failed;

#[derive(QueryableByName)]
struct PushRow {
    #[diesel(sql_type = t::Text)]
    endpoint: String,
    #[diesel(sql_type = t::Jsonb)]
    content: Value,
    #[diesel(sql_type = t::Timestamptz)]
    sent_at: DateTime<Utc>,
}

impl PushRow {
    fn text(&self, part: &str) -> &str {
        self.content[part].as_str().unwrap_or_default()
    }

    fn time(&self) -> String {
        kst_time(self.sent_at)
    }
}

#[derive(Template)]
#[template(path = "sandbox/push.html")]
struct Pushes {
    pushes: Vec<PushRow>,
}

async fn pushes(sandbox: &Sandbox) -> Result<Vec<PushRow>> {
    let mut connection = sandbox.embedded.connection().await?;
    sql_query("SELECT endpoint, content, sent_at FROM embedded.pushes ORDER BY sent_at DESC, endpoint, topic LIMIT 1000")
        .load(&mut connection)
        .await
        .map_err(failed)
}

/// The notices that browsers would have been sent, the newest first.
pub(super) async fn list(sandbox: web::Data<Sandbox>, request: HttpRequest) -> HttpResponse {
    let pushes = match pushes(&sandbox).await {
        Ok(pushes) => pushes,
        Err(e) => return broken(&e),
    };
    if wants_html(&request) {
        return page(&Pushes { pushes });
    }
    let time = |at| kst::local(at).to_rfc3339_opts(SecondsFormat::Millis, false);
    let list: Vec<_> =
        pushes.into_iter().map(|p| json!({ "endpoint": p.endpoint, "content": p.content, "sent_at": time(p.sent_at) })).collect();
    HttpResponse::Ok().json(list)
}
