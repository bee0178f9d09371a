//! PortOne's bad days, as a test orders them.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use cheapbob_domain::shared::Result;
use diesel::{prelude::*, sql_query, sql_types as t};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::{
    answers::{body, broken, plain_error},
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
    /// The next fault for a call of this kind, counted down.
    pub(in crate::sandbox) async fn fault(&self, call: &str) -> Result<Option<Fault>> {
        let mut connection = self.embedded.connection().await?;
        sql_query(
            "UPDATE embedded.portone_faults SET times = times - 1 WHERE id = (SELECT id FROM embedded.portone_faults
             WHERE on_call = $1 AND times > 0 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING action, delay_ms",
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

#[derive(Deserialize)]
struct Faults {
    next: Vec<FaultRule>,
}

pub(in crate::sandbox) async fn set_faults(sandbox: web::Data<Sandbox>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    const ACTIONS: [&str; 6] = ["error500", "timeout", "drop_response", "fail_200", "requested_200", "delay_ms"];
    let faults = match body::<Faults>(&request, &bytes) {
        Ok(faults) => faults.next,
        Err(e) => return plain_error(422, &e),
    };
    if let Some(wrong) =
        faults.iter().find(|f| !ACTIONS.contains(&f.action.as_str()) || !["get", "cancel", "webhook"].contains(&f.on.as_str()))
    {
        return plain_error(422, &format!("no such fault: {} on {}", wrong.action, wrong.on));
    }
    let stored = async {
        let mut connection = sandbox.embedded.connection().await?;
        sql_query("DELETE FROM embedded.portone_faults").execute(&mut connection).await.map_err(failed)?;
        for fault in &faults {
            sql_query("INSERT INTO embedded.portone_faults (on_call, action, delay_ms, times) VALUES ($1, $2, $3, $4)")
                .bind::<t::Text, _>(&fault.on)
                .bind::<t::Text, _>(&fault.action)
                .bind::<t::BigInt, _>(fault.ms)
                .bind::<t::Integer, _>(fault.times)
                .execute(&mut connection)
                .await
                .map_err(failed)?;
        }
        Result::Ok(())
    };
    match stored.await {
        Ok(()) => self::faults(sandbox).await,
        Err(e) => broken(&e),
    }
}

pub(in crate::sandbox) async fn faults(sandbox: web::Data<Sandbox>) -> HttpResponse {
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
    match rows.await {
        Ok(rows) => {
            let next: Vec<_> =
                rows.into_iter().map(|r| FaultRule { on: r.on_call, action: r.action, times: r.times, ms: r.delay_ms }).collect();
            HttpResponse::Ok().json(json!({ "next": next }))
        }
        Err(e) => broken(&e),
    }
}
