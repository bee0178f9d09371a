use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use cheapbob_domain::shared::{Clock, Result, kst};
use cheapbob_pages::{page, wants_html};
use chrono::{DateTime, Duration, NaiveDateTime, NaiveTime, SecondsFormat, Utc};
use serde::Deserialize;

use super::{
    answers::{body, broken, kst_time, plain_error, see},
    state::Sandbox,
};

#[derive(Deserialize)]
struct SetClock {
    now: DateTime<Utc>,
}

#[derive(Template)]
#[template(path = "sandbox/clock.html")]
struct ClockPage {
    now: String,
    /// As a `datetime-local` field has it, in KST.
    typed: String,
    /// How far it was moved; empty: not at all.
    moved: String,
    moves: [(&'static str, &'static str); 5],
}

/// Where the buttons of the page lead: what is sent, and what stands on it.
const MOVES: [(&str, &str); 5] = [
    ("minute", "+1 minute"),
    ("five_minutes", "+5 minutes: holds end"),
    ("hour", "+1 hour"),
    ("noon", "to the next 12:00"),
    ("rollover", "to the next 04:00: the daily rollover"),
];

/// What a button or the field of the page sends.
#[derive(Deserialize)]
struct Move {
    by: Option<String>,
    /// `YYYY-MM-DDTHH:MM`, in KST.
    to: Option<String>,
}

fn target(now: DateTime<Utc>, wanted: &Move) -> Option<DateTime<Utc>> {
    let next = |hour: u32| NaiveTime::from_hms_opt(hour, 0, 0).map(|time| kst::last(now, time) + Duration::days(1));
    match (wanted.by.as_deref(), wanted.to.as_deref()) {
        (Some("minute"), _) => Some(now + Duration::minutes(1)),
        (Some("five_minutes"), _) => Some(now + Duration::minutes(5)),
        (Some("hour"), _) => Some(now + Duration::hours(1)),
        (Some("noon"), _) => next(12),
        (Some("rollover"), _) => next(4),
        (None, Some(to)) => {
            let read = |format| NaiveDateTime::parse_from_str(to, format).ok();
            read("%Y-%m-%dT%H:%M").or_else(|| read("%Y-%m-%dT%H:%M:%S")).map(|at| kst::instant(at.date(), at.time()))
        }
        _ => None,
    }
}

fn answer(sandbox: &Sandbox) -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "now": kst::local(sandbox.clock.now()).to_rfc3339_opts(SecondsFormat::Millis, false) }))
}

pub(super) async fn read(sandbox: web::Data<Sandbox>, request: HttpRequest) -> HttpResponse {
    if !wants_html(&request) {
        return answer(&sandbox);
    }
    let now = sandbox.clock.now();
    page(&ClockPage {
        now: kst_time(now),
        typed: kst::local(now).format("%Y-%m-%dT%H:%M").to_string(),
        moved: moved_by(sandbox.clock.offset()),
        moves: MOVES,
    })
}

/// `2 d 3 h 4 min ahead of`; empty below a minute.
fn moved_by(offset: Duration) -> String {
    let minutes = offset.num_minutes().abs();
    let parts = [(minutes / 1440, "d"), (minutes / 60 % 24, "h"), (minutes % 60, "min")];
    let text: String = parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number} {unit} ")).collect();
    match text.as_str() {
        "" => text,
        _ if offset > Duration::zero() => text + "ahead of",
        _ => text + "behind",
    }
}

/// A button of the page.
pub(super) async fn push(sandbox: web::Data<Sandbox>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    let wanted = match body::<Move>(&request, &bytes) {
        Ok(wanted) => wanted,
        Err(e) => return plain_error(422, &e),
    };
    let to = target(sandbox.clock.now(), &wanted);
    if to.is_none() && wanted.by.as_deref() != Some("right") {
        return plain_error(422, "neither a move that the page knows nor a date and time");
    }
    match move_to(&sandbox, to).await {
        Ok(()) => see("/sandbox/clock"),
        Err(e) => broken(&e),
    }
}

pub(super) async fn set(sandbox: web::Data<Sandbox>, request: HttpRequest, bytes: web::Bytes) -> HttpResponse {
    match body::<SetClock>(&request, &bytes) {
        Ok(SetClock { now }) => moved(&sandbox, Some(now)).await,
        Err(e) => plain_error(422, &format!("{e}; expected {{\"now\":\"2026-11-24T04:00:00+09:00\"}}")),
    }
}

pub(super) async fn reset(sandbox: web::Data<Sandbox>) -> HttpResponse {
    moved(&sandbox, None).await
}

async fn moved(sandbox: &Sandbox, now: Option<DateTime<Utc>>) -> HttpResponse {
    match move_to(sandbox, now).await {
        Ok(()) => answer(sandbox),
        Err(e) => broken(&e),
    }
}

async fn move_to(sandbox: &Sandbox, now: Option<DateTime<Utc>>) -> Result<()> {
    sandbox.clock.set(&sandbox.embedded, now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buttons_lead_to_kst_times() {
        let now: DateTime<Utc> = "2026-11-27T21:03:11+09:00".parse().unwrap();
        let by = |by: &str| target(now, &Move { by: Some(by.to_owned()), to: None }).map(kst_time).unwrap_or_default();
        let to = |to: &str| target(now, &Move { by: None, to: Some(to.to_owned()) }).map(kst_time).unwrap_or_default();
        for (button, _) in MOVES {
            assert!(!by(button).is_empty(), "{button}");
        }
        assert_eq!(by("five_minutes"), "2026-11-27 21:08:11 KST");
        assert_eq!(by("noon"), "2026-11-28 12:00:00 KST");
        assert_eq!(by("rollover"), "2026-11-28 04:00:00 KST");
        assert_eq!(to("2026-12-24T18:30"), "2026-12-24 18:30:00 KST");
        assert_eq!((by("nowhere"), to("tomorrow")), (String::new(), String::new()));
    }

    #[test]
    fn the_page_says_how_far_the_clock_was_moved() {
        assert_eq!(moved_by(Duration::minutes(2 * 1440 + 64)), "2 d 1 h 4 min ahead of");
        assert_eq!(moved_by(Duration::hours(-1)), "1 h behind");
        assert_eq!(moved_by(Duration::seconds(30)), "");
    }
}
