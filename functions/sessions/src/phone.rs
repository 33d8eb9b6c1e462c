//! WeChat's `getuserphonenumber`: exchanges a worker's code for her phone number.

use domain::check::MobilePhone;
use domain::time::Millis;
use serde::Deserialize;
use serde_json::json;

use crate::access::AccessToken;
use crate::wechat::{ExchangeError, WeChat};

const CHINA: &str = "86";

/// Exchanges codes for phone numbers, and keeps the access token that this takes.
#[derive(Debug, Default)]
pub struct PhoneNumbers(AccessToken);

#[derive(Deserialize)]
struct PhoneAnswer {
    phone_info: Option<PhoneInfo>,
}

#[derive(Deserialize)]
struct PhoneInfo {
    #[serde(rename = "purePhoneNumber")]
    pure_phone_number: String,
    #[serde(rename = "countryCode")]
    country_code: String,
}

impl PhoneNumbers {
    /// The phone number behind `code`; `None` if it is not a Chinese mobile phone. No error names the token, the
    /// secret or the code.
    pub async fn exchange(
        &self,
        wechat: &WeChat,
        code: &str,
        now: Millis,
    ) -> Result<Option<MobilePhone>, ExchangeError> {
        let (path, body) = ("/wxa/business/getuserphonenumber?", json!({ "code": code }));
        let answer: PhoneAnswer = self.0.ask(wechat, path, Some(&body), now).await?;
        let info = answer.phone_info;
        let info = info.ok_or(ExchangeError::Unreachable("its answer has no phone"))?;
        let is_chinese = info.country_code == CHINA;
        let phone = info.pure_phone_number.parse().ok();
        Ok(phone.filter(|_| is_chinese))
    }
}

#[cfg(test)]
mod tests;
