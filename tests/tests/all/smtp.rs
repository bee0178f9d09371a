//! The mail adapter against a mail server in process.

use cheapbob_adapters_smtp::{Smtp, SmtpSettings};
use cheapbob_domain::shared::{
    ErrorKind,
    mail::{Mail, Mailer},
};
use cheapbob_test_support::{MailSink, SinkTls};

fn mail(to: &str) -> Mail {
    Mail {
        to: to.to_owned(),
        subject: "[CheapBob] 주문이 접수되었습니다".into(),
        text: "안녕하세요\n.점\n".into(),
        html: "<p>안녕하세요".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_arrives_whole_however_the_line_is_kept_private() {
    for tls in [SinkTls::StartTls, SinkTls::Implicit, SinkTls::None] {
        let sink = MailSink::start(tls).await;
        let smtp = Smtp::new(&sink.settings(tls)).unwrap();
        smtp.send("placed-PAY1", &mail("a@test.example")).await.unwrap();
        let [mail] = &sink.mails()[..] else { panic!("one mail with {tls:?}") };
        for part in [
            "Message-ID: <placed-PAY1@cheapbob.example>",
            "From: CheapBob <no-reply@cheapbob.example>",
            "To: a@test.example",
            "Subject: [CheapBob] =?utf-8?b?",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
        ] {
            assert!(mail.contains(part), "{part} with {tls:?} in {mail}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_refuses_is_no_outage_and_what_it_puts_off_is() {
    let sink = MailSink::start(SinkTls::None).await;
    let smtp = Smtp::new(&sink.settings(SinkTls::None)).unwrap();
    let kind = async |to: &str| smtp.send("m", &mail(to)).await.unwrap_err().kind();
    assert_eq!(kind("reject@test.example").await, ErrorKind::Internal);
    assert_eq!(kind("later@test.example").await, ErrorKind::Unavailable);
    assert_eq!(kind("no address").await, ErrorKind::Internal);
    assert!(sink.mails().is_empty());
    drop(sink);
    // Its pooled connection is gone as well.
    assert_eq!(kind("a@test.example").await, ErrorKind::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_prove_its_name_gets_no_password() {
    for tls in [SinkTls::StartTls, SinkTls::Implicit] {
        let sink = MailSink::start(tls).await;
        let untrusted = SmtpSettings { root_certificate: None, ..sink.settings(tls) };
        let error = Smtp::new(&untrusted).unwrap().send("m", &mail("a@test.example")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{tls:?}: {error}");
        let other_name = SmtpSettings { host: "127.0.0.1".into(), ..sink.settings(tls) };
        assert!(Smtp::new(&other_name).unwrap().send("m", &mail("a@test.example")).await.is_err());
        assert!(sink.mails().is_empty());
    }
    // A server without STARTTLS where it is required.
    let plain = MailSink::start(SinkTls::None).await;
    let required = plain.settings(SinkTls::StartTls);
    assert!(Smtp::new(&required).unwrap().send("m", &mail("a@test.example")).await.is_err());
    assert!(plain.mails().is_empty());
}
