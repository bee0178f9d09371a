//! Forms of the console's own pages.

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, web};
use cheapbob_domain::operators::error;
use futures::future::LocalBoxFuture;
use serde::de::DeserializeOwned;

use crate::{body, error::ApiError, operator_session::CurrentOperator, refusals::INVALID};

/// No form of ours comes near this size.
const LARGEST: usize = 16 << 10;

/// A form that a page of this session has sent: another page knows no session's token.
pub(super) struct Posted<T>(pub(super) T);

impl<T: DeserializeOwned + 'static> FromRequest for Posted<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let operator = request.extensions().get::<CurrentOperator>().cloned();
        let payload = web::Payload::from_request(request, payload);
        Box::pin(async move {
            let form = body::collect(payload.await.map_err(|_| INVALID)?, LARGEST).await?;
            let sent = url::form_urlencoded::parse(&form).find(|(name, _)| name == "form_token").map(|(_, value)| value.into_owned());
            if operator.is_none_or(|operator| sent != Some(operator.form_token())) {
                return Err(error::FOREIGN_FORM.into());
            }
            serde_html_form::from_bytes(&form).map(Self).map_err(|_| INVALID.into())
        })
    }
}
