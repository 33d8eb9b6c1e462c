//! The values of the template's parameters in a local run.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use badge_status::StatusKey;
use demo::{SECTIONS, SOURCE};
use domain::time::Millis;
use serde_json::json;
use settings::Settings;

use crate::keys::Keys;
use crate::{sms, wechat};

/// The host in badges' links. Nobody serves it: the gateway answers a scan by its path.
pub const BADGE_HOST: &str = "b.homehail.cn";
const BADGE_KID: u8 = 1;
const DAY_MS: i64 = 86_400_000;

/// The parameters that have no default or differ here. Those in `given` replace them.
pub(crate) fn for_run(
    grab_window: Duration,
    given: &BTreeMap<String, String>,
    keys: &Keys,
    stack: &str,
    stand_in: &str,
    base_url: &str,
    now_ms: i64,
) -> Result<BTreeMap<String, String>> {
    let window = grab_window.as_secs().to_string();
    let mut parameters: BTreeMap<String, String> = [
        ("GrabWindowSeconds", window),
        ("SessionPublicKeys", session_public_keys(keys)?),
        ("WeChatEndpoint", stand_in.to_owned()),
        ("WeChatAppId", wechat::APP_ID.to_owned()),
        ("OfficialAccountAppId", wechat::OFFICIAL_ACCOUNT.to_owned()),
        ("SmsEndpoint", format!("{stand_in}{}", sms::PATH)),
        ("WebHost", base_url.trim_start_matches("http://").to_owned()),
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

fn session_public_keys(keys: &Keys) -> Result<String> {
    let x = keys.public_key("SessionKey")?;
    let key = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "1", "x": x });
    Ok(json!({ "keys": [key] }).to_string())
}

/// One key, in use since yesterday: at every start it is within the 180 days in which it may sign.
fn badge_public_keys(keys: &Keys, now_ms: i64) -> Result<String> {
    let key = json!({
        "kid": BADGE_KID,
        "x": keys.public_key("BadgeKey")?,
        "sign_from": Millis(now_ms - DAY_MS).to_rfc3339(),
        "verify_until": Millis(now_ms + 1_000 * DAY_MS).to_rfc3339(),
    });
    Ok(json!({ "keys": [key] }).to_string())
}

/// In the form that the tool `status-keys` prints.
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
