//! Pages for people.

use actix_web::{HttpResponse, http::header};

/// Text into HTML.
pub(in crate::sandbox) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const STYLE: &str = "body{font:16px/1.6 system-ui,sans-serif;background:#f6f5f1;color:#222;margin:0;padding:32px 16px}\
main{max-width:760px;margin:0 auto;background:#fff;border-radius:14px;padding:28px 32px;box-shadow:0 1px 4px #0001}\
h1{font-size:24px;margin:0 0 12px}label{display:block;margin:14px 0 4px;color:#555}\
input,select{font:inherit;padding:8px 10px;border:1px solid #ccc;border-radius:8px;width:100%;box-sizing:border-box}\
button{font:inherit;margin:16px 8px 0 0;padding:10px 18px;border:0;border-radius:8px;background:#e8590c;color:#fff;cursor:pointer}\
button.quiet{background:#868e96}table{border-collapse:collapse;width:100%;font-size:14px}td,th{text-align:left;padding:6px 10px 6px 0;\
border-bottom:1px solid #eee;vertical-align:top}a{color:#d9480f}code{background:#f1f3f5;padding:1px 5px;border-radius:4px}\
.bar{max-width:760px;margin:0 auto 12px;color:#868e96;font-size:14px}";

/// A page of the sandbox.
pub(in crate::sandbox) fn page(title: &str, body: &str) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8")).body(format!(
        "<!doctype html><html lang=\"ko\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} – CheapBob sandbox</title><style>{STYLE}</style>\
         <p class=\"bar\"><a href=\"/\">CheapBob</a> · <a href=\"/sandbox\">sandbox</a> · development only</p>\
         <main><h1>{title}</h1>{body}</main></html>"
    ))
}
