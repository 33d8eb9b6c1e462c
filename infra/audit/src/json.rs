//! JSON that can serve as evidence: no object has a member twice, because two readers could then read two things.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::report::Unusable;

/// All values in a text: one document, or JSON Lines.
///
/// # Errors
/// The text is not JSON, or an object in it has a member twice.
pub fn values(place: &str, text: &str) -> Result<Vec<Value>, Unusable> {
    let mut values = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let mut reader = serde_json::Deserializer::from_str(rest).into_iter::<Strict>();
        match reader.next() {
            Some(Ok(Strict(value))) => values.push(value),
            Some(Err(error)) => {
                let line = 1 + text.len().checked_sub(rest.len()).map_or(0, |read| {
                    text.get(..read).unwrap_or_default().matches('\n').count()
                });
                let line = line + error.line().saturating_sub(1);
                return Err(Unusable::new(
                    place,
                    format!("it is not JSON at line {line}: {error}"),
                ));
            }
            None => break,
        }
        rest = rest
            .get(reader.byte_offset()..)
            .unwrap_or_default()
            .trim_start();
    }
    Ok(values)
}

/// The only value in a text.
///
/// # Errors
/// As [`values`], or there is none or more than one.
pub fn one(place: &str, text: &str) -> Result<Value, Unusable> {
    let mut values = values(place, text)?;
    match (values.pop(), values.is_empty()) {
        (Some(value), true) => Ok(value),
        _ => Err(Unusable::new(place, "it is not one JSON document")),
    }
}

struct Strict(Value);

impl<'de> serde::Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Seed.deserialize(deserializer).map(Self)
    }
}

struct Seed;

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number that is none"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Seed)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = object.next_key::<String>()? {
            let value = object.next_value_seed(Seed)?;
            if members.contains_key(&name) {
                return Err(A::Error::custom(format!("`{name}` is there twice")));
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_and_lines_are_read() {
        assert_eq!(
            values("f", " {\"a\": [1, null]} ").unwrap(),
            [json!({"a": [1, null]})]
        );
        assert_eq!(values("f", "1\n\"b\"\n-2.5\ntrue\n").unwrap().len(), 4);
        assert_eq!(values("f", "").unwrap(), [] as [Value; 0]);
        assert!(one("f", "1 2").is_err());
        assert_eq!(one("f", "[]").unwrap(), json!([]));
    }

    #[test]
    fn what_is_no_json_is_told_with_its_line() {
        let error = values("f", "{}\n{}\n{\"a\":").unwrap_err();
        assert!(error.why.contains("line 3"), "{error}");
    }

    #[test]
    fn a_member_named_twice_is_refused() {
        let error = values("f", "{\"x\": {\"seq\": 1, \"seq\": 2}}").unwrap_err();
        assert!(error.why.contains("`seq` is there twice"), "{error}");
    }
}
