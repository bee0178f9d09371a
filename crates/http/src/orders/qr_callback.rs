use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{Data, Payload},
};
use actix_ws::{Message, MessageStream, Session};
use cheapbob_domain::shared::PaymentId;
use futures::{StreamExt, stream::BoxStream};
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::{auth::Me, error::Result, extract::PathId, refusals::NO_WEBSOCKET, state::App};

/// How long a screen waits (contract).
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the order is read where no signal can come.
const LOOK: Duration = Duration::from_secs(1);

/// A WebSocket that says one thing when the order is picked up, or after 30 seconds, and closes. An account has ten open at most.
#[utoipa::path(tag = "seller", params(("payment_id" = String, Path)), responses((status = 101, description = "one JSON message {status: completed|error|timeout, message}")))]
#[get("/seller/store/orders/{payment_id}/qr/callback")]
pub(super) async fn wait(app: Data<App>, me: Me, request: HttpRequest, id: PathId<PaymentId>, body: Payload) -> Result<HttpResponse> {
    let order = app.services.orders.of_store(&me.0, &id.0).await?;
    let (response, session, messages) = actix_ws::handle(&request, body).map_err(|_| NO_WEBSOCKET)?;
    let stream = app.services.streams.open(&me.0).await?;
    actix_web::rt::spawn(async move {
        watch(&app, &order.payment_id, session, messages).await;
        app.services.streams.close(stream).await;
    });
    Ok(response)
}

async fn watch(app: &App, payment: &PaymentId, mut session: Session, mut messages: MessageStream) {
    let (status, message) = tokio::select! {
        outcome = outcome(app, payment) => outcome,
        () = gone(&mut session, &mut messages) => return,
    };
    // A screen that has gone meanwhile hears nothing.
    let _ = session.text(json!({ "status": status, "message": message }).to_string()).await;
    let _ = session.close(None).await;
}

/// Ends when the screen goes away; answers its pings.
async fn gone(session: &mut Session, messages: &mut MessageStream) {
    let mut session = session.clone();
    while let Some(Ok(message)) = messages.next().await {
        match message {
            Message::Ping(bytes) if session.pong(&bytes).await.is_err() => return,
            Message::Close(_) => return,
            _ => {}
        }
    }
}

async fn outcome(app: &App, payment: &PaymentId) -> (&'static str, &'static str) {
    let end = Instant::now() + PATIENCE;
    // First the subscription, then the order: a pickup in between is not missed.
    let mut signals: Option<BoxStream<'static, ()>> = match app.services.pickup.subscribe(payment).await {
        Ok(signals) => Some(signals),
        Err(error) => {
            tracing::warn!(%payment, %error, "no pickup signals; the order is read each second");
            None
        }
    };
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        match app.services.pickup.is_complete(payment).await {
            Ok(true) => return ("completed", "픽업이 완료되었습니다."),
            Ok(false) => {}
            Err(error) => tracing::warn!(%payment, %error, "the order could not be read for a waiting screen"),
        }
        let lost = tokio::select! {
            () = sleep_until(end) => return ("timeout", "시간이 초과되었습니다. QR 코드를 다시 열어 주세요."),
            signal = next(signals.as_mut()) => signal.is_none(),
            _ = looks.tick(), if signals.is_none() => false,
        };
        if lost {
            signals = None;
            looks.reset_immediately();
        }
    }
}

async fn next(signals: Option<&mut BoxStream<'static, ()>>) -> Option<()> {
    match signals {
        Some(signals) => signals.next().await,
        None => std::future::pending().await,
    }
}
