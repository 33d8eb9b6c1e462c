use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Answers every connection with `answer` and keeps the first line that it was sent.
async fn stand_in(answer: &'static str) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 4096];
            let length = stream.read(&mut buffer).await.unwrap();
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            *seen.lock().unwrap() = text.lines().next().unwrap_or_default().to_owned();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, asked)
}

fn settings(endpoint: &str) -> Settings {
    Settings::from_variables([
        ("WECHAT_ENDPOINT", endpoint),
        ("WECHAT_APP_ID", "wx1"),
        ("WECHAT_SECRET", "s&cret"),
        ("OFFICIAL_ACCOUNT_APP_ID", "wx2"),
        ("OFFICIAL_ACCOUNT_SECRET", "0fficial"),
    ])
}

fn wechat(endpoint: &str) -> WeChat {
    WeChat::new(&settings(endpoint))
}

#[tokio::test]
async fn a_code_is_exchanged_for_who_it_is_by_either_app() {
    let (address, asked) = stand_in(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 58\r\n\r\n\
         {\"openid\": \"o-1\", \"session_key\": \"k=====\", \"unionid\": \"u\"}",
    )
    .await;
    let user = Identity {
        openid: "o-1".to_owned(),
        unionid: Some("u".to_owned()),
    };
    let mini_program = wechat(&format!("{address}/"));
    let found = mini_program.mini_program_user("a code&x=1").await.unwrap();
    assert_eq!(found, user);
    assert_eq!(
        *asked.lock().unwrap(),
        "GET /sns/jscode2session?appid=wx1&secret=s%26cret&js_code=a%20code%26x%3D1\
         &grant_type=authorization%5Fcode HTTP/1.1"
    );
    let account = WeChat::official_account(&settings(&address)).unwrap();
    let found = account.official_account_user("c").await.unwrap();
    assert_eq!(found, user);
    assert_eq!(
        *asked.lock().unwrap(),
        "GET /sns/oauth2/access_token?appid=wx2&secret=0fficial&code=c\
         &grant_type=authorization%5Fcode HTTP/1.1"
    );
}

#[test]
fn error_codes_become_problems() {
    let cases = [
        (40029, 401, "bad-credentials"),
        (40163, 401, "bad-credentials"),
        (45011, 429, "rate-limited"),
        (40226, 403, "forbidden"),
        (-1, 503, "unavailable"),
        (40125, 503, "unavailable"),
    ];
    for (errcode, status, slug) in cases {
        let answer = serde_json::json!({ "errcode": errcode, "errmsg": "no" });
        let answer: Answer<Identity> = serde_json::from_value(answer).unwrap();
        let problem = Problem::from(answer.content().unwrap_err());
        assert_eq!(
            (problem.status.as_u16(), problem.slug),
            (status, slug),
            "{errcode}"
        );
    }
}

#[tokio::test]
async fn when_wechat_fails_nothing_secret_is_told() {
    let broken = [
        "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\noops",
        "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"openid\":\"\"}",
        "HTTP/1.1 200 OK\r\ncontent-length: 400\r\nconnection: close\r\n\r\n{",
        "nonsense",
    ];
    let mut endpoints = vec!["http://127.0.0.1:1".to_owned(), "http://[".to_owned()];
    for answer in &broken[..3] {
        endpoints.push(stand_in(answer).await.0);
    }
    endpoints.push(stand_in(broken[4]).await.0);
    for endpoint in endpoints {
        let error = wechat(&endpoint)
            .mini_program_user("the-code")
            .await
            .unwrap_err();
        let words = error.to_string();
        assert!(matches!(error, ExchangeError::Unreachable(_)), "{words}");
        assert!(
            !words.contains("cret") && !words.contains("the-code"),
            "{words}"
        );
        assert_eq!(Problem::from(error).slug, "unavailable");
    }
}

#[test]
fn an_endpoint_is_http_or_https() {
    for (endpoint, is_one) in [
        ("https://x", true),
        ("http://x", true),
        ("ftp://x", false),
        ("", false),
    ] {
        let settings = settings(endpoint);
        let made = settings.finish(WeChat::new(&settings));
        assert_eq!(made.is_ok(), is_one, "{endpoint}");
    }
}
