//! The frame of the pages.

/// A page in the product's clothes.
pub(crate) fn page(title: &str, body: &str) -> actix_web::HttpResponse {
    const STYLE: &str = "body{font:16px/1.65 system-ui,sans-serif;background:#f6f5f1;color:#222;margin:0;padding:40px 16px}\
main{max-width:760px;margin:0 auto;background:#fff;border-radius:14px;padding:28px 32px;box-shadow:0 1px 4px #0001}\
h1{font-size:26px;margin:0 0 8px}h2{font-size:18px;margin:28px 0 6px}a{color:#d9480f}\
code,pre{background:#f1f3f5;border-radius:6px;padding:1px 5px}pre{padding:12px 14px;overflow-x:auto}\
.go{display:inline-block;margin:6px 10px 6px 0;padding:9px 16px;border-radius:8px;background:#e8590c;color:#fff;text-decoration:none}\
table{border-collapse:collapse}td{padding:4px 18px 4px 0;vertical-align:top}";
    actix_web::HttpResponse::Ok().insert_header(("content-type", "text/html; charset=utf-8")).body(format!(
        "<!doctype html><html lang=\"ko\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><main><h1>{title}</h1>{body}</main></html>"
    ))
}
