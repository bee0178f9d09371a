use actix_web::{HttpRequest, HttpResponse, http::header, web};
use askama::Template;
use cheapbob_domain::shared::{Result, kst};
use cheapbob_pages::{page, wants_html};
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use serde::Deserialize;
use serde_json::json;

use super::{
    answers::{broken, kst_time, plain_error},
    state::Sandbox,
};
use crate::fakes::failed;

#[derive(QueryableByName)]
struct MailRow {
    #[diesel(sql_type = t::Text)]
    message_id: String,
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
    fn time(&self) -> String {
        kst_time(self.sent_at)
    }

    /// Where the mail itself is.
    fn address(&self) -> String {
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("id", &self.message_id).finish();
        format!("/sandbox/mail/html?{query}")
    }
}

#[derive(Template)]
#[template(path = "sandbox/mail.html")]
struct Mails {
    mails: Vec<MailRow>,
    /// Mails go to a real server.
    real: bool,
}

async fn mails(sandbox: &Sandbox, limit: i64) -> Result<Vec<MailRow>> {
    let mut connection = sandbox.embedded.connection().await?;
    sql_query(
        "SELECT message_id, recipient, subject, text, html, sent_at FROM embedded.mails ORDER BY sent_at DESC, message_id DESC LIMIT $1",
    )
    .bind::<t::BigInt, _>(limit)
    .load(&mut connection)
    .await
    .map_err(failed)
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    id: String,
}

#[derive(Deserialize)]
pub(super) struct Listing {
    /// At most so many; 1,000 by default.
    limit: Option<i64>,
}

/// The mail as its reader's program would show it: with its own style, without scripts, links in a new tab.
pub(super) async fn html(sandbox: web::Data<Sandbox>, asked: web::Query<Asked>) -> HttpResponse {
    const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; \
         sandbox allow-popups allow-popups-to-escape-sandbox";
    let found = async {
        let mut connection = sandbox.embedded.connection().await?;
        sql_query("SELECT message_id, recipient, subject, text, html, sent_at FROM embedded.mails WHERE message_id = $1")
            .bind::<t::Text, _>(asked.id.replace('\0', ""))
            .get_result::<MailRow>(&mut connection)
            .await
            .optional()
            .map_err(failed)
    };
    match found.await {
        Ok(Some(mail)) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
            .body(mail.html.replacen("<body", "<base target=\"_blank\"><body", 1)),
        Ok(None) => plain_error(404, "no such mail"),
        Err(e) => broken(&e),
    }
}

pub(super) async fn list(sandbox: web::Data<Sandbox>, request: HttpRequest, listing: web::Query<Listing>) -> HttpResponse {
    const MOST: i64 = 1_000;
    let mails = match mails(&sandbox, listing.limit.unwrap_or(MOST).clamp(0, MOST)).await {
        Ok(mails) => mails,
        Err(e) => return broken(&e),
    };
    if !wants_html(&request) {
        let list: Vec<_> = mails
            .into_iter()
            .map(|m| {
                let sent_at = kst::local(m.sent_at).to_rfc3339_opts(SecondsFormat::Millis, false);
                let address = m.address();
                json!({ "to": m.recipient, "subject": m.subject, "text": m.text, "html": m.html, "sent_at": sent_at, "html_url": address })
            })
            .collect();
        return HttpResponse::Ok().json(list);
    }
    page(&Mails { mails, real: !sandbox.played.mail })
}
