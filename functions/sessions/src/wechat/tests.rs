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
    ])
}

fn wechat(endpoint: &str) -> WeChat {
    WeChat::new(&settings(endpoint))
}

#[tokio::test]
async fn a_code_is_exchanged_for_an_open_id() {
    let (address, asked) = stand_in(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 42\r\n\r\n\
         {\"openid\": \"o-1\", \"session_key\": \"k=====\"}",
    )
    .await;
    let open_id = wechat(&format!("{address}/"))
        .open_id("a code&x=1")
        .await
        .unwrap();
    assert_eq!(open_id, "o-1");
    assert_eq!(
        *asked.lock().unwrap(),
        "GET /sns/jscode2session?appid=wx1&secret=s%26cret&js_code=a%20code%26x%3D1\
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
        let error = open_id(Answer {
            openid: None,
            errcode: Some(errcode),
        })
        .unwrap_err();
        let problem = Problem::from(error);
        assert_eq!(
            (problem.status.as_u16(), problem.slug),
            (status, slug),
            "{errcode}"
        );
    }
    let ok = Answer {
        openid: Some("o".to_owned()),
        errcode: Some(0),
    };
    assert_eq!(open_id(ok).unwrap(), "o");
    let empty = Answer {
        openid: Some(String::new()),
        errcode: None,
    };
    assert!(matches!(open_id(empty), Err(ExchangeError::Unreachable(_))));
}

#[tokio::test]
async fn when_wechat_fails_nothing_secret_is_told() {
    let broken = [
        "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\noops",
        "HTTP/1.1 200 OK\r\ncontent-length: 400\r\nconnection: close\r\n\r\n{",
        "nonsense",
    ];
    let mut endpoints = vec!["http://127.0.0.1:1".to_owned(), "http://[".to_owned()];
    for answer in &broken[..2] {
        endpoints.push(stand_in(answer).await.0);
    }
    endpoints.push(stand_in(broken[3]).await.0);
    for endpoint in endpoints {
        let error = wechat(&endpoint).open_id("the-code").await.unwrap_err();
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
