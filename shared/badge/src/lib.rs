//! A worker's badge (诚信服务卡), pure: no AWS, no clock, no I/O.
//!
//! - [`token`]: what a printed badge carries, 80 bytes signed with Ed25519, as 193 decimal digits.
//! - [`verifier`]: the public keys, and what a token turns out to be at a moment.
//! - [`phone`]: the code on a worker's phone, which is another one every 30 seconds.
//! - [`presented`]: either of the two, or a link that holds one, as it comes from a scanner.
//! - [`qr`]: links as QR codes; [`card`]: the card that is printed and worn.
//!
//! A token holds no personal data, and nothing in it chooses how it is verified: the algorithm belongs to the
//! key, and the key to the server. Whether the badge is still good, its worker approved, its agency too, is
//! asked of the tables after all of this has passed, and before that nothing is asked of them.

pub mod card;
mod decimal;
pub mod phone;
pub mod presented;
pub mod qr;
pub mod token;
pub mod verifier;

pub use card::{CardData, Photo, card_svg};
pub use phone::{CODE_DIGITS, CODE_KEY_LABEL, CodeKey, PhoneCode, PhoneCodes};
pub use presented::{Checker, Presented};
pub use qr::{TooLong, qr_png, qr_svg};
pub use token::{BadgeFields, TOKEN_DIGITS, Token, VERSION};
pub use verifier::{NotKeys, PublicKey, Verdict, Verifier};
