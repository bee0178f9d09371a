//! The actix application: middleware, routes, and how it starts and stops.

use std::{net::TcpListener, sync::Arc, time::Duration};

use actix_cors::Cors;
use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
    middleware::from_fn,
    web::{self, Bytes, Data},
};
use anyhow::Result;
use cheapbob_domain::{shared::Sampled, tasks::ports::JobRunner};
use cheapbob_listener::{Serving, answer, room_for_connections};
use cheapbob_wiring::{Product, Services, Switches};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use utoipa_actix_web::AppExt;

use crate::{
    access, admission, auth, context, error_page, limits, openapi, operators, orders::Hub, root::docs, routes::routes, state::App,
    stores::StoreTexts,
};

async fn unknown(request: HttpRequest) -> HttpResponse {
    access::no_route(request.match_pattern().as_deref())
}

fn cors(switches: &Switches) -> Cors {
    let mut cors = Cors::default()
        .supports_credentials()
        .allowed_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allowed_headers([header::CONTENT_TYPE, header::CACHE_CONTROL, header::HeaderName::from_static("idempotency-key")])
        .expose_headers([header::HeaderName::from_static("x-new-token")])
        // Others get their answer without CORS headers, which their browser then keeps from them.
        .block_on_origin_mismatch(false)
        .max_age(3600);
    for origin in [&switches.frontend_url, &switches.frontend_local_url].into_iter().flatten() {
        cors = cors.allowed_origin(origin);
    }
    cors
}

/// Requests under way may take so long to end, once the process stops.
const TO_END: Duration = Duration::from_secs(15);

/// Serves on `listener` until `stop`, then lets running requests end. `jobs` makes the runner that the sandbox asks, in each worker
/// thread.
///
/// # Errors
/// What the socket says.
pub async fn serve(
    product: Arc<Product>,
    jobs: fn(Services) -> Arc<dyn JobRunner>,
    listener: TcpListener,
    stop: CancellationToken,
) -> Result<()> {
    let workers = product.workers(std::thread::available_parallelism().map_or(2, Into::into));
    let serving = Serving { workers, connections: room_for_connections(), keep_alive: product.switches.keep_alive, to_end: TO_END };
    let document = Data::new(Bytes::from(serde_json::to_string(&openapi::document())?));
    let hub = Data::new(Hub::default());
    let _reader = AbortOnDropHandle::new(tokio::spawn(Hub::read(hub.clone().into_inner(), product.services.clone(), stop.clone())));
    let texts = Data::new(StoreTexts::default());
    let app = move || {
        let (services, connections) = product.worker(workers);
        let sandbox = product.sandbox(&connections, jobs(services.clone()));
        let switches = product.switches.clone();
        let app = Data::new(App { services, switches: switches.clone(), probes: connections.probes(), sampled: Sampled::default() });
        let (actix, _) = actix_web::App::new()
            .into_utoipa_app()
            .app_data(app)
            .app_data(Data::clone(&texts))
            .app_data(Data::clone(&hub))
            .configure(routes)
            .split_for_parts();
        actix
            .configure(operators::configure)
            .configure(|config| {
                if switches.api_docs {
                    config.app_data(Data::clone(&document)).service(openapi::json).configure(docs::configure);
                }
            })
            .configure(|config| {
                if let Some(mount) = sandbox {
                    mount(config);
                }
            })
            .default_service(web::to(unknown))
            .wrap(from_fn(limits::check))
            .wrap(from_fn(auth::check))
            .wrap(from_fn(error_page::show))
            .wrap(from_fn(admission::admit))
            .wrap(cors(&switches))
            .wrap(actix_web::middleware::Compress::default())
            .wrap(from_fn(context::around))
            .wrap(from_fn(answer))
    };
    Ok(cheapbob_listener::serve(app, listener, serving, stop).await?)
}
