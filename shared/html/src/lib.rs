//! What every document for people has around its own content.
//!
//! - [`Shell`]: from the doctype to the end of the body, with the headers it is sent with.
//! - [`headers`]: what browsers may do with an answer, and keep of it.
//! - [`language`]: Chinese and English, and words in both.
//! - [`svg`]: text and policy of SVG files.
//!
//! Content is written with `maud`, which escapes all text and all attributes by itself. Headers are pairs of name and
//! value, so that what only draws need not link HTTP.

pub mod headers;
pub mod language;
mod shell;
pub mod svg;

pub use language::{Bilingual, Language, bilingual};
pub use shell::Shell;
