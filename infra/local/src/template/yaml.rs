//! Reads CloudFormation's YAML, in which a tag such as `!Ref` calls an intrinsic function.

use saphyr::{LoadableYamlNode, ScalarOwned, YamlOwned};
use serde_json::Value;

use super::TemplateError;

/// A value of the template whose intrinsic functions are not resolved yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Null, a boolean, a number or a string.
    Scalar(Value),
    List(Vec<Node>),
    /// In the order of the file.
    Map(Vec<(String, Node)>),
    /// `!Name argument`, or `Ref`/`Fn::Name` as the only key of a map.
    Call(String, Box<Node>),
}

impl Node {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match self {
            Self::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    pub(crate) fn entries(&self, path: &str) -> Result<&[(String, Node)], TemplateError> {
        match self {
            Self::Map(entries) => Ok(entries),
            _ => Err(TemplateError::new(path, "not a map")),
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(value) => value.as_str(),
            _ => None,
        }
    }
}

pub(crate) fn read(source: &str) -> Result<Node, TemplateError> {
    let documents = YamlOwned::load_from_str(source)
        .map_err(|error| TemplateError::new("template", format!("not readable: {error}")))?;
    match documents.as_slice() {
        [document] => node(document, "template"),
        _ => Err(TemplateError::new(
            "template",
            "there must be exactly one document",
        )),
    }
}

fn node(yaml: &YamlOwned, path: &str) -> Result<Node, TemplateError> {
    Ok(match yaml {
        YamlOwned::Value(scalar) => Node::Scalar(match scalar {
            ScalarOwned::Null => Value::Null,
            ScalarOwned::Boolean(value) => Value::from(*value),
            ScalarOwned::Integer(value) => Value::from(*value),
            ScalarOwned::FloatingPoint(value) => Value::from(value.into_inner()),
            ScalarOwned::String(value) => Value::from(value.as_str()),
        }),
        YamlOwned::Sequence(items) => Node::List(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| node(item, &format!("{path}[{index}]")))
                .collect::<Result<_, _>>()?,
        ),
        YamlOwned::Mapping(map) => {
            let mut entries = Vec::with_capacity(map.len());
            for (key, value) in map {
                let YamlOwned::Value(ScalarOwned::String(key)) = key else {
                    return Err(TemplateError::new(path, "a key is not a string"));
                };
                entries.push((key.clone(), node(value, &format!("{path}.{key}"))?));
            }
            long_form(entries)
        }
        YamlOwned::Tagged(tag, inner) if tag.handle == "!" => {
            Node::Call(tag.suffix.clone(), Box::new(node(inner, path)?))
        }
        YamlOwned::Tagged(..)
        | YamlOwned::Alias(_)
        | YamlOwned::Representation(..)
        | YamlOwned::BadValue => {
            return Err(TemplateError::new(
                path,
                "this kind of YAML is not used in templates",
            ));
        }
    })
}

/// A map such as `{"Fn::Sub": x}` is the call `!Sub x`.
fn long_form(mut entries: Vec<(String, Node)>) -> Node {
    if let [(key, _)] = entries.as_slice() {
        let name = match key.as_str() {
            "Ref" => Some("Ref"),
            "Condition" => None,
            other => other.strip_prefix("Fn::"),
        }
        .map(str::to_owned);
        if let Some(name) = name
            && let Some((_, argument)) = entries.pop()
        {
            return Node::Call(name, Box::new(argument));
        }
    }
    Node::Map(entries)
}
