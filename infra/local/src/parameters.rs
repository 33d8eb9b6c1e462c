//! What a local run gives for the template's parameters.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use badge_status::StatusKey;
use demo::{SECTIONS, SOURCE};
use domain::time::Millis;
use serde_json::json;
use settings::Settings;

use crate::keys::Keys;
use crate::wechat;

/// The host in badges' links. Nobody serves it: a scan goes to the gateway by its path.
pub const BADGE_HOST: &str = "b.homehail.cn";
/// The number of the one key that signs badges here.
const BADGE_KID: u8 = 1;
const DAY_MS: i64 = 86_400_000;

/// All that have no default, and those that a run chooses; `given` comes first.
pub(crate) fn local(
    grab_window: Duration,
    given: &BTreeMap<String, String>,
    keys: &Keys,
    stack: &str,
    wechat: &str,
    now_ms: i64,
) -> Result<BTreeMap<String, String>> {
    let window = grab_window.as_secs().to_string();
    let mut parameters: BTreeMap<String, String> = [
        ("GrabWindowSeconds", window),
        ("SessionPublicKeys", keys.session_public_keys()?),
        ("WeChatEndpoint", wechat.to_owned()),
        ("WeChatAppId", wechat::APP_ID.to_owned()),
        ("OfferQueuePrefix", format!("{stack}-offers-")),
        ("BadgeHost", BADGE_HOST.to_owned()),
        ("BadgePublicKeys", badge_public_keys(keys, now_ms)?),
        ("StatusPublicKeys", status_public_keys(keys)?),
        ("CreditSources", credit_sources(keys)?),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    parameters.extend(given.clone());
    Ok(parameters)
}

/// One key, in use since yesterday, so that every start finds it within its 180 days.
fn badge_public_keys(keys: &Keys, now_ms: i64) -> Result<String> {
    let key = json!({
        "kid": BADGE_KID,
        "x": keys.public_key("BadgeKey")?,
        "sign_from": Millis(now_ms - DAY_MS).to_rfc3339(),
        "verify_until": Millis(now_ms + 1_000 * DAY_MS).to_rfc3339(),
    });
    Ok(json!({ "keys": [key] }).to_string())
}

/// As `status-keys` prints it.
fn status_public_keys(keys: &Keys) -> Result<String> {
    let secret = keys.secret("StatusSigningKey");
    let settings = Settings::from_variables([("STATUS_SIGNING_KEY", secret.as_str())]);
    let key = settings.finish(StatusKey::new(&settings))?;
    Ok(json!({ "keys": [key.jwk()] }).to_string())
}

fn credit_sources(keys: &Keys) -> Result<String> {
    let source = json!({
        "source": SOURCE,
        "public_key": keys.public_key(SOURCE)?,
        "sections": SECTIONS,
    });
    Ok(json!([source]).to_string())
}
