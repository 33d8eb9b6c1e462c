//! Texts of policies with wildcards and variables: `arn:aws:sqs:*:*:offers-${aws:PrincipalTag/agency}`.

use super::context::Context;

/// A text in which `*` stands for anything, `?` for one character and `${key}` for the value of that
/// key in the request's context.
///
/// The value of a variable is taken literally: a `*` in a tag is a star.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Anything,
    One,
    Variable(String),
}

/// A character to be matched, after variables have been filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Is(char),
    Anything,
    One,
}

impl Pattern {
    /// `Err` says which `${…}` is not closed or not emulated.
    pub(super) fn with_wildcards(text: &str) -> Result<Self, String> {
        Self::read(text, true)
    }

    /// A text in which `*` and `?` stand for themselves, but variables are filled in.
    pub(super) fn literal(text: &str) -> Result<Self, String> {
        Self::read(text, false)
    }

    fn read(text: &str, wildcards: bool) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("${") {
                let Some((key, after)) = after.split_once('}') else {
                    return Err(format!("`${{` is not closed in {text:?}"));
                };
                rest = after;
                // `${*}` and the like, and default values (`${key, 'text'}`).
                if !key.contains(':') || key.contains(',') {
                    return Err(format!("${{{key}}} is not emulated"));
                }
                push_literal(&mut pieces, &mut literal);
                pieces.push(Piece::Variable(key.to_ascii_lowercase()));
                continue;
            }
            rest = &rest[c.len_utf8()..];
            match c {
                '*' if wildcards => {
                    push_literal(&mut pieces, &mut literal);
                    pieces.push(Piece::Anything);
                }
                '?' if wildcards => {
                    push_literal(&mut pieces, &mut literal);
                    pieces.push(Piece::One);
                }
                _ => literal.push(c),
            }
        }
        push_literal(&mut pieces, &mut literal);
        Ok(Self(pieces))
    }

    /// Whether `value` fits. A variable that the request does not have fits nothing.
    pub(super) fn matches(&self, value: &str, context: &Context) -> bool {
        // Nearly every pattern of a role is a plain name.
        if let [Piece::Literal(literal)] = &self.0[..] {
            return literal == value;
        }
        self.tokens(context)
            .is_some_and(|tokens| glob(&tokens, value))
    }

    /// As [`Pattern::matches`], for ARNs: wildcards do not reach over the first five colons.
    pub(super) fn matches_arn(&self, value: &str, context: &Context) -> bool {
        let Some(tokens) = self.tokens(context) else {
            return false;
        };
        let parts: Vec<&[Token]> = tokens.splitn(6, |t| *t == Token::Is(':')).collect();
        let values: Vec<&str> = value.splitn(6, ':').collect();
        parts.len() == values.len() && parts.iter().zip(values).all(|(part, v)| glob(part, v))
    }

    fn tokens(&self, context: &Context) -> Option<Vec<Token>> {
        let mut tokens = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => tokens.extend(text.chars().map(Token::Is)),
                Piece::Variable(key) => tokens.extend(context.get(key)?.chars().map(Token::Is)),
                Piece::Anything => tokens.push(Token::Anything),
                Piece::One => tokens.push(Token::One),
            }
        }
        Some(tokens)
    }
}

fn push_literal(pieces: &mut Vec<Piece>, literal: &mut String) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal)));
    }
}

/// Wildcard matching with one point of return: linear but for the last `*`.
fn glob(tokens: &[Token], value: &str) -> bool {
    let value: Vec<char> = value.chars().collect();
    let (mut t, mut v) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while v < value.len() {
        match tokens.get(t) {
            Some(Token::Anything) => {
                retry = Some((t, v));
                t += 1;
            }
            Some(Token::One) => (t, v) = (t + 1, v + 1),
            Some(Token::Is(c)) if *c == value[v] => (t, v) = (t + 1, v + 1),
            _ => match retry {
                Some((star, from)) => {
                    retry = Some((star, from + 1));
                    (t, v) = (star + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    tokens[t..].iter().all(|token| *token == Token::Anything)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, value: &str) -> bool {
        let mut context = Context::default();
        context.insert("aws:PrincipalTag/agency", "agy*1");
        Pattern::with_wildcards(pattern)
            .unwrap()
            .matches(value, &context)
    }

    #[test]
    fn wildcards_and_variables() {
        for (pattern, value, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*-b-*", "a-b-b-c", true),
            ("offers-${aws:PrincipalTag/agency}", "offers-agy*1", true),
            (
                "offers-${aws:PrincipalTag/agency}",
                "offers-agy-of-others-1",
                false,
            ),
            ("offers-${aws:PrincipalTag/missing}", "offers-", false),
        ] {
            assert_eq!(fits(pattern, value), expected, "{pattern} on {value}");
        }
    }

    #[test]
    fn wildcards_of_arns_stay_within_their_part() {
        let context = Context::default();
        let pattern = Pattern::with_wildcards("arn:aws:sqs:*:1:a*").unwrap();
        assert!(pattern.matches_arn("arn:aws:sqs:cn-north-1:1:ab:c", &context));
        assert!(!pattern.matches_arn("arn:aws:sqs:cn:2:1:ab", &context));
    }
}
