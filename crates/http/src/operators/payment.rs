use actix_web::{HttpResponse, get, web::Data};
use askama::Template;
use cheapbob_domain::{
    operators::{PaymentView, WholePayment},
    orders::OrderStatus,
    shared::PaymentId,
};
use cheapbob_pages::page;

use super::{frame::Frame, words};
use crate::{error::Result, extract::PathId, operator_session::CurrentOperator, state::App};

#[derive(Template)]
#[template(path = "operators/payment.html")]
struct Page {
    frame: Frame,
    whole: WholePayment,
}

impl Page {
    fn view(&self) -> &PaymentView {
        &self.whole.view
    }

    /// Whether the order can still be canceled.
    fn is_open(&self) -> bool {
        self.whole.order.as_ref().is_some_and(|order| matches!(order.status, OrderStatus::Reservation | OrderStatus::Accept))
    }

    /// Whether money is on its way back.
    fn is_owed(&self) -> bool {
        self.view().refund.as_ref().is_some_and(|refund| refund.state != "succeeded")
    }
}

/// A payment: our row, PortOne's word now, and all that happened to it.
#[get("/operator/payments/{payment_id}")]
pub(super) async fn payment(app: Data<App>, operator: CurrentOperator, id: PathId<PaymentId>) -> Result<HttpResponse> {
    let whole = app.services.console.payment(&operator.by(), &id.0).await?;
    Ok(page(&Page { frame: Frame::of(&operator), whole }))
}
