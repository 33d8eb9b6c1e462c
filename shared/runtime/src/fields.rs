//! A request's body read field by field, so that all faults are named and not just the first.
//!
//! ```ignore
//! let visit = body.read(|fields| {
//!     let service = fields.parsed("service");
//!     let minutes = fields.integer("duration_min", 30..=720);
//!     let contact = fields.object("contact", |contact| {
//!         let name = contact.string("name", 1..=60);
//!         let phone = contact.parsed("phone");
//!         Some(Contact { name: name?, phone: phone? })
//!     });
//!     let notes = fields.optional_string("notes", 0..=500);
//!     Some(Visit { service: service?, minutes: minutes?, contact: contact?, notes })
//! })?;
//! ```
//!
//! Ask for all fields first and use `?` only then, so that each fault is found. Fields that nobody asked for are
//! faults too, in nested objects as well.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde_json::{Map, Value};

use domain::availability::{ClockTime, MOST_SPANS, Span};
use domain::catalogue::{NotATag, Tag, TagFault};
use domain::geo::{Datum, Location, Wgs84};
use domain::service::{NotAService, Service, ServiceSet};
use domain::text::{TextFault, clean, line, person_name};
use domain::time::Millis;

use crate::{Fault, Problem};

/// What serde says of a word that an enum does not have, for clients.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NotOneOf(String);

impl serde::de::Error for NotOneOf {
    fn custom<T: Display>(_: T) -> Self {
        Self("is not valid".to_owned())
    }

    fn unknown_variant(_: &str, words: &'static [&'static str]) -> Self {
        Self(format!("must be one of {}", words.join(", ")))
    }
}

/// The fields of one JSON object, and the faults found so far.
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    pointer: String,
    asked: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl<'a> Fields<'a> {
    /// Reads a whole body; 422 `invalid` with all faults. `read` may return `None` only after a fault.
    pub fn read<T>(
        value: &'a Value,
        read: impl FnOnce(&mut Fields<'a>) -> Option<T>,
    ) -> Result<T, Problem> {
        let mut faults = Vec::new();
        let result = read_object(value, String::new(), &mut faults, read);
        match result {
            Some(result) if faults.is_empty() => Ok(result),
            None if faults.is_empty() => Err(Problem::internal()),
            _ => Err(Problem::invalid(faults)),
        }
    }

    /// Text on one [`line()`] whose length in characters is in this range. If that does not contain 0, blank text is a fault.
    pub fn string(&mut self, name: &'static str, length: RangeInclusive<usize>) -> Option<String> {
        let value = self.required(name)?;
        self.checked_string(name, value, length, line)
    }

    /// As [`Self::string`], where missing, `null` or blank is `None`.
    pub fn optional_string(
        &mut self,
        name: &'static str,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        let value = self.given(name)?;
        self.checked_string(name, value, length, line)
    }

    /// As [`Self::optional_string`], with line breaks as they are.
    pub fn optional_text(
        &mut self,
        name: &'static str,
        length: RangeInclusive<usize>,
    ) -> Option<String> {
        let value = self.given(name)?;
        self.checked_string(name, value, length, clean)
    }

    /// As [`Self::string`], with line breaks as they are.
    pub fn text(&mut self, name: &'static str, length: RangeInclusive<usize>) -> Option<String> {
        let value = self.required(name)?;
        self.checked_string(name, value, length, clean)
    }

    /// A [`person_name`] of at most so many characters.
    pub fn person_name(&mut self, name: &'static str, most: usize) -> Option<String> {
        let value = self.required(name)?;
        self.checked_string(name, value, 1..=most, person_name)
    }

    /// As [`Self::person_name`], where missing, `null` or blank is `None`.
    pub fn optional_person_name(&mut self, name: &'static str, most: usize) -> Option<String> {
        let value = self.given(name)?;
        self.checked_string(name, value, 1..=most, person_name)
    }

    /// A whole number within `range`, which may be written as `120.0`.
    pub fn integer(&mut self, name: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.required(name)?;
        self.checked_integer(name, value, range)
    }

    /// As [`Self::integer`], where missing, `null` or blank is `None`.
    pub fn optional_integer(
        &mut self,
        name: &'static str,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let value = self.given(name)?;
        self.checked_integer(name, value, range)
    }

    /// JSON has no infinite or undefined numbers, so it is finite.
    pub fn number(&mut self, name: &'static str) -> Option<f64> {
        let value = self.required(name)?;
        let number = value.as_f64().filter(|number| number.is_finite());
        if number.is_none() {
            self.refuse(name, "must be a number");
        }
        number
    }

    /// Text that parses into a `T`; its error says what is wrong.
    pub fn parsed<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<T> {
        let value = self.required(name)?;
        self.read_text(name, value, T::from_str)
    }

    /// As [`Self::parsed`], where missing, `null` or blank is `None`.
    pub fn optional_parsed<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<T> {
        let value = self.given(name)?;
        self.read_text(name, value, T::from_str)
    }

    /// One of the words that an enum has for its values.
    pub fn one_of<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let value = self.required(name)?;
        self.read_text(name, value, |text| {
            let text: StrDeserializer<'_, NotOneOf> = text.into_deserializer();
            T::deserialize(text)
        })
    }

    fn read_text<T, E: Display>(
        &mut self,
        name: &'static str,
        value: &Value,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let read = match value.as_str() {
            Some(text) => read(text).map_err(|error| error.to_string()),
            None => Err("must be a string".to_owned()),
        };
        read.map_err(|detail| self.refuse(name, detail)).ok()
    }

    /// `true` or `false`, where missing or `null` is `None`.
    pub fn optional_flag(&mut self, name: &'static str) -> Option<bool> {
        let value = self.given(name)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.refuse(name, "must be true or false");
        }
        flag
    }

    /// RFC 3339 with offset.
    pub fn time(&mut self, name: &'static str) -> Option<Millis> {
        let value = self.required(name)?;
        let moment = value
            .as_str()
            .and_then(|text| Millis::parse_rfc3339(text).ok());
        if moment.is_none() {
            self.refuse(
                name,
                "must be a time in RFC 3339 with offset, such as 2026-01-31T09:00:00+08:00",
            );
        }
        moment
    }

    /// A place, converted to WGS-84: `{"lat", "lon", "datum"}`, none of which has a default.
    pub fn location(&mut self, name: &'static str) -> Option<Wgs84> {
        self.object(name, |place| {
            let lat = place.number("lat");
            let lon = place.number("lon");
            let datum = place.one_of::<Datum>("datum");
            // Tried even if a part is missing, so that faults in the others are named too.
            let point = Location {
                lat: lat.unwrap_or_default(),
                lon: lon.unwrap_or_default(),
                datum: datum.unwrap_or(Datum::Wgs84),
            }
            .to_wgs84();
            for fault in point.as_ref().err().into_iter().flatten() {
                place.refuse(fault.field(), fault.to_string());
            }
            let is_whole = lat.is_some() && lon.is_some() && datum.is_some();
            point.ok().filter(|_| is_whole)
        })
    }

    /// An object, read by `read`.
    pub fn object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields<'a>) -> Option<T>,
    ) -> Option<T> {
        let value = self.required(name)?;
        read_object(value, self.at(name), &mut self.faults, read)
    }

    /// As [`Self::object`], where missing, `null` or blank is `None`.
    pub fn optional_object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields<'a>) -> Option<T>,
    ) -> Option<T> {
        let value = self.given(name)?;
        read_object(value, self.at(name), &mut self.faults, read)
    }

    /// A list with this many objects, each read by `read`.
    pub fn objects<T>(
        &mut self,
        name: &'static str,
        count: RangeInclusive<usize>,
        mut read: impl FnMut(&mut Fields<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let list = self.checked_list(name, count)?;
        let pointer = self.at(name);
        let mut results = Vec::with_capacity(list.len());
        for (index, value) in list.iter().enumerate() {
            // Every element is read, so that each can name its faults.
            results.push(read_object(
                value,
                format!("{pointer}/{index}"),
                &mut self.faults,
                &mut read,
            ));
        }
        results.into_iter().collect()
    }

    /// A list with this many values, each read by `read`, whose error says what is wrong.
    pub fn list<T, E: Display>(
        &mut self,
        name: &'static str,
        count: RangeInclusive<usize>,
        mut read: impl FnMut(&'a Value) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let list = self.checked_list(name, count)?;
        let pointer = self.at(name);
        let mut results = Vec::with_capacity(list.len());
        for (index, value) in list.iter().enumerate() {
            match read(value) {
                Ok(result) => results.push(result),
                Err(error) => self.faults.push(Fault {
                    pointer: format!("{pointer}/{index}"),
                    detail: error.to_string(),
                }),
            }
        }
        (results.len() == list.len()).then_some(results)
    }

    /// A list with this many strings, each of which parses into a `T`.
    pub fn parsed_list<T: FromStr<Err: Display>>(
        &mut self,
        name: &'static str,
        count: RangeInclusive<usize>,
    ) -> Option<Vec<T>> {
        self.list(name, count, |value| match value.as_str() {
            Some(text) => text.parse::<T>().map_err(|error| error.to_string()),
            None => Err("must be a string".to_owned()),
        })
    }

    /// A week's hours; none if they are missing.
    pub fn weekly_hours(&mut self, name: &'static str) -> Option<Vec<Span>> {
        if self.given(name).is_none() {
            return Some(Vec::new());
        }
        self.objects(name, 0..=MOST_SPANS, |span| {
            let day = span.one_of("day");
            let from = span.parsed("from");
            let until = span.parsed("until");
            if from.is_some_and(ClockTime::is_end_of_day) {
                span.refuse("from", "must be before 24:00");
            }
            let (day, from, until) = (day?, from?, until?);
            Some(Span { day, from, until })
        })
    }

    /// A list of services: at least one, none twice.
    pub fn services(&mut self, name: &'static str) -> Option<ServiceSet> {
        self.services_among(name, ServiceSet::all())
    }

    /// As [`Self::services`], of those that an agency was approved for.
    pub fn services_among(
        &mut self,
        name: &'static str,
        approved: ServiceSet,
    ) -> Option<ServiceSet> {
        let read = |value: &Value| {
            let text = value.as_str().ok_or("must be a string")?;
            let service: Service = text
                .parse()
                .map_err(|fault: NotAService| fault.to_string())?;
            if approved.contains(service) {
                Ok(service)
            } else {
                Err(format!("{service} is no approved service of this agency"))
            }
        };
        // Twice the number there are, so that an element that is wrong is named rather than their count.
        let named = self.list(name, 1..=2 * Service::ALL.len(), read)?;
        let set: ServiceSet = named.iter().copied().collect();
        if set.len() as usize != named.len() {
            self.refuse(name, "must not name a service twice");
            return None;
        }
        Some(set)
    }

    /// A list of at most this many tags, none twice, each of which passes; empty if it is missing.
    pub fn tags(
        &mut self,
        name: &'static str,
        most: usize,
        passes: impl Fn(&Tag) -> Result<(), TagFault>,
    ) -> Option<BTreeSet<Tag>> {
        if self.given(name).is_none() {
            return Some(BTreeSet::new());
        }
        let read = |value: &Value| {
            let text = value.as_str().ok_or("must be a string")?;
            let tag: Tag = text.parse().map_err(|fault: NotATag| fault.to_string())?;
            passes(&tag).map_err(|fault| fault.to_string())?;
            Ok::<_, String>(tag)
        };
        let named = self.list(name, 0..=most, read)?;
        let count = named.len();
        let tags: BTreeSet<Tag> = named.into_iter().collect();
        if tags.len() != count {
            self.refuse(name, "must not name a tag twice");
            return None;
        }
        Some(tags)
    }

    /// The value of an optional field, unless it is missing, `null`, or the blank text that forms send for nothing.
    pub fn given(&mut self, name: &'static str) -> Option<&'a Value> {
        let is_blank = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
        self.value(name).filter(|value| !is_blank(value))
    }

    fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.asked.push(name);
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// The field's value; a fault if it is missing or `null`.
    pub fn required(&mut self, name: &'static str) -> Option<&'a Value> {
        let value = self.value(name);
        if value.is_none() {
            self.refuse(name, "is required");
        }
        value
    }

    /// Notes a fault in this field.
    pub fn refuse(&mut self, name: &str, detail: impl Into<String>) {
        let pointer = self.at(name);
        self.faults.push(Fault {
            pointer,
            detail: detail.into(),
        });
    }

    /// Notes a fault if none of these fields is there: a change must change something.
    pub fn require_one_of(&mut self, names: &[&'static str]) {
        if !names.iter().any(|name| self.given(name).is_some()) {
            self.refuse_all(format!("must have at least one of {}", names.join(", ")));
        }
    }

    /// Notes a fault in this object as a whole.
    pub fn refuse_all(&mut self, detail: impl Into<String>) {
        let pointer = self.pointer.clone();
        self.faults.push(Fault {
            pointer,
            detail: detail.into(),
        });
    }

    /// A whole number, which JSON Schema takes in the form `120.0` too. Beyond 2^53 a double stands for several numbers.
    pub fn whole(value: &Value) -> Option<i64> {
        let of_double = |number: f64| {
            let is_whole = number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0;
            is_whole.then_some(number as i64)
        };
        value.as_i64().or_else(|| of_double(value.as_f64()?))
    }

    fn at(&self, name: &str) -> String {
        // RFC 6901: only these two need escaping.
        format!(
            "{}/{}",
            self.pointer,
            name.replace('~', "~0").replace('/', "~1")
        )
    }

    fn checked_string(
        &mut self,
        name: &'static str,
        value: &Value,
        length: RangeInclusive<usize>,
        cleaned: impl Fn(&str) -> Result<String, TextFault>,
    ) -> Option<String> {
        let Some(text) = value.as_str() else {
            self.refuse(name, "must be a string");
            return None;
        };
        let is_blank = text.trim().is_empty();
        match cleaned(text) {
            Ok(text) if length.contains(&text.chars().count()) => return Some(text),
            Err(fault) if !is_blank => self.refuse(name, fault.to_string()),
            _ => {
                let (least, most) = (length.start(), length.end());
                self.refuse(name, format!("must have {least} to {most} characters"));
            }
        }
        None
    }

    fn checked_integer(
        &mut self,
        name: &'static str,
        value: &Value,
        range: RangeInclusive<i64>,
    ) -> Option<i64> {
        let number = Self::whole(value);
        let within = number.filter(|number| range.contains(number));
        if within.is_none() {
            let (least, most) = (range.start(), range.end());
            let is_whole = number.is_some() || value.is_u64();
            self.refuse(
                name,
                if is_whole {
                    format!("must be within {least} and {most}")
                } else {
                    format!("must be a whole number within {least} and {most}")
                },
            );
        }
        within
    }

    fn checked_list(
        &mut self,
        name: &'static str,
        count: RangeInclusive<usize>,
    ) -> Option<&'a [Value]> {
        let value = self.required(name)?;
        let Some(list) = value.as_array() else {
            self.refuse(name, "must be a list");
            return None;
        };
        if !count.contains(&list.len()) {
            let (least, most) = (count.start(), count.end());
            self.refuse(name, format!("must have {least} to {most} elements"));
            return None;
        }
        Some(list)
    }
}

fn read_object<'a, T>(
    value: &'a Value,
    pointer: String,
    faults: &mut Vec<Fault>,
    read: impl FnOnce(&mut Fields<'a>) -> Option<T>,
) -> Option<T> {
    let Some(object) = value.as_object() else {
        faults.push(Fault {
            pointer,
            detail: "must be an object".to_owned(),
        });
        return None;
    };
    let mut fields = Fields {
        object,
        pointer,
        asked: Vec::new(),
        faults: Vec::new(),
    };
    let result = read(&mut fields);
    for name in object.keys() {
        if !fields.asked.contains(&name.as_str()) {
            fields.refuse(name, "is not a known field");
        }
    }
    faults.append(&mut fields.faults);
    result
}

#[cfg(test)]
mod tests;
