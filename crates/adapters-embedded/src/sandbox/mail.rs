use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use cheapbob_domain::shared::kst;
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use serde_json::json;

use super::{
    answers::{broken, wants_html},
    page::page,
    state::Sandbox,
};
use crate::fakes::failed;

#[derive(QueryableByName)]
struct MailRow {
    #[diesel(sql_type = t::Text)]
    recipient: String,
    #[diesel(sql_type = t::Text)]
    subject: String,
    #[diesel(sql_type = t::Text)]
    text: String,
    #[diesel(sql_type = t::Text)]
    html: String,
    #[diesel(sql_type = t::Timestamptz)]
    sent_at: DateTime<Utc>,
}

impl MailRow {
    /// When it was sent, in KST.
    fn time(&self) -> String {
        kst::local(self.sent_at).format("%Y-%m-%d %H:%M:%S").to_string()
    }
}

#[derive(Template)]
#[template(path = "sandbox/mail.html")]
struct Mails {
    mails: Vec<MailRow>,
}

async fn mails(sandbox: &Sandbox) -> cheapbob_domain::shared::Result<Vec<MailRow>> {
    let mut connection = sandbox.embedded.connection().await?;
    sql_query("SELECT recipient, subject, text, html, sent_at FROM embedded.mails ORDER BY sent_at DESC, message_id DESC LIMIT 1000")
        .load(&mut connection)
        .await
        .map_err(failed)
}

pub(super) async fn list(sandbox: web::Data<Sandbox>, request: HttpRequest) -> HttpResponse {
    let mails = match mails(&sandbox).await {
        Ok(mails) => mails,
        Err(e) => return broken(&e),
    };
    if !wants_html(&request) {
        let list: Vec<_> = mails
            .into_iter()
            .map(|m| {
                let sent_at = kst::local(m.sent_at).to_rfc3339_opts(SecondsFormat::Millis, false);
                json!({ "to": m.recipient, "subject": m.subject, "text": m.text, "html": m.html, "sent_at": sent_at })
            })
            .collect();
        return HttpResponse::Ok().json(list);
    }
    page(&Mails { mails })
}
