//! PortOne's bad days, as a test orders them.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use cheapbob_domain::shared::Result;
use cheapbob_pages::{page, wants_html};
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::{
    answers::{body, broken, plain_error, see},
    state::Sandbox,
};
use crate::fakes::failed;

#[derive(QueryableByName)]
pub(in crate::sandbox) struct Fault {
    #[diesel(sql_type = t::Text)]
    pub(in crate::sandbox) action: String,
    #[diesel(sql_type = t::BigInt)]
    pub(in crate::sandbox) delay_ms: i64,
}

impl Sandbox {
    /// The next fault for a call of this kind, counted down. Of two calls at once the second waits for what the first has left.
    pub(in crate::sandbox) async fn fault(&self, call: &str) -> Result<Option<Fault>> {
        let mut connection = self.embedded.connection().await?;
        sql_query(
            "UPDATE embedded.portone_faults SET times = times - 1 WHERE id = (SELECT id FROM embedded.portone_faults
             WHERE on_call = $1 AND times > 0 ORDER BY id LIMIT 1 FOR UPDATE) RETURNING action, delay_ms",
        )
        .bind::<t::Text, _>(call)
        .get_result(&mut connection)
        .await
        .optional()
        .map_err(failed)
    }
}

/// A fault that replaces the call; a delay only comes before it.
pub(in crate::sandbox) async fn play(fault: Option<&Fault>) -> Option<HttpResponse> {
    let fault = fault?;
    match fault.action.as_str() {
        "error500" => Some(HttpResponse::InternalServerError().body("<html>500</html>")),
        "timeout" => {
            // Longer than any caller waits; it goes away first.
            tokio::time::sleep(Duration::from_secs(90)).await;
            Some(HttpResponse::GatewayTimeout().finish())
        }
        "delay_ms" => {
            tokio::time::sleep(Duration::from_millis(fault.delay_ms.unsigned_abs())).await;
            None
        }
        _ => None,
    }
}

/// The work is done, the answer breaks off.
pub(in crate::sandbox) fn severed(fault: Option<&Fault>) -> Option<HttpResponse> {
    (fault?.action == "drop_response").then(|| {
        let broken = futures::stream::once(async { Err::<web::Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset)) });
        HttpResponse::Ok().no_chunking(1000).streaming(broken)
    })
}

/// What can go wrong, and how a person reads it.
const ACTIONS: [(&str, &str); 6] = [
    ("error500", "answers 500"),
    ("timeout", "does not answer"),
    ("drop_response", "does it, but the answer breaks off"),
    ("fail_200", "answers 200: failed (cancellations)"),
    ("requested_200", "answers 200: taken, undecided (cancellations)"),
    ("delay_ms", "answers late"),
];

/// On which calls.
const CALLS: [(&str, &str); 3] =
    [("get", "when asked for payments"), ("cancel", "when asked to cancel"), ("webhook", "when it sends a webhook")];

#[derive(Deserialize, Serialize)]
struct FaultRule {
    on: String,
    #[serde(rename = "do")]
    action: String,
    #[serde(default = "once")]
    times: i32,
    /// For `delay_ms`.
    #[serde(default)]
    ms: i64,
}

fn once() -> i32 {
    1
}

impl FaultRule {
    /// Why there is no such fault.
    fn wrong(&self) -> Option<String> {
        let known = |table: &[(&str, &str)], word: &str| table.iter().any(|(name, _)| *name == word);
        let is_known = known(&ACTIONS, &self.action) && known(&CALLS, &self.on);
        (!is_known).then(|| format!("no such fault: {} on {}", self.action, self.on))
    }

    /// The words that the page has for it.
    fn text(&self) -> String {
        let words = |table: &[(&str, &'static str)], word: &str| table.iter().find(|(name, _)| *name == word).map_or("", |(_, text)| text);
        let after = if self.action == "delay_ms" { format!(" by {} ms", self.ms) } else { String::new() };
        format!("{}, PortOne {}{after}", words(&CALLS, &self.on), words(&ACTIONS, &self.action))
    }

    async fn store(&self, connection: &mut AsyncPgConnection) -> Result<()> {
        sql_query("INSERT INTO embedded.portone_faults (on_call, action, delay_ms, times) VALUES ($1, $2, $3, $4)")
            .bind::<t::Text, _>(&self.on)
            .bind::<t::Text, _>(&self.action)
            .bind::<t::BigInt, _>(self.ms)
            .bind::<t::Integer, _>(self.times)
            .execute(connection)
            .await
            .map(|_| ())
            .map_err(failed)
    }
}

#[derive(Deserialize)]
struct Faults {
    next: Vec<FaultRule>,
}

pub(in crate::sandbox) async fn set_faults(sandbox: web::Data<Sandbox>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    let faults = match body::<Faults>(&request, &bytes) {
        Ok(faults) => faults.next,
        Err(e) => return plain_error(422, &e),
    };
    if let Some(wrong) = faults.iter().find_map(FaultRule::wrong) {
        return plain_error(422, &wrong);
    }
    match sandbox.store_faults(&faults, true).await {
        Ok(()) => self::faults(sandbox, request).await,
        Err(e) => broken(&e),
    }
}

/// A form of the page: one more fault; an empty one: nothing goes wrong any more.
pub(in crate::sandbox) async fn add_fault(sandbox: web::Data<Sandbox>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    let clear = bytes.is_empty();
    let faults = match (!clear).then(|| body::<FaultRule>(&request, &bytes)).transpose() {
        Ok(fault) => Vec::from_iter(fault),
        Err(e) => return plain_error(422, &e),
    };
    if let Some(wrong) = faults.iter().find_map(FaultRule::wrong) {
        return plain_error(422, &wrong);
    }
    match sandbox.store_faults(&faults, clear).await {
        Ok(()) => see("/sandbox/faults"),
        Err(e) => broken(&e),
    }
}

impl Sandbox {
    /// Plays these too, or instead of all others.
    async fn store_faults(&self, faults: &[FaultRule], instead: bool) -> Result<()> {
        let mut connection = self.embedded.connection().await?;
        if instead {
            sql_query("DELETE FROM embedded.portone_faults").execute(&mut connection).await.map_err(failed)?;
        }
        for fault in faults {
            fault.store(&mut connection).await?;
        }
        Ok(())
    }
}

#[derive(Template)]
#[template(path = "sandbox/portone/faults.html")]
struct FaultsPage {
    next: Vec<FaultRule>,
    actions: [(&'static str, &'static str); 6],
    calls: [(&'static str, &'static str); 3],
}

pub(in crate::sandbox) async fn faults(sandbox: web::Data<Sandbox>, request: HttpRequest) -> HttpResponse {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = t::Text)]
        on_call: String,
        #[diesel(sql_type = t::Text)]
        action: String,
        #[diesel(sql_type = t::BigInt)]
        delay_ms: i64,
        #[diesel(sql_type = t::Integer)]
        times: i32,
    }
    let rows = async {
        let mut connection = sandbox.embedded.connection().await?;
        sql_query("SELECT on_call, action, delay_ms, times FROM embedded.portone_faults WHERE times > 0 ORDER BY id")
            .load::<Row>(&mut connection)
            .await
            .map_err(failed)
    };
    let rows = match rows.await {
        Ok(rows) => rows,
        Err(e) => return broken(&e),
    };
    let next: Vec<_> = rows.into_iter().map(|r| FaultRule { on: r.on_call, action: r.action, times: r.times, ms: r.delay_ms }).collect();
    if wants_html(&request) {
        page(&FaultsPage { next, actions: ACTIONS, calls: CALLS })
    } else {
        HttpResponse::Ok().json(json!({ "next": next }))
    }
}
