//! A worker's badge (诚信服务卡), pure: no AWS, no clock, no I/O.
//!
//! - [`token`]: what a printed badge carries, 80 bytes signed with Ed25519, as 193 decimal digits.
//! - [`verifier`]: the public keys, and whether a token is genuine and not expired.
//! - [`phone`]: the code on a worker's phone, which changes every 30 seconds.
//! - [`presented`]: a token, a phone's code, or a link to either, as a scanner reads it.
//! - [`qr`]: links as QR codes; [`card`]: the card that is printed and worn.
//!
//! A token holds no personal data, and nothing in it chooses how it is verified: the algorithm belongs to the
//! key, and the key to the server. The tables are read only for what passes here: whether the badge is revoked, and
//! its worker and her agency still approved.

pub mod card;
mod decimal;
pub mod phone;
pub mod presented;
pub mod qr;
pub mod token;
pub mod verifier;

pub use card::{CardData, Photo, card_svg};
pub use phone::{CODE_DIGITS, CodeKey, PhoneCode, PhoneCodes};
pub use presented::{Checker, Presented};
pub use qr::{QrPath, TooLong, qr_path, qr_png, qr_svg};
pub use token::{BadgeFields, TOKEN_DIGITS, Token, VERSION};
pub use verifier::{NotKeys, PublicKey, Verdict, Verifier};
