//! Reads every log line of the whole run and finds what must not be in one: ID numbers, phones, tokens, secrets, names,
//! addresses.
//!
//! The functions of all tests log in this process. What they write goes through [`Watch`] instead of to standard error;
//! a [`crate::world::World`] that ends asks whether anything was found.

use std::collections::HashSet;
use std::io;
use std::sync::{LazyLock, Mutex, Once, PoisonError};

use domain::check::{IdNumber, MobilePhone};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Text that looks like a token counts as one from so many characters on.
const TOKEN: usize = 40;

static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());
static SECRETS: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Takes one line at a time and keeps none.
#[derive(Clone, Copy, Debug)]
pub struct Watch;

impl io::Write for Watch {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if let Some(what) = forbidden(&text) {
            let finding = format!("{what} in a log line: {text}");
            lock(&FOUND).push(finding);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Watch {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

/// Lives as long as a platform; when dropped, it fails the test if any line held what it must not.
#[derive(Debug)]
pub struct Watched;

impl Drop for Watched {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // Taken, so that one line fails one test and not all that end after it.
            let found = std::mem::take(&mut *lock(&FOUND));
            assert!(found.is_empty(), "{}", found.join("\n"));
        }
    }
}

pub fn begin() -> Watched {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let started = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_env_filter(EnvFilter::new("info"))
            .with_writer(Watch)
            .try_init();
        assert!(started.is_ok(), "somebody else takes the log lines");
    });
    Watched
}

/// Declares secrets: from now on no log line may hold these words.
pub fn keep_secret(words: &str) {
    if words.chars().count() >= 2 {
        lock(&SECRETS).insert(words.to_owned());
    }
}

/// What this text holds that no log and no stranger may see: recognised by its form, or declared a secret.
pub fn forbidden(text: &str) -> Option<&'static str> {
    let words = || text.split(|c: char| !c.is_alphanumeric());
    if words().any(|word| word.len() == 18 && word.parse::<IdNumber>().is_ok()) {
        return Some("an ID number");
    }
    if words().any(|word| word.parse::<MobilePhone>().is_ok()) {
        return Some("a phone");
    }
    let is_token = |word: &str| {
        word.len() > TOKEN && (word.starts_with("eyJ") || word.bytes().all(|b| b.is_ascii_digit()))
    };
    if words().any(is_token) {
        return Some("a token");
    }
    let secrets = lock(&SECRETS);
    let is_there = secrets.iter().any(|secret| holds(text, secret));
    is_there.then_some("a secret, a name or an address")
}

/// Whether the text holds the secret. A number counts only by itself, not as some digits of a longer one, nor as those behind
/// its point: every line has the microseconds of its moment, which are as long as a code to a phone.
fn holds(text: &str, secret: &str) -> bool {
    let is_number = secret.bytes().all(|b| b.is_ascii_digit());
    text.match_indices(secret).any(|(at, _)| {
        let is_digit = |b: Option<&u8>| b.is_some_and(u8::is_ascii_digit);
        let text = text.as_bytes();
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        let is_part = is_digit(before) || before == Some(&b'.');
        !is_number || !(is_part || is_digit(text.get(at + secret.len())))
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn what_must_not_be_logged_is_recognised() {
    for text in [
        r#"{"message":"worker 11010519491231002X"}"#,
        r#"{"message":"call 13912345678"}"#,
        r#"{"token":"eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImEifQ.e30.x"}"#,
        &format!("GET /b/{}", "7".repeat(193)),
    ] {
        assert!(forbidden(text).is_some(), "{text}");
    }
    for text in [
        r#"{"order.id":"ord_013912345678xyzxyzxyzxyzxy","at":1800000000000}"#,
        r#"{"message":"an order was placed","duration_ms":13912345}"#,
    ] {
        assert_eq!(forbidden(text), None, "{text}");
    }
    keep_secret("尹秘密");
    assert!(forbidden("of 尹秘密 there").is_some());
    keep_secret("25100000002");
    assert!(forbidden(r#"{"to":"+25100000002"}"#).is_some());
    assert_eq!(forbidden(r#"{"id":"995925100000002"}"#), None);
}
