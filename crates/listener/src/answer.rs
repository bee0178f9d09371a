//! An answer on its way out.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_web::{
    Error, HttpRequest,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web::Bytes,
};
use tokio::task::yield_now;

use crate::connection::{Connection, PIECE};

/// The outermost middleware: tells the connection of each request, and gives its answer away in pieces.
///
/// # Errors
/// Those of `next`.
pub async fn answer(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(connection) = connection(request.request()) else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let under_way = UnderWay::new(connection);
    let response = next.call(request).await?;
    // Who refuses without reading the body would have actix close the connection. Now it reads what came with the head.
    if response.status().is_client_error() {
        yield_now().await;
    }
    Ok(response.map_body(|head, body| {
        let is_endless = head.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        BoxBody::new(Pieces { body: body.boxed(), is_endless, under_way })
    }))
}

fn connection(request: &HttpRequest) -> Option<Rc<Connection>> {
    request.conn_data::<Rc<Connection>>().map(Rc::clone)
}

/// A request, from its head to the end of its answer, or to where it is given up.
struct UnderWay(Rc<Connection>);

impl UnderWay {
    fn new(connection: Rc<Connection>) -> Self {
        connection.begin();
        Self(connection)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.forget();
        self.0.end();
    }
}

/// actix copies whatever a body gives at once: of a large one each reader would have a copy, also those who do not read.
struct Pieces {
    body: BoxBody,
    /// It goes on for as long as somebody is there: nothing else would tell that nobody is.
    is_endless: bool,
    under_way: UnderWay,
}

impl MessageBody for Pieces {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        loop {
            if self.under_way.0.is_cut() {
                return Poll::Ready(Some(Err(Box::new(io::Error::from(io::ErrorKind::TimedOut)))));
            }
            if self.is_endless && self.under_way.0.has_left() {
                return Poll::Ready(None);
            }
            if let Some(piece) = self.under_way.0.piece() {
                return Poll::Ready(Some(Ok(piece)));
            }
            match ready!(Pin::new(&mut self.body).poll_next(cx)) {
                Some(Ok(bytes)) if bytes.len() > PIECE => self.under_way.0.keep(bytes),
                other => return Poll::Ready(other),
            }
        }
    }
}
