//! The second factor: enrolled at the first login, asked for at each.

use actix_web::{HttpResponse, ResponseError, cookie::SameSite, get, http::header, post, web::Data};
use askama::Template;
use cheapbob_domain::{
    operators::{Enrolment, NewOperatorSession},
    shared::{Error, ErrorKind, Result as DomainResult},
};
use cheapbob_pages::page;
use qrcode::{QrCode, render::svg};
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::form::Posted;
use crate::{
    error::{ApiError, Result},
    operator_session::{self, CurrentOperator},
    state::App,
};

#[derive(Template)]
#[template(path = "operators/code.html")]
struct Page {
    form_token: String,
    email: String,
    enrolment: Option<Shown>,
    wrong: Option<&'static str>,
}

/// What an app that is being enrolled has to know, for eyes and cameras.
struct Shown {
    picture: String,
    secret: String,
}

#[derive(Template)]
#[template(path = "operators/recovery_codes.html")]
struct Codes {
    codes: Vec<String>,
}

#[derive(Deserialize)]
struct Typed {
    code: String,
}

/// Asks for a code, and shows what an app needs to make some where none is enrolled.
#[get("/operator/code")]
pub(super) async fn show(app: Data<App>, operator: CurrentOperator) -> Result<HttpResponse> {
    if operator.session.is_confirmed {
        return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, "/operator")).finish());
    }
    asked(&app, &operator, None).await
}

/// The code of an app. The first one enrols it.
#[post("/operator/code")]
pub(super) async fn confirm(app: Data<App>, operator: CurrentOperator, form: Posted<Typed>) -> Result<HttpResponse> {
    let sign_in = &app.services.operator_sign_in;
    if operator.session.operator.is_enrolled {
        let confirmed = sign_in.confirm_by_code(&operator.token, &operator.by(), &form.0.code).await;
        return answer(&app, &operator, confirmed).await;
    }
    match sign_in.enrol(&operator.token, &operator.by(), &form.0.code).await {
        Ok((session, codes)) => {
            let mut response = page(&Codes { codes });
            // Fails only for a name that is no cookie name.
            let _ = response.add_cookie(&operator_session::cookie(&app, &session, SameSite::Strict));
            Ok(response)
        }
        Err(error) => answer(&app, &operator, Err(error)).await,
    }
}

/// A recovery code, for when the app is lost.
#[post("/operator/recovery")]
pub(super) async fn recover(app: Data<App>, operator: CurrentOperator, form: Posted<Typed>) -> Result<HttpResponse> {
    let confirmed = app.services.operator_sign_in.confirm_by_recovery_code(&operator.token, &operator.by(), &form.0.code).await;
    answer(&app, &operator, confirmed).await
}

/// In, or asked again.
async fn answer(app: &App, operator: &CurrentOperator, confirmed: DomainResult<NewOperatorSession>) -> Result<HttpResponse> {
    match confirmed {
        Ok(session) => {
            tracing::info!(role = operator.session.operator.role.as_str(), "an operator logged in");
            let cookie = operator_session::cookie(app, &session, SameSite::Strict);
            Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, "/operator")).cookie(cookie).finish())
        }
        Err(error) if error.kind() == ErrorKind::Refused => asked(app, operator, Some(error.into())).await,
        Err(error) => Err(error.into()),
    }
}

async fn asked(app: &App, operator: &CurrentOperator, wrong: Option<ApiError>) -> Result<HttpResponse> {
    let enrolment = app.services.operator_sign_in.enrolment(&operator.session.operator).await?;
    let mut response = page(&Page {
        form_token: operator.form_token(),
        email: operator.session.operator.email.to_string(),
        enrolment: enrolment.map(|enrolment| shown(&enrolment)).transpose()?,
        wrong: wrong.as_ref().map(ApiError::sentence),
    });
    if let Some(wrong) = wrong {
        *response.status_mut() = wrong.status_code();
    }
    Ok(response)
}

fn shown(enrolment: &Enrolment) -> Result<Shown> {
    let code = QrCode::new(enrolment.address.expose_secret()).map_err(Error::internal)?;
    let picture = code.render::<svg::Color<'_>>().min_dimensions(220, 220).build();
    // Of an XML file; inside of a page it is an element.
    let picture = picture.find("<svg").and_then(|at| picture.get(at..)).unwrap_or_default().to_owned();
    let secret = enrolment.secret.expose_secret();
    let groups: Vec<&str> = (0..secret.len()).step_by(4).filter_map(|at| secret.get(at..(at + 4).min(secret.len()))).collect();
    Ok(Shown { picture, secret: groups.join(" ") })
}
