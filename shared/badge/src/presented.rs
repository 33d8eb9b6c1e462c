//! What a scanner reads: a printed badge, or the code on a phone.

use domain::id::BadgeId;
use domain::time::Millis;
use settings::Settings;

use crate::{BadgeFields, PhoneCode, PhoneCodes, Verdict, Verifier, phone, token};

/// What a scanned text turns out to be, without reading a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// Not a badge of ours, or a phone's code that is too old.
    NotGenuine,
    /// A printed badge of ours whose last day is over.
    Expired(BadgeFields),
    /// A printed badge of ours.
    Printed(BadgeFields),
    /// The code on a worker's phone, shown just now.
    OnPhone(PhoneCode),
}

impl Presented {
    /// The badge, if it is one of ours.
    pub fn badge(&self) -> Option<&BadgeId> {
        match self {
            Self::NotGenuine => None,
            Self::Expired(fields) | Self::Printed(fields) => Some(&fields.badge),
            Self::OnPhone(code) => Some(&code.badge),
        }
    }
}

/// Verifies printed badges and phones' codes of one host.
#[derive(Debug)]
pub struct Checker {
    host: String,
    verifier: Verifier,
    codes: PhoneCodes,
}

impl Checker {
    pub fn new(settings: &Settings) -> Self {
        Self {
            host: settings.text("BADGE_HOST"),
            verifier: Verifier::new(settings),
            codes: PhoneCodes::new(settings),
        }
    }

    /// Takes the digits of a token or a phone's code, or a whole link that ends in them. A link to another host is not
    /// genuine, whatever it ends in.
    pub fn check(&self, text: &str, now: Millis) -> Presented {
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(digits) = self.behind(token::PATH, text) {
            return self.token(digits, now);
        }
        if let Some(digits) = self.behind(phone::PATH, text) {
            return self.code(digits, now);
        }
        match text.len() {
            crate::TOKEN_DIGITS if is_digits => self.token(text, now),
            crate::CODE_DIGITS if is_digits => self.code(text, now),
            _ => Presented::NotGenuine,
        }
    }

    /// Takes the digits of a printed token.
    pub fn token(&self, digits: &str, now: Millis) -> Presented {
        match self.verifier.verify(digits, now) {
            Verdict::NotGenuine => Presented::NotGenuine,
            Verdict::Expired(fields) => Presented::Expired(fields),
            Verdict::Genuine(fields) => Presented::Printed(fields),
        }
    }

    /// Takes the digits of a phone's code.
    pub fn code(&self, digits: &str, now: Millis) -> Presented {
        let code = self.codes.verify(digits, now);
        code.map_or(Presented::NotGenuine, Presented::OnPhone)
    }

    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    fn behind<'a>(&self, path: &str, text: &'a str) -> Option<&'a str> {
        let rest = text.strip_prefix("https://")?;
        rest.strip_prefix(self.host.as_str())?.strip_prefix(path)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::Token;

    const NOW: Millis = Millis(1_800_014_400_000);
    const HOST: &str = "b.homehail.cn";

    fn checker(pair: &Ed25519KeyPair) -> Checker {
        let keys = serde_json::json!({ "keys": [{
            "kid": 1,
            "x": URL_SAFE_NO_PAD.encode(pair.public_key()),
            "sign_from": "2027-01-01T00:00:00Z",
            "verify_until": "2028-01-01T00:00:00Z",
        }]});
        let settings = Settings::from_variables([
            ("BADGE_HOST", HOST),
            ("BADGE_PUBLIC_KEYS", &keys.to_string()),
            ("BADGE_CODE_KEY", "a secret"),
        ]);
        settings.finish(Checker::new(&settings)).unwrap()
    }

    #[test]
    fn printed_and_on_the_phone_as_digits_or_as_a_link() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
        let checker = checker(&pair);
        let fields = BadgeFields {
            kid: 1,
            badge: BadgeId::from_bytes(&[1; 8]),
            index: 5,
            expires_day: 20_900,
        };
        let signature = pair.sign(&fields.signing_bytes());
        let token = Token::assemble(fields.clone(), signature.as_ref().try_into().unwrap());
        let code = checker.codes.key_of(&fields.badge).code(&fields.badge, NOW);
        let printed = Presented::Printed(fields.clone());
        assert_eq!(checker.check(&token.digits(), NOW), printed);
        assert_eq!(checker.check(&token.url(HOST), NOW), printed);
        assert_eq!(printed.badge(), Some(&fields.badge));
        for text in [code.clone(), phone::url(HOST, &code)] {
            let shown = checker.check(&text, NOW);
            assert!(matches!(&shown, Presented::OnPhone(code) if code.badge == fields.badge));
            assert_eq!(shown.badge(), Some(&fields.badge));
        }
        let late = fields.expires_at();
        assert_eq!(
            checker.check(&token.digits(), late),
            Presented::Expired(fields)
        );

        for foreign in [
            token.url("b.homehail.com"),
            token.url("evil.cn/b.homehail.cn"),
            token.url("b.homehail.cn.evil.cn"),
            token.url(HOST).replace("https", "http"),
            token.url(HOST).replace("/b/", "/p/"),
            format!("{}?", token.url(HOST)),
            format!("{} ", token.digits()),
            phone::url("b.homehail.com", &code),
            phone::url(HOST, &code).replace("/p/", "/b/"),
            String::new(),
            "https://b.homehail.cn/b/".to_owned(),
        ] {
            assert_eq!(checker.check(&foreign, NOW), Presented::NotGenuine);
        }
        assert_eq!(Presented::NotGenuine.badge(), None);
    }
}
