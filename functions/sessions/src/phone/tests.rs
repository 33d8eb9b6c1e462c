use std::sync::{Arc, Mutex};
use std::time::Duration;

use settings::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::access::SPARE;

const NOW: Millis = Millis(1_800_000_000_000);
const TOKEN: &str = r#"{"access_token":"a/b","expires_in":7200}"#;
const PHONE: &str =
    r#"{"errcode":0,"phone_info":{"purePhoneNumber":"13912345678","countryCode":"86"}}"#;

/// Gives one of these bodies to every request, in their order, and keeps what was asked.
async fn stand_in(bodies: &[&'static str]) -> (WeChat, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (seen, bodies) = (Arc::clone(&asked), bodies.to_vec());
    tokio::spawn(async move {
        for body in bodies {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = String::new();
            let mut buffer = vec![0; 4096];
            // Head and body may come one after the other.
            while !text.contains('}') {
                let length = stream.read(&mut buffer).await.unwrap();
                text.push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
            seen.lock().unwrap().push(text);
            let head = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.unwrap();
        }
    });
    let settings = Settings::from_variables([
        ("WECHAT_ENDPOINT", endpoint.as_str()),
        ("WECHAT_APP_ID", "wx1"),
        ("WECHAT_SECRET", "s3cret"),
    ]);
    (WeChat::new(&settings), asked)
}

#[tokio::test]
async fn a_code_is_exchanged_for_a_phone_and_the_token_is_kept() {
    let (wechat, asked) = stand_in(&[TOKEN, PHONE, PHONE, TOKEN, PHONE]).await;
    let numbers = PhoneNumbers::default();
    let later = NOW + Duration::from_secs(7_200) - SPARE;
    for now in [NOW, NOW + Duration::from_secs(60), later] {
        let phone = numbers
            .exchange(&wechat, "c0de", now)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(phone.as_str(), "13912345678");
    }
    let asked = asked.lock().unwrap();
    let lines: Vec<&str> = asked
        .iter()
        .filter_map(|text| text.lines().next())
        .collect();
    let token = "POST /cgi-bin/stable_token HTTP/1.1";
    let phone = "POST /wxa/business/getuserphonenumber?access_token=a%2Fb HTTP/1.1";
    assert_eq!(lines, [token, phone, phone, token, phone]);
    assert!(asked[0].contains(r#""secret":"s3cret""#) && asked[1].contains(r#"{"code":"c0de"}"#));
}

#[tokio::test]
async fn a_token_that_is_refused_is_asked_for_anew_once() {
    let refused = r#"{"errcode":40001,"errmsg":"invalid credential"}"#;
    let (wechat, _) = stand_in(&[TOKEN, refused, TOKEN, PHONE]).await;
    let numbers = PhoneNumbers::default();
    assert!(numbers.exchange(&wechat, "c", NOW).await.unwrap().is_some());

    let (wechat, _) = stand_in(&[TOKEN, refused, TOKEN, refused]).await;
    let error = PhoneNumbers::default()
        .exchange(&wechat, "c", NOW)
        .await
        .unwrap_err();
    assert!(matches!(error, ExchangeError::Refused(40001)), "{error}");
}

#[tokio::test]
async fn what_is_no_phone_of_a_worker_gives_none() {
    let foreign =
        r#"{"errcode":0,"phone_info":{"purePhoneNumber":"13912345678","countryCode":"1"}}"#;
    let short = r#"{"errcode":0,"phone_info":{"purePhoneNumber":"1","countryCode":"86"}}"#;
    for body in [foreign, short] {
        let (wechat, _) = stand_in(&[TOKEN, body]).await;
        let numbers = PhoneNumbers::default();
        assert!(numbers.exchange(&wechat, "c", NOW).await.unwrap().is_none());
    }
    let (wechat, _) = stand_in(&[TOKEN, r#"{"errcode":40029}"#]).await;
    let error = PhoneNumbers::default()
        .exchange(&wechat, "c", NOW)
        .await
        .unwrap_err();
    assert!(matches!(error, ExchangeError::BadCode));
    let (wechat, _) = stand_in(&[r#"{"errcode":40125,"errmsg":"s3cret is wrong"}"#]).await;
    let error = PhoneNumbers::default()
        .exchange(&wechat, "c", NOW)
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "WeChat answers errcode 40125");
}
